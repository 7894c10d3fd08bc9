"""What the upload page asks for, by the rules that the commit will hold it against."""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller
from accounts.names import EVERYONE
from accounts.web.language import translated
from artifacts.descriptions import MAX_DESCRIPTION_CHARACTERS, check_metadata, check_tags, read_json
from artifacts.errors import AccessDenied, CommentNeeded
from artifacts.models import Artifact
from artifacts.names import (
    MAX_NAME_CHARACTERS,
    TYPES,
    check_alias,
    check_comment,
    check_name,
    is_plain_text,
)
from artifacts.services.protection import require_to_move
from artifacts.services.teams import find_team, owners_open_to

MAX_PROJECT_CHARACTERS = 255
MAX_ALIASES = 100
PROJECT = "manual"
_ALIAS_GAP = re.compile(r"[\s,;\uff0c\u3001]+")  # Chinese has commas of its own
_TAG_GAP = re.compile(r"[,;\uff0c\u3001\n]")

Given = TypeVar("Given")
Kept = TypeVar("Kept")


class UploadForm(forms.Form):
    """A version to log; ``uploaded_by`` decides which teams there are to choose from."""

    type = forms.ChoiceField(label=_("Type"), choices=[(name, name) for name in TYPES])
    team = forms.ChoiceField(label=_("Owner"))
    name = forms.CharField(
        label=_("Name"),
        help_text=_("A new one, or that of an artifact that gets a further version."),
        strip=True,
        widget=forms.TextInput(
            attrs={"list": "names", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    aliases = forms.CharField(
        label=_("Aliases"),
        required=False,
        help_text=_("Such as “staging”, separated by commas; they move to this version."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        help_text=_("Why the aliases move; kept in their history."),
    )
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        help_text=_("Separated by commas."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        strip=False,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        help_text=_("Markdown."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    metadata = forms.CharField(
        label=_("Metadata"),
        required=False,
        help_text=_("A JSON object."),
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "placeholder": '{"accuracy": 0.93}'}
        ),
    )
    project = forms.CharField(
        label=_("Project"),
        required=False,
        initial=PROJECT,
        help_text=_("Of the run that this upload is logged as."),
    )

    artifact: Artifact
    """Once the form is valid: what gets the version. Not saved where it is new."""

    def __init__(self, *args: Any, uploaded_by: Caller, **options: Any) -> None:
        super().__init__(*args, **options)
        self._uploaded_by = uploaded_by
        owners = owners_open_to(uploaded_by)
        shown = [(name, gettext("everyone") if name == EVERYONE else name) for name in owners]
        self.fields["team"].choices = shown  # type: ignore[attr-defined] # it is a ChoiceField
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"id_{name}_help id_{name}_error"

    def clean_name(self) -> str:
        """By the rules for names."""
        refusal = gettext(
            'A name has 1 to %(most)d characters, none of / \\ : * ? " < > |, and neither a dot '
            "nor a space at its ends; “stats” is taken."
        ) % {"most": MAX_NAME_CHARACTERS}
        return _by_rule(check_name, self.cleaned_data["name"], refusal)

    def clean_aliases(self) -> list[str]:
        """Each by the rules; ``latest`` comes by itself."""
        words = [word for word in _ALIAS_GAP.split(self.cleaned_data["aliases"]) if word]
        found = [_alias(word) for word in dict.fromkeys(words) if word != "latest"]
        if len(found) > MAX_ALIASES:
            raise forms.ValidationError(gettext("At most %(most)d.") % {"most": MAX_ALIASES})
        return found

    def clean_comment(self) -> str:
        """Plain text."""
        refusal = gettext("Plain text of at most 2000 characters.")
        return _by_rule(check_comment, self.cleaned_data["comment"], refusal)

    def clean_tags(self) -> list[str]:
        """Each once."""
        tags = [tag.strip() for tag in _TAG_GAP.split(self.cleaned_data["tags"])]
        refusal = gettext("At most 100 tags of at most 128 characters.")
        return _by_rule(check_tags, [tag for tag in tags if tag], refusal)

    def clean_metadata(self) -> dict[str, Any]:
        """A JSON object that the database can hold."""
        text = self.cleaned_data["metadata"].strip() or "{}"
        try:
            return check_metadata(read_json(text))
        except ValueError as error:
            why = translated(str(error))
            raise forms.ValidationError(
                gettext("This is no JSON object: %(why)s") % {"why": why}
            ) from None

    def clean_project(self) -> str:
        """One line; nothing means the usual project."""
        project: str = self.cleaned_data["project"] or PROJECT
        if len(project) > MAX_PROJECT_CHARACTERS or not is_plain_text(project):
            raise forms.ValidationError(gettext("One line of at most 255 characters."))
        return project

    def clean(self) -> dict[str, Any]:
        """Whether these aliases may move to a version of that artifact, with that comment."""
        cleaned = super().clean() or self.cleaned_data
        if {"type", "name", "team"} <= cleaned.keys():
            self.artifact = self._find_artifact()
            for alias in cleaned.get("aliases", ()):
                self._check_alias_moves(alias)
        if cleaned.get("comment") and not cleaned.get("aliases") and "aliases" not in self.errors:
            self.add_error(
                "comment", gettext("Kept with aliases that move: name one, or describe it.")
            )
        return cleaned

    def _find_artifact(self) -> Artifact:
        team = find_team(self.cleaned_data["team"], self._uploaded_by)
        named = {"type": self.cleaned_data["type"], "name": self.cleaned_data["name"], "team": team}
        visible = Artifact.objects.visible_to(self._uploaded_by)
        return visible.filter(**named).first() or Artifact(**named)

    def _check_alias_moves(self, alias: str) -> None:
        try:
            require_to_move(
                artifact=self.artifact, names=[alias], moved_by=self._uploaded_by,
                comment=self.cleaned_data.get("comment", ""),
            )  # fmt: skip
        except AccessDenied:
            text = gettext("“%(alias)s” is protected: only maintainers move it.") % {"alias": alias}
            self.add_error("aliases", text)
        except CommentNeeded:
            text = gettext("“%(alias)s” moves only with a comment that says why.") % {
                "alias": alias
            }
            self.add_error("comment", text)

    def for_commit(self) -> dict[str, Any]:
        """What the script sends on.

        ``metadata`` is text: a script would round what is in it.
        """
        said = self.cleaned_data
        fields = ("type", "team", "tags", "description", "aliases", "comment")
        return {
            "name": said["name"],
            "fields": {key: said[key] for key in fields},
            "metadata": json.dumps(said["metadata"]),
            "project": said["project"],
        }


def _by_rule(check: Callable[[Given], Kept], value: Given, refusal: str) -> Kept:
    """``value`` as ``check`` has it; what it raises is said in the language of the reader."""
    try:
        return check(value)
    except ValueError:
        raise forms.ValidationError(refusal) from None


def _alias(word: str) -> str:
    text = gettext("“%(alias)s” cannot be an alias: letters, digits, “.”, “_” and “-”, no version.")
    return _by_rule(check_alias, word, text % {"alias": word[:40]})
