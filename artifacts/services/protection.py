"""Protected aliases: only maintainers move them, and perhaps only if they say why.

An alias is protected by a flag of its own, or because its name fits a pattern, which holds for
every artifact (``ProtectedAlias``).
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from accounts.access import Caller
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import AliasProtected, CommentNeeded
from artifacts.models import Alias, Artifact, ProtectedAlias, Version
from artifacts.services.access import require_on


class Patterns:
    """The patterns as they were when this was made, in one query; there are few."""

    def __init__(self) -> None:
        rows = ProtectedAlias.objects.values_list("pattern", "needs_comment")
        self._patterns = [(unicodedata.normalize("NFC", text), needs) for text, needs in rows]

    def protect(self, name: str) -> bool:
        """Whether an alias of this name is protected, whatever its own flag says."""
        return any(fnmatchcase(name, pattern) for pattern, _ in self._patterns)

    def want_comment(self, name: str) -> bool:
        """Whether moving an alias of this name has to be explained."""
        return any(needs and fnmatchcase(name, pattern) for pattern, needs in self._patterns)


def require_to_move(
    *, artifact: Artifact, names: Collection[str], moved_by: Caller, comment: str = ""
) -> None:
    """Raise AccessDenied (403), CommentNeeded (400) where one of these aliases may not be moved.

    The caller holds the lock of ``artifact``, or asks early, and again under the lock: an alias may
    become protected meanwhile. An artifact that is not saved yet has no aliases, but the patterns
    hold.
    """
    if not names:
        return
    patterns = Patterns()
    for name in sorted(protected_names(artifact, names, patterns)):
        what = say("The alias {name} is protected: moving it", name=name)
        require_on(moved_by, Role.MAINTAINER, artifact, what=what)
    wanting = [name for name in names if patterns.want_comment(name)]
    if wanting and not comment:
        raise CommentNeeded(
            say("The alias {alias} moves only with a comment that says why.", alias=wanting[0])
        )


def protected_names(artifact: Artifact, names: Collection[str], patterns: Patterns) -> set[str]:
    """Those of ``names``, aliases of ``artifact``, that are protected.

    An artifact that is not saved yet has none with a flag of its own.
    """
    found = {name for name in names if patterns.protect(name)}
    if not artifact.pk:
        return found
    flagged = Alias.objects.filter(artifact=artifact, name__in=names, is_protected=True)
    return found.union(flagged.values_list("name", flat=True))


def is_protected(alias: Alias, patterns: Patterns) -> bool:
    """Whether ``alias`` is protected, by its flag or by its name."""
    return alias.is_protected or patterns.protect(alias.name)


def refuse_protected(versions: Sequence[Version]) -> None:
    """Raise AliasProtected (409), naming them, where protected aliases keep some of these."""
    aliases = list(Alias.objects.filter(version__in=versions).order_by("name"))
    kept = _kept(aliases, Patterns()) if aliases else {}
    if kept:
        names = [str(version) for version in versions if version.pk in kept.values()]
        raise AliasProtected(", ".join(names), list(kept))


def _kept(aliases: Iterable[Alias], patterns: Patterns) -> dict[str, int]:
    return {one.name: one.version_id for one in aliases if is_protected(one, patterns)}
