"""What the forms of the pages ask for."""

from typing import ClassVar

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from artifacts.names import TYPES

ANY = ("", _("any"))


class Suggested(forms.TextInput):
    """A text for which htmx fetches what there is, as soon as somebody is about to write it."""

    def __init__(self, field: str) -> None:
        super().__init__(attrs={"size": 10, "autocomplete": "off"})
        self.field = field

    def get_context(self, name: str, value: object, attrs: dict[str, object] | None) -> dict:  # type: ignore[type-arg] # as Django has it
        """With where the values come from; the form's own push of the URL is not for these."""
        fetch = {
            "list": f"options-{self.field}",
            "hx-get": reverse("suggestions", kwargs={"field": self.field}),
            "hx-trigger": "focus once, input changed delay:250ms",
            "hx-target": f"#options-{self.field}",
            "hx-push-url": "false",
        }
        return super().get_context(name, value, {**(attrs or {}), **fetch})


class ArtifactSearch(forms.Form):
    """The filters of the list of artifacts; the names are those of the API."""

    shown_always: ClassVar = ("q", "type")
    use_required_attribute = False

    q = forms.CharField(
        label=_("Search"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Search by name"), "autocomplete": "off"}
        ),
    )
    type = forms.ChoiceField(label=_("Type"), choices=[ANY, *((name, name) for name in TYPES)])
    team = forms.CharField(label=_("Owner"), widget=Suggested("team"))
    tag = forms.CharField(label=_("Tag"), widget=Suggested("tag"))
    alias = forms.CharField(label=_("Alias"), widget=Suggested("alias"))
    user = forms.CharField(label=_("User"), widget=Suggested("user"))
    updated_after = forms.CharField(
        label=_("Changed since"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(initial=query.dict(), auto_id="filter-%s")

    def folded(self) -> list[forms.BoundField]:
        """The fields that narrow windows fold away."""
        return [field for field in self if field.name not in self.shown_always]
