"""Forms that know over what they were written: nobody undoes unknowingly what another did."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.template.defaultfilters import yesno


class SeenForm(forms.Form):
    """Takes along, hidden, the fingerprint of what it showed.

    ``now``: what each field that was filled in otherwise says by now; for ``parts/fields.html``.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    now: Sequence[tuple[str, str]] = ()

    def see(self, current: "SeenForm") -> None:
        """Tell what ``current`` says, over which it is written when it is sent once more."""
        self.data = {**dict(self.data.items()), "seen": current["seen"].value()}
        pairs = [(self[field.name], field) for field in current.visible_fields()]
        self.now = [
            (str(field.label), text_of(field))
            for typed, field in pairs
            if text_of(typed) != text_of(field)
        ]


def text_of(field: Any) -> str:
    """The value of a field (bound) as people read it."""
    value = field.value()
    if isinstance(field.field, forms.BooleanField):
        return str(yesno(bool(value)))
    names = {str(key): str(name) for key, name in getattr(field.field, "choices", ())}
    text = "" if value is None else str(value).replace("\r\n", "\n")
    return names.get(text, text)
