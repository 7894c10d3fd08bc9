"""Where aliases pointed: what a reference with a time, as ``name:production@2026-05-01``, means."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.sentences import say
from artifacts.errors import AliasNotFound, Invalid
from artifacts.models import AliasEvent, Artifact, Version
from artifacts.services.aliases import alias_names


@dataclass(frozen=True)
class PastTarget:
    """Where an alias pointed at some time; since ``moved_at``, by ``moved_by``."""

    version: Version
    moved_at: datetime
    moved_by: User | None


def require_past(at: datetime, *, field: str) -> None:
    """Raise Invalid (400), which names ``field``, for a time to come: the alias may still move."""
    if at > timezone.now():
        raise Invalid(
            {field: [say("{at} has not come yet: the alias may still move", at=write_time(at))]}
        )


def resolve_alias_at(*, artifact: Artifact, name: str, at: datetime) -> PastTarget:
    """Where ``name`` pointed at the moment ``at``, in the state its version is in now.

    ``latest`` is the highest version made until then that is ready now.

    Raises AliasNotFound (404), which says why: the alias is younger, it was removed then, or its
    version has been deleted since.
    """
    if name == "latest":
        return _latest_at(artifact, at)
    events = AliasEvent.objects.filter(artifact=artifact, name=name)
    event = events.filter(at__lte=at).select_related("by").order_by("-id").first()
    if event is None:
        raise _not_found(artifact, name, at, _why_not_yet(events.order_by("id").first()))
    if event.to_number is None:
        why = say("it was removed at {at}", at=write_time(event.at))
        raise _not_found(artifact, name, at, why)
    # A rebuild of the database knows the move, but not a version whose folder was lost.
    version: Version | None = artifact.versions.filter(number=event.to_number).first()
    if version is None or version.deleted_at or version.purged_at:
        is_gone = version is None or version.purged_at
        status = say("purged") if is_gone else say("deleted")
        why = say("its version v{number} is {status}", number=event.to_number, status=status)
        raise _not_found(artifact, name, at, why)
    version.artifact = artifact
    return PastTarget(version, event.at, event.by)


def _latest_at(artifact: Artifact, at: datetime) -> PastTarget:
    ready = artifact.versions.ready().select_related("created_by")
    found: Version | None = ready.filter(created_at__lte=at).order_by("-number").first()
    if found is None:
        first = ready.order_by("number").first()
        since = write_time(first.created_at) if first else ""
        why = say("what is ready exists since {at}", at=since) if first else ""
        raise _not_found(artifact, "latest", at, why)
    found.artifact = artifact
    return PastTarget(found, found.created_at, found.created_by)


def _why_not_yet(first: AliasEvent | None) -> str:
    return say("it exists since {at}", at=write_time(first.at)) if first else ""


def _not_found(artifact: Artifact, name: str, at: datetime, why: str) -> AliasNotFound:
    alias = f"{name}@{write_time(at)}"
    return AliasNotFound(artifact.name, alias, existing=alias_names(artifact), why=why)


def write_time(moment: datetime) -> str:
    """``moment`` as people may write it behind an ``@``, to the microsecond."""
    return moment.isoformat().replace("+00:00", "Z")
