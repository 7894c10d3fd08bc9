"""The list of artifacts by the project of their runs, of which artifacts know nothing.

So lineage owns the route of the list, as it owns the commit of a version: include these before
those of artifacts.
"""

from django import forms
from django.db.models import Exists, OuterRef
from django.urls import path
from django.utils.translation import gettext_lazy as _

from artifacts.models import Version
from artifacts.querysets import VersionQuerySet
from artifacts.web.forms import ArtifactSearch, Suggested
from artifacts.web.lists import ArtifactList
from artifacts.web.suggestions import Suggestions, most_used
from lineage.models import Run


class ArtifactSearchByProject(ArtifactSearch):
    """The filters, and the project."""

    field_order = ["q", "type", "team", "project"]

    project = forms.CharField(label=_("Project"), widget=Suggested("project"))


class ArtifactListByProject(ArtifactList):
    """``/artifacts``, with ``?project=``: a version of a run of this project."""

    form_class = ArtifactSearchByProject

    def find_versions(self) -> VersionQuerySet | None:
        """Those that runs of the project made, where one is asked for."""
        project = self.asked("project")
        if not project:
            return super().find_versions()
        runs = Run.objects.visible_to(self.caller).filter(project=project)
        made = Exists(runs.filter(pk=OuterRef("created_by_run")))
        return Version.objects.visible_to(self.caller).filter(made)


class ProjectSuggestions(Suggestions):
    """``/artifacts/suggestions/project``."""

    def find(self, field: str) -> list[str]:
        """The projects with most runs."""
        return most_used(Run.objects.visible_to(self.caller), field, self.written(field))


urlpatterns = [
    path("artifacts", ArtifactListByProject.as_view(), name="artifacts"),
    path(
        "artifacts/suggestions/project",
        ProjectSuggestions.as_view(),
        {"field": "project"},
        name="project_suggestions",
    ),
]
