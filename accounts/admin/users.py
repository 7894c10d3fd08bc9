"""Users: people and service accounts, with their role and their teams."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm, UsernameField
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import with_roles
from accounts.admin.base import EMPTY, PortalAdmin
from accounts.admin.seen import SeenByAdmins
from accounts.admin.teams import MembershipInline, WithMemberships
from accounts.audit import Values
from accounts.models import User
from accounts.roles import Role
from accounts.services import recording_password, save_user, user_state

if TYPE_CHECKING:
    ChangeForm = UserChangeForm[User]
    CreationForm = AdminUserCreationForm[User]
    DjangoUserAdmin = auth_admin.UserAdmin[User]
else:
    ChangeForm = UserChangeForm
    CreationForm = AdminUserCreationForm
    DjangoUserAdmin = auth_admin.UserAdmin

ROLES = [("", "none"), *((role.value, role.label) for role in Role)]
ROLE_HELP = "What he may do everywhere; in a team the higher of this and his role there counts."


def role_field() -> forms.TypedChoiceField:
    """A choice among the roles; none is one too."""
    return forms.TypedChoiceField(
        choices=ROLES, coerce=lambda text: Role(int(text)), empty_value=None, required=False,
        help_text=ROLE_HELP,
    )  # fmt: skip


class UserForm(ChangeForm, SeenByAdmins):
    """Somebody who is there already, from ``with_roles``."""

    role = role_field()

    class Meta:
        model = User
        field_classes = {"username": UsernameField}
        fields = ("username", "first_name", "last_name", "email", "is_active", "is_service")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown: Any = self.instance
        # Of who is switched off too, whom `role_everywhere` gives none.
        self.initial["role"] = shown.held_role

    def state(self, row: Any) -> Values:
        """As the service has it."""
        return user_state(row)


class NewUserForm(CreationForm):
    """Somebody new; a service account needs no password."""

    role = role_field()

    class Meta:
        model = User
        field_classes = {"username": UsernameField}
        fields = ("username", "email", "is_service")

    def validate_passwords(self, *args: Any, **kwargs: Any) -> None:
        """Take no password for a service account, whatever was typed."""
        if self.cleaned_data.get("is_service"):
            self.cleaned_data["usable_password"] = "false"  # noqa: S105 - a choice
        super().validate_passwords(*args, **kwargs)


class RoleFilter(admin.SimpleListFilter):
    """By the role everywhere."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The roles, and none."""
        return [*((str(role.value), role.label) for role in Role), ("none", "none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those who have it."""
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(held_role=int(value) if value.isdecimal() else None)


@admin.register(User)
class UserAdmin(WithMemberships, PortalAdmin, DjangoUserAdmin):
    """Accounts are switched off, never deleted: versions say who made them."""

    may_add = may_change = True
    form = UserForm
    add_form = NewUserForm
    inlines = [MembershipInline]
    list_display = (
        "username", "email", "full_name", "role", "is_service", "is_active", "last_login",
    )  # fmt: skip
    list_filter = (RoleFilter, "is_active", "is_service", "teams")
    ordering = ("username",)
    search_fields = ("username", "email", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "password",
                    "role",
                    "is_active",
                    "is_service",
                    "seen",
                )
            },
        ),
        ("About", {"fields": ("first_name", "last_name", "email", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {
            "classes": ("wide",),
            "fields": (
                "username", "email", "role", "is_service", "usable_password", "password1",
                "password2",
            ),
        }),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their roles."""
        return with_roles(super().get_queryset(request))

    @admin.display(ordering="held_role")
    def role(self, user: Any) -> str:
        """The role everywhere."""
        return Role(user.held_role).label if user.held_role else EMPTY

    @admin.display(ordering="first_name", description="name")
    def full_name(self, user: User) -> str:
        """As people write it."""
        return user.get_full_name()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save through the service."""
        said = form.cleaned_data
        save_user(user=obj, role=said["role"], saved_by=request.user, seen=said.get("seen", ""))

    @method_decorator(sensitive_post_parameters())
    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's name
        form_url: str = "",
    ) -> HttpResponse:
        """Give somebody a password; a service account gets none."""
        user = self.get_object(request, unquote(id))
        if user is None:
            return super().user_change_password(request, id, form_url)
        if user.is_service:
            messages.error(request, f"{user} is a service account: it has tokens, no password.")
            return HttpResponseRedirect("..")
        with recording_password(user=user, changed_by=request.user):
            return super().user_change_password(request, id, form_url)
