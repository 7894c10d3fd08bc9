"""What a page offers: only what the caller may do. The services ask again."""

from dataclasses import dataclass

from accounts.access import Caller, user_or_none
from accounts.roles import Role
from artifacts.models import Artifact, Version
from artifacts.services.access import role_on


@dataclass(frozen=True)
class Rights:
    """Of one caller on one artifact."""

    caller: Caller
    role: Role | None

    @property
    def can_write(self) -> bool:
        """Describe versions, move aliases that are not protected, delete his own."""
        return self.role is not None and self.role >= Role.CONTRIBUTOR

    @property
    def can_maintain(self) -> bool:
        """Everything, for ever too."""
        return self.role is not None and self.role >= Role.MAINTAINER

    def can_move(self, *, is_protected: bool) -> bool:
        """Whether he moves or removes an alias."""
        return self.can_maintain if is_protected else self.can_write

    def can_delete(self, version: Version) -> bool:
        """Whether he soft-deletes ``version``: his own, or any that he maintains."""
        user = user_or_none(self.caller)
        is_own = user is not None and version.created_by_id == user.pk
        return self.can_maintain or (is_own and self.can_write)


def rights_on(artifact: Artifact, caller: Caller) -> Rights:
    """What ``caller`` may do with ``artifact``."""
    return Rights(caller, role_on(caller, artifact))
