"""People and teams change here, each change with a row of the audit log in its transaction.

Only admins may; tokens have a module of their own (``tokens.py``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, models, transaction

from accounts.access import (
    SETUP,
    Caller,
    has_admin,
    require_admin,
    role_everywhere,
    with_roles,
)
from accounts.audit import Values, record
from accounts.errors import ChangedMeanwhile, Conflict, Invalid
from accounts.models import Membership, Team, User
from accounts.roles import Role
from accounts.seen import require_seen
from accounts.sentences import Sentence, say

USER_FIELDS = ("username", "email", "first_name", "last_name", "is_active", "is_service")
TEAM_FIELDS = ("name", "description", "quota_bytes")


def save_user(*, user: User, role: Role | None, saved_by: Caller, seen: str = "") -> User:
    """Save ``user``, new or changed, and give him ``role`` everywhere (None: none).

    The role comes from its group; a service account loses its password. ``seen``: the fingerprint
    of the :func:`user_state` that the caller saw; empty to replace blindly.

    Raises AccessDenied (403), Conflict (409) where nobody could administer the portal any more or
    where something else than a group of ours gives a higher role, or where another of that name
    was made, ChangedMeanwhile (409) where he is not any more as he was seen.
    """
    require_admin(saved_by)
    try:
        _save_user(user, role, saved_by, seen)
    except IntegrityError:
        raise Conflict(say("There is an account {user} already.", user=user)) from None
    return user


def _save_user(user: User, role: Role | None, saved_by: Caller, seen: str) -> None:
    with transaction.atomic():
        _lock_roles()  # two admins demote each other
        before = _state_of(user.pk) if user.pk else {}
        require_seen(seen, before, user)
        if user.is_service:
            user.set_unusable_password()
        user.is_superuser = user.is_superuser and role == Role.ADMIN
        user.save(update_fields=_written(user) if before else None)
        _set_role(user, role)
        after = _state_of(user.pk)
        _refuse_role_of_other_making(user, role)
        if before.get("role") == Role.ADMIN.label:
            _refuse_no_admin()
        record_change("user", before, after, obj=user, caller=saved_by)


def _lock_roles() -> None:
    """Let nobody else give or take a role before this transaction ends."""
    list(Group.objects.select_for_update().order_by("pk"))


def make_first_admin(*, user: User) -> User:
    """Save ``user`` as the admin of a portal that has none; the caller has seen the setup code.

    Raises Conflict (409) where somebody was quicker: the code is worth one admin.
    """
    with transaction.atomic():
        _lock_roles()
        if has_admin():
            raise Conflict(
                say("The portal has an admin already: log in, or ask him for an account.")
            )
        return save_user(user=user, role=Role.ADMIN, saved_by=SETUP)


def _written(user: User) -> list[str]:
    return [*USER_FIELDS, "is_superuser", *(["password"] if user.is_service else [])]


def _state_of(pk: int) -> Values:
    return user_state(with_roles(User.objects.filter(pk=pk)).get())


def user_state(user: Any) -> Values:
    """What ``save_user`` changes of ``user``, who comes from ``with_roles``."""
    role = user.held_role
    return _values(user, USER_FIELDS) | {"role": Role(role).label if role else None}


def team_state(team: Team) -> Values:
    """What ``save_team`` changes of ``team``."""
    return _values(team, TEAM_FIELDS)


def _values(row: models.Model, names: tuple[str, ...]) -> Values:
    return {name: getattr(row, name) for name in names}


def _set_role(user: User, role: Role | None) -> None:
    labels = [one.label for one in Role]
    user.groups.remove(*user.groups.filter(name__in=labels))
    if role is not None:
        user.groups.add(Group.objects.get(name=role.label))


def _said(membership: Membership) -> Sentence:
    return say("{user} in {team}", user=membership.user, team=membership.team)


def _refuse_role_of_other_making(user: User, role: Role | None) -> None:
    found = role_everywhere(User.objects.get(pk=user.pk)) if user.is_active else role
    if found != role:
        label = found.label if found else "none"
        raise Conflict(
            say(
                "{user} has the role {label} from a group or permission of another kind: "
                "take that away first.",
                user=user,
                label=say(label),
            )
        )


def _refuse_no_admin() -> None:
    if not has_admin():
        raise Conflict(
            say("Nobody would be left to run the portal: make somebody else admin first.")
        )


@contextmanager
def recording_password(*, user: User, changed_by: Caller) -> Iterator[None]:
    """A transaction at whose end it is written down if the password of ``user`` is another one."""
    with transaction.atomic():
        yield
        if User.objects.values_list("password", flat=True).get(pk=user.pk) != user.password:
            record("user.password", caller=changed_by, obj=user)


def change_password(*, user: User, password: str, changed_by: Caller) -> None:
    """Give ``user`` another password, which ends his other sessions; tokens stay as they are.

    Raises AccessDenied (403) unless it is one's own, or ``changed_by`` an admin; Conflict (409)
    for a service account, which has none. The caller has asked Django's validators.
    """
    if changed_by.pk != user.pk:
        require_admin(changed_by, say("change the passwords of other accounts"))
    if user.is_service:
        raise Conflict(say("{user} is a service account: it has tokens, no password.", user=user))
    before = User.objects.get(pk=user.pk)
    with recording_password(user=before, changed_by=changed_by):
        user.set_password(password)
        user.save(update_fields=["password"])


def save_team(*, team: Team, saved_by: Caller, seen: str = "") -> Team:
    """Save ``team``, new or changed; its name never changes, being part of paths on disk.

    ``seen``: the fingerprint of the :func:`team_state` that the caller saw; empty to replace
    blindly.

    Raises AccessDenied (403), Invalid (400) for another name, Conflict (409) where another of that
    name was made, or this one was deleted, at the same moment, ChangedMeanwhile (409).
    """
    require_admin(saved_by)
    try:
        with transaction.atomic():
            _save_team(team, saved_by, seen)
    except IntegrityError:
        raise Conflict(say("There is a team {team} already.", team=team)) from None
    return team


def _save_team(team: Team, saved_by: Caller, seen: str) -> None:
    before = team_state(_lock_team(team)) if team.pk else {}
    require_seen(seen, before, team)
    if before and before["name"] != team.name:
        raise Invalid({"name": [say("the name of a team never changes")]})
    team.save(force_update=bool(before))
    record_change("team", before, team_state(team), obj=team, caller=saved_by, team=team.name)


def _lock_team(team: Team) -> Team:
    """The row as it is, which stays so. Raises Conflict (409) where it is gone.

    Not FOR UPDATE for a change: what the team is given meanwhile need not wait.
    """
    locked: Team | None = Team.objects.select_for_update(no_key=True).filter(pk=team.pk).first()
    if locked is None:
        raise Conflict(say("{team} was deleted meanwhile.", team=team))
    return locked


def delete_team(*, team: Team, deleted_by: Caller) -> None:
    """Remove ``team`` and its memberships.

    Raises AccessDenied (403), Conflict (409) while artifacts belong to it, or where it is gone.
    """
    require_admin(deleted_by)
    with transaction.atomic():
        # Who gives it something at this moment is waited for, and then seen, or waits.
        locked = Team.objects.select_for_update().filter(pk=team.pk).first()
        if locked is None:
            raise Conflict(say("{team} was deleted meanwhile.", team=team))
        before = team_state(locked) | {"members": _members(locked)}
        try:
            locked.delete()
        except models.ProtectedError:
            raise Conflict(
                say("Artifacts belong to {team}: give them to others first.", team=team)
            ) from None
        record("team.delete", caller=deleted_by, obj=team, team=team.name, before=before)


def _members(team: Team) -> dict[str, str]:
    rows = team.memberships.select_related("user").order_by("user__username")
    return {row.user.username: Role(row.role).label for row in rows}


def save_membership(
    *, membership: Membership, saved_by: Caller, seen_role: int | None = None
) -> Membership:
    """Take somebody into a team, or give him another role in it.

    ``seen_role``: the role in it that the caller saw him have; None to replace blindly.

    Raises AccessDenied (403), Conflict (409) where he was taken in or out, or one of them was
    deleted, at the same moment, ChangedMeanwhile (409) where he has not the role that was seen.
    """
    require_admin(saved_by)
    try:
        with transaction.atomic():
            _save_membership(membership, saved_by, seen_role)
    except IntegrityError:
        raise Conflict(
            say("{member} was changed by somebody else meanwhile.", member=_said(membership))
        ) from None
    return membership


def _save_membership(membership: Membership, saved_by: Caller, seen_role: int | None) -> None:
    was = Membership.objects.select_for_update().filter(pk=membership.pk).first()
    if seen_role not in {None, was.role if was else None} or (membership.pk and not was):
        raise ChangedMeanwhile(
            say(
                "{member} was changed by somebody else meanwhile; look again.",
                member=_said(membership),
            )
        )
    before = {"role": Role(was.role).label} if was else {}
    membership.save()
    after = {"role": Role(membership.role).label}
    record_change(
        "membership", before, after, obj=membership, caller=saved_by, team=membership.team.name
    )


def remove_membership(*, membership: Membership, removed_by: Caller) -> None:
    """Take somebody out of a team.

    Raises AccessDenied (403), Conflict (409) where he was taken out meanwhile.
    """
    require_admin(removed_by)
    with transaction.atomic():
        locked = Membership.objects.select_for_update().filter(pk=membership.pk).first()
        if locked is None:
            raise Conflict(say("{member} was removed meanwhile.", member=_said(membership)))
        before = {"role": Role(locked.role).label}
        locked.delete()
        record(
            "membership.delete", caller=removed_by, obj=membership, team=membership.team.name,
            before=before,
        )  # fmt: skip


def record_change(
    noun: str, before: Values, after: Values, *, obj: models.Model, caller: Caller, **more: Any
) -> None:
    """Write down what is another in ``after`` than in ``before`` (empty: it is new)."""
    if not before:
        record(f"{noun}.create", caller=caller, obj=obj, after=after, **more)
        return
    changed = [name for name, value in after.items() if before[name] != value]
    if changed:
        old, new = ({name: values[name] for name in changed} for values in (before, after))
        record(f"{noun}.change", caller=caller, obj=obj, before=old, after=new, **more)
