"""Who may write: asked first by every service. Who may read is ``visible_to``."""

from accounts.access import Caller, access_of, user_or_none
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import AccessDenied
from artifacts.models import Artifact, Version

THIS = say("This")
"""What needs a role, where a refusal says no more of it."""


def require_somewhere(caller: Caller, role: Role) -> None:
    """Raise AccessDenied (403) unless ``caller`` has this role, be it in one team only."""
    _require(caller, access_of(caller).highest, role)


def require_on(caller: Caller, role: Role, artifact: Artifact, *, what: str = THIS) -> None:
    """Raise AccessDenied (403) unless ``caller`` has this role on ``artifact``.

    ``what`` begins the sentence that says so.
    """
    _require(caller, role_on(caller, artifact), role, what)


def require_in(caller: Caller, role: Role, team_id: int | None) -> None:
    """Raise AccessDenied (403) unless ``caller`` has this role on what the team owns.

    None: on what belongs to everyone.
    """
    _require(caller, access_of(caller).role_on(team_id), role)


def require_everywhere(caller: Caller, role: Role) -> None:
    """Raise AccessDenied (403) unless ``caller`` has this role everywhere, not in a team only.

    For what belongs to the whole portal, such as patterns and runs.
    """
    _require(caller, access_of(caller).role_on(None), role)


def require_to_delete(caller: Caller, version: Version) -> None:
    """Raise AccessDenied (403) unless it is the caller's own version, or he may maintain it."""
    require_on(caller, role_to_delete(caller, version), version.artifact)


def role_to_delete(caller: Caller, version: Version) -> Role:
    """The role that ``caller`` needs to delete ``version``: a lower one for his own."""
    user = user_or_none(caller)
    is_own = user is not None and version.created_by_id == user.pk
    return Role.CONTRIBUTOR if is_own else Role.MAINTAINER


def role_on(caller: Caller, artifact: Artifact) -> Role | None:
    """What ``caller`` is for this artifact; None: he may not even know that it is there."""
    return access_of(caller).role_on(artifact.team_id)


def has_on(caller: Caller, role: Role, artifact: Artifact) -> bool:
    """Whether ``caller`` has this role, or a higher one, on ``artifact``."""
    held = role_on(caller, artifact)
    return held is not None and held >= role


def _require(caller: Caller, has: Role | None, needed: Role, what: str = THIS) -> None:
    if has is None or has < needed:
        mine = _held(has, is_capped=has == access_of(caller).cap)
        raise AccessDenied(
            say(
                "{what} needs the role {role}; {mine}.",
                what=what,
                role=say(needed.label),
                mine=mine,
            ),
            needs=needed.label,
        )


def _held(has: Role | None, *, is_capped: bool) -> str:
    """What the caller has; a role's name is translated where accounts.web.forms lists them all."""
    if has is None:
        return say("you have none here")
    if is_capped:
        return say("yours here, with this token, is {role}", role=say(has.label))
    return say("yours here is {role}", role=say(has.label))
