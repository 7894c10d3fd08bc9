"""The four roles, how Django's groups and permissions carry them, and what they let somebody do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models
from django.db.models import Q


class Role(models.IntegerChoices):
    """What somebody may do; each role may do what those before it may."""

    VIEWER = 10, "viewer"
    CONTRIBUTOR = 20, "contributor"
    MAINTAINER = 30, "maintainer"
    ADMIN = 40, "admin"


PERMISSIONS = {
    Role.VIEWER: ("read_artifacts", "Read and download artifacts"),
    Role.CONTRIBUTOR: ("log_artifacts", "Log runs and versions, describe them, move aliases"),
    Role.MAINTAINER: ("maintain_artifacts", "Delete, restore and purge any version"),
    Role.ADMIN: ("administer_portal", "Manage users, teams and settings"),
}
"""The permission (of the app ``accounts``) that makes a role, and what it says in the admin.

There is a group for each role, called like it, with its permission and those below.
"""

TEAM_ROLES = (Role.VIEWER, Role.CONTRIBUTOR, Role.MAINTAINER)
"""Those that a team can give: users and settings are everybody's."""


class Scope(models.TextChoices):
    """How much of what its owner may do a token may do."""

    READ = "read", "read"
    WRITE = "write", "read and write"
    ADMIN = "admin", "everything"


HIGHEST_ROLE = {Scope.READ: Role.VIEWER, Scope.WRITE: Role.MAINTAINER, Scope.ADMIN: Role.ADMIN}
"""What a token makes of a higher role of its owner."""


@dataclass(frozen=True)
class Access:
    """What one caller may do: the ``role`` everywhere and, by team id, ``team_roles``.

    ``cap`` is the highest role that the token of the request leaves.
    """

    role: Role | None = None
    team_roles: Mapping[int, Role] = field(default_factory=dict)
    cap: Role = Role.ADMIN
    sees_all: bool = False

    def role_on(self, team_id: int | None) -> Role | None:
        """The role on what belongs to a team (None: to everyone); None: it does not exist."""
        if team_id is None or self.sees_all:
            return self._capped(self.role)
        in_team = self.team_roles.get(team_id)
        return None if in_team is None else self._capped(max(in_team, self.role or in_team))

    @property
    def highest(self) -> Role | None:
        """The role where it is highest."""
        roles = [*self.team_roles.values(), *([] if self.role is None else [self.role])]
        return self._capped(max(roles, default=None))

    def _capped(self, role: Role | None) -> Role | None:
        return None if role is None else min(role, self.cap)

    def visible(self, team_field: str) -> Q:
        """What of rows that belong to the team in ``team_field`` may be seen."""
        if self.sees_all:
            return Q()
        mine = Q(**{f"{team_field}__in": sorted(self.team_roles)})
        return mine if self.role is None else mine | Q(**{team_field: None})

    def sql_values(self) -> dict[str, bool | list[int]]:
        """What :meth:`visible` asks, as parameters of a query that is written in SQL."""
        return {
            "sees_all": self.sees_all,
            "sees_everyones": self.role is not None,
            "teams": sorted(self.team_roles),
        }
