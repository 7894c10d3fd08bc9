"""Whose an artifact is: a team's, and then hidden from all others, or everyone's."""

import logging

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import Caller, access_of
from accounts.audit import make_event, record_all
from accounts.models import AuditEvent, Team
from accounts.names import EVERYONE
from accounts.roles import Access, Role
from accounts.sentences import say
from artifacts.errors import AmbiguousTeam, AmbiguousType, Conflict, Invalid
from artifacts.models import Artifact, Blob, Version
from artifacts.names import ArtifactName
from artifacts.services.access import require_in, require_on
from artifacts.services.limits import lock_quota, require_quota
from artifacts.services.numbers import keep_team
from artifacts.services.trees import build_after_commit, remove_version_tree
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)


def choose_team(*, artifact: ArtifactName, chosen_by: Caller) -> Team | None:
    """Whose artifact a version logged by ``chosen_by`` goes to; None: everyone's.

    The one that the name means to him, else a new one: of the team that ``artifact`` says, or of
    everyone, or where he may not log for everyone, of the one team in which he may log.

    Raises AmbiguousTeam (409) where several of his teams have it, Invalid (400) for a team that
    he is not in, or where he has to say which.
    """
    if artifact.team is not None:
        return find_team(artifact.team, chosen_by)
    type_, name, _ = artifact
    found: list[Artifact] = Artifact.objects.all().named(name, type_, asked_by=chosen_by)
    return only_one(found).team if found else _default_team(access_of(chosen_by))


def only_one(found: list[Artifact]) -> Artifact:
    """The one of ``found``, which have one name. Raises AmbiguousType, AmbiguousTeam (409)."""
    if len({one.type for one in found}) > 1:
        raise AmbiguousType(found[0].name, [one.type for one in found])
    if len(found) > 1:
        raise AmbiguousTeam(found[0].name, [one.owner for one in found])
    return found[0]


def find_team(name: str, asked_by: Caller) -> Team | None:
    """The team of that name, if ``asked_by`` is in it; None for ``everyone``.

    Raises Invalid (400), the same for a team that does not exist as for one he is not in.
    """
    if name == EVERYONE:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None or access_of(asked_by).role_on(team.pk) is None:
        raise Invalid({"team": [say("{name!r} is no team of yours", name=name)]})
    return team


def _default_team(access: Access) -> Team | None:
    role = access.role_on(None)
    if role is not None and role >= Role.CONTRIBUTOR:
        return None
    mine = [pk for pk, in_team in access.team_roles.items() if in_team >= Role.CONTRIBUTOR]
    if len(mine) > 1:
        names = ", ".join(
            Team.objects.filter(pk__in=mine).order_by("name").values_list("name", flat=True)
        )
        raise Invalid({"team": [say("say for which team this is: {names}", names=names)]})
    return Team.objects.get(pk=mine[0]) if mine else None


def assign_team(*, artifact: Artifact, team: Team | None, assigned_by: Caller) -> Artifact:
    """Give ``artifact`` to ``team``, or to everyone (None). Idempotent.

    Raises AccessDenied (403) unless the caller maintains both what it leaves and where it goes,
    Conflict (409) where there is one of that name already or the team was deleted meanwhile,
    QuotaExceeded (507).
    """
    require_on(assigned_by, Role.MAINTAINER, artifact)
    require_in(assigned_by, Role.MAINTAINER, team.pk if team else None)
    try:
        with transaction.atomic():
            return _assign(artifact, team, assigned_by)
    except IntegrityError:
        whose = team.name if team else EVERYONE
        name = f"{artifact.type}/{artifact.name}"
        text = say("{name} exists already as {owner}'s.", name=name, owner=whose)
        raise Conflict(text) from None


def _assign(artifact: Artifact, team: Team | None, assigned_by: Caller) -> Artifact:
    limited = lock_quota(team)
    keep_team(team)
    rows = Artifact.objects.select_for_update(of=("self",)).select_related("team")
    locked: Artifact = rows.get(pk=artifact.pk)
    if locked.team == team:
        return locked
    blobs = Blob.objects.filter(entries__version__artifact=locked).distinct()
    require_quota(limited, blobs, assigned_by)
    before = locked.team
    _move_folders(locked)
    locked.team = team
    locked.updated_at = timezone.now()
    locked.save(update_fields=["team", "updated_at"])
    record_all(_assignment_events(locked, before, assigned_by))
    logger.info(
        "artifact assigned artifact=%s from=%s to=%s",
        locked, before or EVERYONE, locked.owner,
    )  # fmt: skip
    return locked


def _assignment_events(
    artifact: Artifact, before: Team | None, assigned_by: Caller
) -> list[AuditEvent]:
    """One for each team, in whose rows it is found: what it lost under the name it had there."""
    was = Artifact(type=artifact.type, name=artifact.name, team=before)
    return [
        make_event(
            "artifact.assign", caller=assigned_by, obj=artifact, name=str(one), team=one.owner,
            before={"team": was.owner}, after={"team": artifact.owner},
        )
        for one in (was, artifact)
        if one.team is not None
    ]  # fmt: skip


def _move_folders(artifact: Artifact) -> None:
    """After the commit: the folders of its versions go from where they are and are made anew."""
    was = Artifact(type=artifact.type, name=artifact.name, team=artifact.team)
    versions = list(Version.objects.filter(artifact=artifact).values_list("pk", "number"))

    def remove() -> None:
        reached("assign.committed")
        for _, number in versions:
            remove_version_tree(was, number)

    transaction.on_commit(remove, robust=True)
    for pk, _ in versions:
        build_after_commit(pk)


def owners_open_to(caller: Caller) -> list[str]:
    """For whom ``caller`` may log versions: ``everyone``, then teams by name, as far as he may."""
    access = access_of(caller)
    teams = Team.objects.order_by("name")
    if not access.sees_all:
        teams = teams.filter(pk__in=access.team_roles)
    owners = [(None, EVERYONE), *teams.values_list("pk", "name")]
    return [name for pk, name in owners if (access.role_on(pk) or 0) >= Role.CONTRIBUTOR]
