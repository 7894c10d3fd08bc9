"""What the pages about accounts ask for, and how the refusal of a service gets into a form."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import UserCreationForm, UsernameField
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.api.schemas import MAX_TOKEN_NAME_CHARACTERS
from accounts.errors import Conflict, DomainError, Invalid
from accounts.models import Team, User
from accounts.roles import TEAM_ROLES, Role, Scope
from accounts.seen import fingerprint
from accounts.services import team_state, user_state
from accounts.size_field import SizeField
from accounts.web.language import translated, translated_errors
from accounts.web.seen import SeenForm

if TYPE_CHECKING:
    from django.utils.functional import Promise

    NewUserForm = UserCreationForm[User]
    UserForm = forms.ModelForm[User]
    TeamModelForm = forms.ModelForm[Team]
else:
    NewUserForm = UserCreationForm
    UserForm = TeamModelForm = forms.ModelForm

REFUSALS = (Conflict, Invalid)
"""What a form shows beside what was typed; the others have pages of their own."""

ROLE_NAMES = {
    Role.VIEWER: _("viewer"),
    Role.CONTRIBUTOR: _("contributor"),
    Role.MAINTAINER: _("maintainer"),
    Role.ADMIN: _("admin"),
}
SCOPES = {
    Scope.READ: _("read: look and download"),
    Scope.WRITE: _("write: also log and change"),
    Scope.ADMIN: _("admin: everything you may"),
}
DAYS = {
    "7": _("in 7 days"),
    "30": _("in 30 days"),
    "90": _("in 90 days"),
    "365": _("in a year"),
    "": _("never"),
}


def role_name(role: int | None) -> str:
    """A role in the reader's language."""
    return gettext("none") if role is None else str(ROLE_NAMES[Role(role)])


def show_refusal(form: "forms.Form | forms.ModelForm[Any]", refusal: DomainError) -> None:
    """Put what a service said into ``form``: at the field it names, else above them all."""
    errors = translated_errors(refusal.extra.get("errors", {}))
    detail = translated(refusal.detail)
    for name, texts in errors.items():
        is_field = name in form.fields
        form.add_error(name if is_field else None, texts if is_field else [detail])
    if not errors:
        form.add_error(None, detail)


def role_choice(roles: tuple[Role, ...] = tuple(Role), *, none: bool = False) -> Any:
    """A choice among ``roles``; ``none``: or no role."""
    empty: list[tuple[object, str | Promise]] = [("", _("none"))] if none else []
    return forms.TypedChoiceField(
        label=_("Role"),
        choices=[*empty, *((role.value, ROLE_NAMES[role]) for role in roles)],
        coerce=lambda text: Role(int(text)),
        empty_value=None,
        required=not none,
    )


class NewToken(forms.Form):
    """A token to make. ``for_account`` is there for admins only: service accounts too."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_TOKEN_NAME_CHARACTERS,
        help_text=_("Where it will be used: a machine, a script, a CI job."),
    )
    scope = forms.ChoiceField(label=_("May"), choices=list(SCOPES.items()), initial=Scope.WRITE)
    days = forms.ChoiceField(
        label=_("Ends"), choices=list(DAYS.items()), initial="90", required=False
    )
    for_account = forms.ChoiceField(label=_("For"), required=False)
    form_id = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    """Another one each time the form is shown: a form that is sent twice is told from two."""

    def __init__(self, data: Any = None, *, accounts: list[str], **options: Any) -> None:
        super().__init__(data, **options)
        self.initial["form_id"] = secrets.token_urlsafe(12)
        if accounts:
            choices = [("", _("myself")), *((name, name) for name in accounts)]
            self.fields["for_account"] = forms.ChoiceField(
                label=_("For"), choices=choices, required=False
            )
        else:
            del self.fields["for_account"]

    def clean_name(self) -> str:
        """One line, as the API has it."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("No control characters."))
        return name

    @property
    def expires_at(self) -> datetime | None:
        """The moment that was chosen; None: never."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class NewMember(NewUserForm):
    """A person with a first password."""

    role = role_choice(none=True)
    field_order = ("username", "email", "role", "password1", "password2")

    class Meta:
        model = User
        fields = ("username", "email")
        field_classes = {"username": UsernameField}
        labels = {"email": _("E-mail")}


class NewServiceAccount(NewMember):
    """A program: it has tokens, and no password whatever is sent."""

    password1 = password2 = None  # type: ignore[assignment] # takes the fields away

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's
        """The account; to make its password unusable is left to the service."""
        self.instance.is_service = True
        user: User = forms.ModelForm.save(self, commit)
        return user


class Member(UserForm, SeenForm):
    """Somebody who is there, from ``with_roles``."""

    role = role_choice(none=True)
    field_order = ("role", "first_name", "last_name", "email", "is_active", "is_service")

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "is_active", "is_service")
        labels = {
            "email": _("E-mail"),
            "is_active": _("May log in"),
            "is_service": _("Service account"),
        }
        help_texts = {
            "is_active": _(
                "Switched off, neither a password nor a token lets in. What was logged stays."
            ),
            "is_service": _("A program: it has tokens and no password, which is forgotten."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        shown: Any = self.instance
        # Of who is switched off too, whom `role_everywhere` gives none.
        self.initial["role"] = shown.held_role
        self.initial["seen"] = fingerprint(user_state(shown))


class FirstAdmin(NewUserForm):
    """The account of the first admin, and the code that lets one make it."""

    code = forms.CharField(
        label=_("Setup code"),
        max_length=64,
        help_text=_("The server has printed it at its start, in the terminal or the journal."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    field_order = ("code", "username", "email", "password1", "password2")

    class Meta:
        model = User
        fields = ("username", "email")
        field_classes = {"username": UsernameField}
        labels = {"email": _("E-mail")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].widget.attrs.pop("autofocus", None)


class TeamForm(TeamModelForm, SeenForm):
    """A team. Its name never changes."""

    quota_bytes = SizeField(
        label=_("Quota"),
        required=False,
        help_text=_("What its artifacts may take on disk, such as 500 GiB; empty: no limit."),
    )

    class Meta:
        model = Team
        fields = ("name", "description", "quota_bytes")
        labels = {"name": _("Name"), "description": _("Description")}
        help_texts = {"name": _("Small letters, digits, - and _. It never changes.")}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"name": {"unique": _("There is a team of that name already.")}}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            del self.fields["name"]
            self.initial["seen"] = fingerprint(team_state(self.instance))


class TeamMember(forms.Form):
    """Somebody to take into a team, or to give another role in it."""

    username = forms.CharField(
        label=_("Name of the account"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = role_choice(TEAM_ROLES)
    seen_role = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_username(self) -> str:
        """The name of an account that is there."""
        name: str = self.cleaned_data["username"]
        if not User.objects.filter(username=name).exists():
            raise ValidationError(_("There is no account of that name."))
        return name


class AuditSearch(forms.Form):
    """The filters of the audit log; the names are those of the API."""

    user = forms.CharField(label=_("Who"), widget=forms.TextInput(attrs={"size": 7}))
    action = forms.CharField(
        label=_("Action"), widget=forms.TextInput(attrs={"size": 10, "placeholder": "version."})
    )
    object = forms.CharField(label=_("Object"), widget=forms.TextInput(attrs={"size": 9}))
    object_type = forms.CharField(label=_("Kind"), widget=forms.TextInput(attrs={"size": 7}))
    team = forms.CharField(label=_("Team"), widget=forms.TextInput(attrs={"size": 7}))
    address = forms.CharField(label=_("Address"), widget=forms.TextInput(attrs={"size": 9}))
    after = forms.CharField(label=_("After"), widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.CharField(label=_("Before"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(initial=values, auto_id="filter-%s")
        self.label_suffix = ""
