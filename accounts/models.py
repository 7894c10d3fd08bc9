"""People, teams, tokens, and the log of who did what.

Custom users from the first migration on. A *team* owns private artifacts; its members have a role
in it, which counts where it is higher than their role everywhere (``access.py``).
"""

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.names import EVERYONE, NEW_TEAM_NAME, TEAM_NAME
from accounts.roles import PERMISSIONS, TEAM_ROLES, Access, Role, Scope


class User(AbstractUser):
    """Somebody who may log in, or with ``is_service`` a program, which has only tokens.

    ``token`` is the one that this request came with, None for a login with a password.
    """

    is_service = models.BooleanField(
        "service account",
        default=False,
        help_text="A program: it cannot log in with a password, only use tokens.",
    )

    token: "ApiToken | None" = None
    known_access: Access | None = None
    """What ``access.access_of`` found out once; a user object lives for one request."""

    class Meta(AbstractUser.Meta):
        permissions = list(PERMISSIONS.values())


class Team(models.Model):
    """People who share private artifacts. The name is part of paths on disk and never changes."""

    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[
            RegexValidator(
                NEW_TEAM_NAME,
                _(
                    "A team is called by small letters a to z, digits, - and _; the first is a "
                    "letter or a digit. “everyone” means no team."
                ),
            )
        ],
        help_text="Small letters, digits, - and _.",
    )
    description = models.TextField(blank=True, default="")
    quota_bytes = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="How many bytes its artifacts may take on disk; empty: no limit.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(name__regex=TEAM_NAME), name="team_name_fits_a_path"),
            CheckConstraint(condition=~Q(name=EVERYONE), name="team_is_not_everyone"),
            CheckConstraint(
                condition=Q(quota_bytes=None) | Q(quota_bytes__gte=0),
                name="team_quota_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Somebody's role in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(
        choices=[(role.value, role.label) for role in TEAM_ROLES], default=Role.VIEWER
    )

    class Meta:
        constraints = [
            UniqueConstraint(fields=["team", "user"], name="membership_unique"),
            CheckConstraint(
                condition=Q(role__in=[role.value for role in TEAM_ROLES]),
                name="membership_role_is_a_teams",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ApiToken(models.Model):
    """A key of a user's for programs: ``rn_`` and 32 random bytes, of which only the sha256 stays.

    ``hint`` are its first characters, so that people can tell theirs apart. ``made_with`` is the
    token that asked for it, and when that is revoked, so is this; None: a login with a password.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=128)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=16, editable=False)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.WRITE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    made_with = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="made"
    )

    class Meta:
        verbose_name = "API token"
        constraints = [
            UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at=None),
                name="token_name_unique_per_user",
            ),
            CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="token_is_hashed"),
            CheckConstraint(condition=Q(scope__in=Scope.values), name="token_scope_is_known"),
            CheckConstraint(condition=~Q(name=""), name="token_name_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class AuditEvent(models.Model):
    """Who did what, when, from where: written in the transaction of the deed, never changed.

    The database refuses updates and deletes (a trigger), so nothing here is a foreign key: names
    and ids are what they were then. ``before`` and ``after`` hold what changed.
    """

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=64, help_text="Such as version.delete.")
    username = models.CharField(max_length=150, blank=True, default="")
    user_id = models.BigIntegerField(null=True, blank=True)
    token = models.CharField(max_length=160, blank=True, default="")
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=32, blank=True, default="")
    object_type = models.CharField(max_length=32, blank=True, default="")
    object = models.TextField(blank=True, default="")
    team = models.CharField(max_length=63, blank=True, default="")
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [
            Index(fields=["-at", "-id"], name="audit_newest_first"),
            Index(fields=["username", "-id"], name="audit_by_user"),
            Index(fields=["action", "-id"], name="audit_by_action"),
            Index(fields=["object_type", "object", "-id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object}"


class RequestCount(models.Model):
    """How many requests of one kind somebody made in a minute; worth nothing after it.

    One row a key: a new minute begins anew in it. The table is UNLOGGED: a crash empties it.
    """

    key = models.CharField(primary_key=True, max_length=128)
    minute = models.BigIntegerField(help_text="Minutes since the epoch.")
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [Index(fields=["minute"], name="request_count_by_minute")]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
