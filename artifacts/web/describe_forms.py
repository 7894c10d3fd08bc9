"""The forms that say something anew of a version: description, tags, metadata."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext, gettext_lazy

from accounts.web.language import translated
from artifacts.descriptions import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_METADATA_BYTES,
    MAX_TAGS,
    check_metadata,
    check_tags,
    read_json,
)
from artifacts.models import Version


class DescribeForm(forms.Form):
    """One thing that is said of a version. ``field`` is its name, there and in the form.

    ``seen_at`` goes along with the form, and says over what it was written.
    """

    field: ClassVar = ""

    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def about(cls, version: Version) -> "DescribeForm":
        """The form with what is said now."""
        text = cls.text_of(getattr(version, cls.field))
        seen_at = version.updated_at.isoformat()
        return cls(initial={cls.field: text, "seen_at": seen_at})

    @staticmethod
    def text_of(value: Any) -> str:
        """``value`` as people edit it."""
        return str(value)

    def clean_seen_at(self) -> datetime:
        """The time; without one, it would be written over what nobody has looked at."""
        try:
            return datetime.fromisoformat(self.cleaned_data["seen_at"])
        except ValueError:
            raise forms.ValidationError(
                gettext("The form does not say over what it was written. Open it once more.")
            ) from None

    @property
    def changes(self) -> dict[str, Any]:
        """What ``describe_version`` takes."""
        return {self.field: self.cleaned_data[self.field]}

    @property
    def box(self) -> forms.BoundField:
        """The field that people fill in."""
        return self[self.field]


class TextField(forms.CharField):
    """Text of several lines: browsers send the line ends of another age, which count once here."""

    def to_python(self, value: Any) -> str:
        """As it was typed."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class DescriptionForm(DescribeForm):
    """Markdown."""

    field = "description"

    description = TextField(
        label=gettext_lazy("Description"),
        help_text=gettext_lazy("Markdown: # headings, **bold**, lists, tables, `code`, links."),
        required=False,
        strip=False,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 14}),
    )


class TagsForm(DescribeForm):
    """One tag a line: any text may be a tag, commas and spaces too."""

    field = "tags"

    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        help_text=gettext_lazy("One on each line."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    @staticmethod
    def text_of(value: Any) -> str:
        """A line each; a line break that a program has put into one becomes a space."""
        return "\n".join(" ".join(tag.splitlines()) for tag in value)

    def clean_tags(self) -> list[str]:
        """Each once, in the order given."""
        lines = (line.strip() for line in self.cleaned_data["tags"].splitlines())
        try:
            return check_tags([line for line in lines if line])
        except ValueError as error:
            raise forms.ValidationError(
                gettext("Up to %(max)s tags: %(error)s."),
                params={"max": MAX_TAGS, "error": translated(str(error))},
            ) from None


MAX_METADATA_CHARACTERS = 4 * MAX_METADATA_BYTES
"""Of a form, where it is indented; ``DATA_UPLOAD_MAX_MEMORY_SIZE`` has room for it."""


class MetadataForm(DescribeForm):
    """A JSON object."""

    field = "metadata"

    metadata = forms.CharField(
        label=gettext_lazy("Metadata"),
        help_text=gettext_lazy("A JSON object."),
        required=False,
        max_length=MAX_METADATA_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 20, "class": "mono", "spellcheck": "false"}),
    )

    @staticmethod
    def text_of(value: Any) -> str:
        """Indented, a key a line; on one line where indents would make it too long to be sent."""
        text = json.dumps(value, ensure_ascii=False, indent=2)
        sent = len(text) + text.count("\n")  # browsers send a line end as two characters
        return text if sent <= MAX_METADATA_CHARACTERS else json.dumps(value, ensure_ascii=False)

    def clean_metadata(self) -> dict[str, Any]:
        """The object; the error says where it goes wrong."""
        value = _read_json(self.cleaned_data["metadata"] or "{}")
        try:
            return check_metadata(value)
        except ValueError as error:
            raise forms.ValidationError(
                gettext("This cannot be metadata: it %(error)s."),
                params={"error": translated(str(error))},
            ) from None


def _read_json(text: str) -> Any:
    try:
        return read_json(text)
    except json.JSONDecodeError as error:
        raise forms.ValidationError(
            gettext("This is not JSON: line %(line)s, column %(column)s: %(error)s."),
            params={"line": error.lineno, "column": error.colno, "error": gettext(error.msg)},
        ) from None
    except ValueError as error:
        raise forms.ValidationError(
            gettext("This is no JSON object: %(why)s"), params={"why": translated(str(error))}
        ) from None


FORMS: Mapping[str, type[DescribeForm]] = {
    form.field: form for form in (DescriptionForm, TagsForm, MetadataForm)
}
