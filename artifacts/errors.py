"""One class per refusal. The domain raises, ``runicorn_site/api.py`` translates, once.

``code`` is part of the API and clients map it to exceptions; the text may change, except for the
two 404 texts the contract fixes.
"""

from accounts.errors import AccessDenied, Conflict, DomainError, Invalid, NotFound
from accounts.sentences import say

# Those of every room may be imported from here too.
__all__ = ["AccessDenied", "Conflict", "DomainError", "Invalid", "NotFound"]


class ArtifactNotFound(NotFound):
    """No artifact of that name; the text is fixed by the contract."""

    code = "artifact_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(say("Artifact not found: {name}", name=name))


class VersionNotFound(NotFound):
    """No such version; the text is fixed by the contract."""

    code = "version_not_found"

    def __init__(self, name: str, version: str) -> None:
        super().__init__(say("Version not found: {name}:{version}", name=name, version=version))


class AliasNotFound(NotFound):
    """No such alias; says which exist."""

    code = "alias_not_found"

    def __init__(self, name: str, alias: str, *, existing: list[str], why: str = "") -> None:
        known = ", ".join(existing) or say("none")
        said = f"{name}:{alias}"
        said = say("{what} ({why})", what=said, why=why) if why else said
        super().__init__(
            say("Alias not found: {what}; aliases: {known}", what=said, known=known),
            aliases=existing,
        )


class FileNotFound(NotFound):
    """No file of that path in the version."""

    code = "file_not_found"


class BlobNotFound(NotFound):
    """No blob with that digest, or none the caller may read."""

    code = "blob_not_found"


class RunNotFound(NotFound):
    """No run with that id."""

    code = "run_not_found"

    def __init__(self, run_id: str) -> None:
        super().__init__(say("Run not found: {id}", id=run_id))


class AmbiguousType(Conflict):
    """A write named an artifact that exists in several types."""

    code = "ambiguous_type"

    def __init__(self, name: str, types: list[str]) -> None:
        listed = ", ".join(types)
        text = say(
            "{name} exists in several types ({listed}): say which type.", name=name, listed=listed
        )
        super().__init__(text, types=types)


class AmbiguousTeam(Conflict):
    """A write named an artifact that several teams of the caller have."""

    code = "ambiguous_team"

    def __init__(self, name: str, teams: list[str]) -> None:
        listed = ", ".join(teams)
        text = say(
            "{name} exists in several teams ({listed}): say which.", name=name, listed=listed
        )
        super().__init__(text, teams=teams)


class CommentNeeded(DomainError):
    """A protected alias moves only with a comment that says why."""

    code = "comment_needed"


class MissingBlobs(Conflict):
    """The manifest names content that is not stored."""

    code = "missing_blobs"

    def __init__(self, digests: list[str]) -> None:
        many = say("{num} blobs are not stored yet.", num=len(digests))
        text = say("1 blob is not stored yet.") if len(digests) == 1 else many
        super().__init__(text, missing=digests)


class AliasMoved(Conflict):
    """The alias is not where the caller saw it."""

    code = "alias_moved"

    def __init__(self, alias: str, current: int | None) -> None:
        gone = say("Alias {alias} does not exist now.", alias=alias)
        there = say("Alias {alias} points at v{number} now.", alias=alias, number=current)
        super().__init__(there if current else gone, version=current)


class AliasProtected(Conflict):
    """A protected alias keeps its version."""

    code = "alias_protected"

    def __init__(self, version: str, aliases: list[str]) -> None:
        listed = ", ".join(aliases)
        text = say(
            "{version} is kept by the protected alias {listed}.", version=version, listed=listed
        )
        super().__init__(text, aliases=aliases)


class RunConflict(Conflict):
    """A run with that id exists and is another one."""

    code = "run_conflict"


class UploadOffset(Conflict):
    """A part does not begin where the bytes end that were received so far."""

    code = "upload_offset"

    def __init__(self, received: int) -> None:
        text = say("{received} bytes were received so far: go on from there.", received=received)
        super().__init__(text, received=received)


class UploadInProgress(Conflict):
    """Another request is sending the same content just now."""

    code = "upload_in_progress"


class NegotiationStale(Conflict):
    """What was negotiated no longer holds, or nothing was: send the list of chunks again."""

    code = "negotiation_stale"


class VersionNotReady(Conflict):
    """A write needs a ready version and this one is deleted or corrupted."""

    code = "version_not_ready"


class ContentDeleted(DomainError):
    """The content of a soft-deleted version was asked for."""

    code = "version_deleted"
    status = 410


class LengthRequired(DomainError):
    """A body came without a length and without a chunked end."""

    code = "length_required"
    status = 411


class TooLarge(DomainError):
    """The body is over the limit, which the text names."""

    code = "too_large"
    status = 413


class RangeNotSatisfiable(DomainError):
    """The range asked for lies outside the content, which has ``size_bytes`` bytes."""

    code = "range"
    status = 416

    def __init__(self, size_bytes: int) -> None:
        text = say("Range: the content has {size_bytes} bytes.", size_bytes=size_bytes)
        super().__init__(text, size_bytes=size_bytes)
        self.headers = {"Content-Range": f"bytes */{size_bytes}"}


class DigestMismatch(DomainError):
    """The bytes do not have the digest they were sent under."""

    code = "digest_mismatch"
    status = 422


class SizeMismatch(DomainError):
    """There are fewer or more bytes than declared."""

    code = "size_mismatch"
    status = 422


class NotComparable(DomainError):
    """The content of a file is none that can be compared so; the text says why."""

    code = "not_comparable"
    status = 422


class Corrupted(DomainError):
    """Stored content is damaged or gone; its download is refused, a new upload heals it."""

    code = "corrupted"
    status = 422


class Gone(Corrupted):
    """A file of stored content is not where the rows said; who asked may look at them again."""


class StoreUnavailable(DomainError):
    """The store's disk is absent, unreadable or another store's."""

    code = "store_unavailable"
    status = 503


class QuotaExceeded(DomainError):
    """The team's artifacts would take more bytes on disk than its quota; nothing was kept.

    ``asked_bytes`` are those that this would add to the ``used_bytes`` and to the
    ``pending_bytes``, which the caller has sent for the team and not committed.
    """

    code = "quota_exceeded"
    status = 507

    def __init__(self, team: str, *, quota: int, used: int, pending: int, asked: int) -> None:
        has_used = say(
            "The team {team} has used {used} of its quota of {quota} bytes",
            team=team,
            used=used,
            quota=quota,
        )
        sent = say("you have sent {pending} that no version of its has yet", pending=pending)
        told = say("{one}, {other}", one=has_used, other=sent) if pending else has_used
        super().__init__(
            say("{what}; this needs {asked}.", what=told, asked=asked),
            quota_bytes=quota,
            used_bytes=used,
            pending_bytes=pending,
            asked_bytes=asked,
        )


class StorageFull(DomainError):
    """No space left; nothing was kept."""

    code = "storage_full"
    status = 507
