"""The pages of one artifact, and of one version of it: found or 404, before anything else."""

from functools import cached_property
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.web.pages import Page
from artifacts.errors import ContentDeleted
from artifacts.models import Artifact, Version
from artifacts.names import is_version_like
from artifacts.services.aliases import resolve_alias
from artifacts.web.finding import find_artifact, find_version
from artifacts.web.heads import head_of


class ArtifactPage(Page):
    """A page below ``/artifacts/{type}/{name}``, or below a team's."""

    extra_context = {"place": "artifacts"}

    @cached_property
    def artifact(self) -> Artifact:
        """The artifact that the path names. Raises ArtifactNotFound (404)."""
        place = {key: self.kwargs.get(key) for key in ("type_", "name", "team")}
        return find_artifact(asked_by=self.caller, **place)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The artifact besides."""
        return super().get_context_data(artifact=self.artifact, **kwargs)


class VersionPage(ArtifactPage):
    """A page below ``/artifacts/{type}/{name}/v{N}``; ``tab`` names the one that is open.

    An alias in the place of ``v3`` leads on to the same page of its version.
    """

    tab = ""
    without: ClassVar[tuple[str, ...]] = ("metadata", "description")
    """What may be a megabyte, and is not on the page."""

    @cached_property
    def version(self) -> Version:
        """The version that the path names, if it is not purged. Raises VersionNotFound (404)."""
        return find_version(self.artifact, self.kwargs["version"], without=self.without)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the way to it. Raises AliasNotFound (404)."""
        text = kwargs["version"].replace("\0", "")
        if is_version_like(text):
            return super().get(request, *args, **kwargs)
        return redirect(self._path_of(resolve_alias(artifact=self.artifact, name=text)))

    def _path_of(self, version: Version) -> str:
        """This page of ``version``, with the query."""
        match = self.request.resolver_match
        place = {**self.kwargs, "version": f"v{version.number}"}
        path = reverse(match.view_name if match else "version", kwargs=place)
        query = self.request.META["QUERY_STRING"]
        return f"{path}?{query}" if query else path

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The version besides, and what stands above all its tabs, where the whole is asked for."""
        head = None if self.is_fragment and self.fragment_name else self.version_head
        return super().get_context_data(version=self.version, tab=self.tab, head=head, **kwargs)

    @cached_property
    def version_head(self) -> Any:
        """What stands above all tabs."""
        return head_of(self.version, self.caller)


class ContentPage(VersionPage):
    """A page of a version that shows its content; of a deleted one it says so, as the API does."""

    tab = "files"
    gone_template = "artifacts/version_gone.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; 410 where the version is deleted."""
        if not is_version_like(kwargs["version"]) or self.version.deleted_at is None:
            return super().get(request, *args, **kwargs)
        context = {**VersionPage.get_context_data(self), "head": self.version_head}
        return render(request, self.gone_template, context, status=ContentDeleted.status)
