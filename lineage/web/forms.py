"""What the forms of the pages ask for."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from artifacts.web.forms import ANY

STATUSES = [ANY, ("running", _("running")), ("finished", _("finished")), ("failed", _("failed"))]


class RunSearch(forms.Form):
    """The filters of the list of runs; the names are those of the API."""

    q = forms.CharField(
        label=_("Search"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, id or project"), "autocomplete": "off"}
        ),
    )
    project = forms.CharField(
        label=_("Project"),
        widget=forms.TextInput(attrs={"size": 16, "list": "projects", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=STATUSES)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(initial=query.dict(), auto_id="filter-%s")
