"""What each team has, and what belongs to everyone."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from accounts.access import Caller, access_of
from accounts.models import Team
from accounts.names import EVERYONE
from artifacts.models import Version
from artifacts.services.limits import held_by, used_bytes

QUOTAS = 10
"""So many quotas are measured for one answer: each takes queries of its own."""

Figures = tuple[int, int, int]


@dataclass(frozen=True)
class OwnerSize:
    """What the live versions of one owner's are (``team`` None: everyone's).

    ``used_bytes`` is what its quota says is used, soft-deleted versions' content too; None where it
    has none, or was not measured.
    """

    team: Team | None
    artifacts: int
    versions: int
    size_bytes: int
    used_bytes: int | None

    @property
    def name(self) -> str:
        """The team's name, or ``everyone``."""
        return self.team.name if self.team else EVERYONE

    @property
    def quota_bytes(self) -> int | None:
        """What the team may use; None: no limit."""
        return self.team.quota_bytes if self.team else None

    @property
    def used_share(self) -> float | None:
        """Of its quota, 0 to 1 and above; None where that is not known."""
        if self.used_bytes is None or self.quota_bytes is None:
            return None
        return self.used_bytes / self.quota_bytes if self.quota_bytes else 1.0


def measure_owners(asked_by: Caller, *, first: str = "") -> tuple[OwnerSize, ...]:
    """The teams that ``asked_by`` may see, empty ones too, and everyone's; largest first.

    Measured are the quotas of the first ``QUOTAS`` that have one, that of the team called ``first``
    before all. In two queries, and those of each quota.
    """
    live = _live(asked_by)
    teams = sorted(_visible_teams(asked_by), key=lambda team: (-_size(live, team.pk), team.name))
    limited = [team for team in teams if team.quota_bytes is not None]
    measured = sorted(limited, key=lambda team: team.name != first)[:QUOTAS]
    used = _used(measured, asked_by)
    found = [OwnerSize(one, *live.get(one.pk, (0, 0, 0)), used.get(one.pk)) for one in teams]
    if None in live:
        found.append(OwnerSize(None, *live[None], None))
    return tuple(sorted(found, key=lambda one: (-one.size_bytes, one.name)))


def _live(asked_by: Caller) -> dict[int | None, Figures]:
    rows = Version.objects.visible_to(asked_by).live().order_by().values("artifact__team")
    sizes = rows.annotate(
        artifacts=Count("artifact", distinct=True), versions=Count("pk"), bytes=Sum("size_bytes")
    )
    columns = ("artifact__team", "artifacts", "versions", "bytes")
    return {team: (one, two, three) for team, one, two, three in sizes.values_list(*columns)}


def _size(live: dict[int | None, Figures], team_id: int) -> int:
    return live.get(team_id, (0, 0, 0))[2]


def _visible_teams(asked_by: Caller) -> QuerySet[Team]:
    access = access_of(asked_by)
    return Team.objects.all() if access.sees_all else Team.objects.filter(pk__in=access.team_roles)


def _used(teams: Iterable[Team], asked_by: Caller) -> dict[int, int]:
    return {team.pk: used_bytes(held_by(team), team, asked_by) for team in teams}
