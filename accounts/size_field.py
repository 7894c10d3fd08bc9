"""The field of forms and of the admin for sizes as people write them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.sizes import exact_size, parse_size

MAX_BYTES = (1 << 63) - 1
"""What the column holds: a little less than 8192 PiB."""
MAX_CHARACTERS = 400


class SizeField(forms.Field):
    """Bytes as an integer; None where nothing is written."""

    widget = forms.TextInput(attrs={"size": 12, "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        """The bytes; a ValidationError says how sizes are written."""
        text = str(value or "").strip()
        if not text:
            return None
        size_bytes = _bytes_in(text) if len(text) <= MAX_CHARACTERS else None
        if size_bytes is None:
            raise ValidationError(_("Not a size: write 500 GiB, 1.5 TiB, or a number of bytes."))
        if size_bytes > MAX_BYTES:
            largest = exact_size((MAX_BYTES >> 50) << 50)
            raise ValidationError(_("Too large: at most %(size)s."), params={"size": largest})
        return size_bytes

    def prepare_value(self, value: Any) -> Any:
        """Bytes in the largest unit that says them exactly; what was typed stays as it was."""
        return exact_size(value) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it means another number."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def _bytes_in(text: str) -> int | None:
    try:
        return parse_size(text)
    except ValueError:
        return None
