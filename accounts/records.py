"""Accounts as records of an export, and back (docs/storage.md).

Passwords and tokens stay in the database: an export must not let anybody in. Nor is the log of who
did what in it, which nothing but the database keeps from being written anew.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from accounts.models import Membership, Team, User
from accounts.roles import Role

Record = dict[str, Any]

KEPT = ("email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "is_service")


def export_accounts() -> Iterator[Record]:
    """Every group, user, team and membership, in the order in which the way back needs them."""
    yield from _groups()
    yield from _users()
    yield from _teams()
    yield from _memberships()


def _groups() -> Iterator[Record]:
    """What each group may do: the roles, and what admins made of them."""
    for group in Group.objects.prefetch_related("permissions__content_type").order_by("name"):
        yield {"kind": "group", "name": group.name, "permissions": _names_of(group.permissions)}


def _users() -> Iterator[Record]:
    """One record an account, oldest first."""
    rows = User.objects.prefetch_related("groups", "user_permissions__content_type")
    for user in rows.order_by("pk").iterator(chunk_size=1000):
        yield {
            "kind": "user",
            "username": user.username,
            "date_joined": user.date_joined.isoformat(),
            **{name: getattr(user, name) for name in KEPT},
            "groups": sorted(group.name for group in user.groups.all()),
            "permissions": _names_of(user.user_permissions),
        }


def _names_of(permissions: Any) -> list[str]:
    return sorted(f"{one.content_type.app_label}.{one.codename}" for one in permissions.all())


def _teams() -> Iterator[Record]:
    for team in Team.objects.order_by("pk"):
        yield {
            "kind": "team",
            "name": team.name,
            "description": team.description,
            "quota_bytes": team.quota_bytes,
            "created_at": team.created_at.isoformat(),
        }


def _memberships() -> Iterator[Record]:
    rows = Membership.objects.select_related("team", "user").order_by("pk")
    for one in rows.iterator():
        yield {
            "kind": "membership",
            "team": one.team.name,
            "username": one.user.username,
            "role": one.get_role_display(),
        }


def restore_groups(records: Iterable[Record]) -> None:
    """Let each group have what it had."""
    for record in records:
        group, _ = Group.objects.get_or_create(name=record["name"])
        group.permissions.set(_permissions(record["permissions"]))


def restore_users(records: Iterable[Record]) -> None:
    """Make the accounts that are not there yet; they have no password until they are given one."""
    for record in records:
        fields = {name: record[name] for name in KEPT if name in record}
        fields["date_joined"] = datetime.fromisoformat(record["date_joined"])
        user, is_new = User.objects.get_or_create(username=record["username"], defaults=fields)
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            user.groups.set(Group.objects.filter(name__in=record.get("groups", [])))
            user.user_permissions.set(_permissions(record.get("permissions", [])))


def _permissions(names: Iterable[str]) -> QuerySet[Permission]:
    """Those of ``names`` that this release knows."""
    wanted = Q(pk__in=[])
    for name in names:
        app, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(wanted)


def restore_teams(records: Iterable[Record]) -> None:
    """Say what is known of the teams; the folders have told of those that own something."""
    for record in records:
        fields = {name: record[name] for name in ("description", "quota_bytes")}
        fields["created_at"] = datetime.fromisoformat(record["created_at"])
        Team.objects.update_or_create(name=record["name"], defaults=fields)


def restore_memberships(records: Iterable[Record]) -> None:
    """Put people into their teams again."""
    roles = {role.label: role for role in Role}
    for record in records:
        Membership.objects.update_or_create(
            team=Team.objects.get(name=record["team"]),
            user=User.objects.get(username=record["username"]),
            defaults={"role": roles[record["role"]]},
        )
