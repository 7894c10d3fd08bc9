"""Forms of the admin that undo unknowingly nothing that another admin did meanwhile."""

from typing import Any

from django import forms

from accounts.admin.base import ModelForm
from accounts.audit import Values
from accounts.seen import fingerprint
from accounts.web.seen import SeenForm

MAX_SHOWN = 500
"""Of what a field says by now, so many characters."""


class SeenByAdmins(ModelForm, SeenForm):
    """Takes along the fingerprint of the row that it showed, as the forms of the pages do.

    The field ``seen`` has to be among those that the page shows.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["seen"] = fingerprint(self.state(self.instance))

    def state(self, row: Any) -> Values:
        """What of the row the service compares."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """A ValidationError that says what it says by now; sent once more, it is written over.

        Whatever changes after this look the service refuses.
        """
        said = super().clean() or self.cleaned_data
        if said.get("seen", "") in {"", self.initial.get("seen", "")}:
            return said
        self.see(type(self)(instance=self.instance))
        now = "; ".join(f"{label}: {text[:MAX_SHOWN] or '-'}" for label, text in self.now)
        raise forms.ValidationError(
            f"It was changed by somebody else meanwhile. By now it says: {now or 'the same'}. "
            "Saving once more puts yours in its place."
        )
