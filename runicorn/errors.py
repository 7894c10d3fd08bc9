"""What can go wrong, one class per reason, all below :class:`RunicornError`.

The server names the reason in ``code`` and :func:`error_from_response` turns that into a class;
texts are for people and are never parsed. Several classes are also the built-in exception a
caller of Runicorn 0.5 would expect (``FileNotFoundError``, ``ValueError``, ``ConnectionError``).
"""

# The names say what is wrong; "Error" at the end of each would only make them longer.
# ruff: noqa: N818

from collections.abc import Mapping


class RunicornError(Exception):
    """Base of everything this package raises on purpose.

    ``status`` is the HTTP status, None where the refusal was made on this side; ``details`` are
    the further keys of the server's answer.
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.details = dict(details or {})

    def __str__(self) -> str:
        """Show the message alone, whatever built-in exception the class also is."""
        return self.message

    def _names(self, key: str) -> list[str]:
        found = self.details.get(key)
        return [str(name) for name in found] if isinstance(found, list) else []


class NotFoundError(RunicornError):
    """It is not there, or not yours to see."""

    code = "not_found"


class ArtifactNotFound(NotFoundError, FileNotFoundError):
    """No artifact has that name."""

    code = "artifact_not_found"


class VersionNotFound(NotFoundError, FileNotFoundError):
    """The artifact has no such version."""

    code = "version_not_found"


class AliasNotFound(NotFoundError, ValueError):
    """The artifact has no such alias; ``aliases`` are the ones it has."""

    code = "alias_not_found"

    @property
    def aliases(self) -> list[str]:
        """The aliases that exist."""
        return self._names("aliases")


class RunNotFound(NotFoundError):
    """No run has that id."""

    code = "run_not_found"


class VersionFileNotFound(NotFoundError, FileNotFoundError):
    """The version has no file of that path."""

    code = "file_not_found"


class BlobNotFound(NotFoundError):
    """No content with that digest is stored."""

    code = "blob_not_found"


class AuthenticationRequired(RunicornError, PermissionError):
    """The server wants to know who you are: ``runicorn login``, or ``RUNICORN_API_KEY``."""

    code = "unauthenticated"


class AccessDenied(RunicornError, PermissionError):
    """The server knows who you are, and you may not."""

    code = "denied"


class InvalidInput(RunicornError, ValueError):
    """The server found the request outside the rules; ``errors`` says which field and why."""

    code = "invalid"

    @property
    def errors(self) -> dict[str, list[str]]:
        """Field → what is wrong with it."""
        found = self.details.get("errors")
        return dict(found) if isinstance(found, dict) else {}


class CommentNeeded(InvalidInput):
    """A protected alias moves only with a comment that says why."""

    code = "comment_needed"


class NotComparable(InvalidInput):
    """A file is too large, no text or no file of tensors, and so cannot be compared like that."""

    code = "not_comparable"


class TooLarge(InvalidInput):
    """The request is over a limit of the server's."""

    code = "too_large"


class Conflict(RunicornError):
    """The request is fine, the state of things is against it."""

    code = "conflict"


class AmbiguousType(Conflict):
    """The name exists in several ``types``; say which."""

    code = "ambiguous_type"

    @property
    def types(self) -> list[str]:
        """The types the name exists in."""
        return self._names("types")


class AmbiguousTeam(Conflict):
    """Several of your ``teams`` have the name; say which."""

    code = "ambiguous_team"

    @property
    def teams(self) -> list[str]:
        """The teams that have it."""
        return self._names("teams")


class MissingBlobs(Conflict):
    """A commit named content the server does not have; ``missing`` are the digests."""

    code = "missing_blobs"

    @property
    def missing(self) -> list[str]:
        """Digests still to be sent."""
        return self._names("missing")


class AliasMoved(Conflict):
    """The alias is not where you saw it."""

    code = "alias_moved"


class AliasProtected(Conflict):
    """A protected alias keeps the version; ``aliases`` names it."""

    code = "alias_protected"

    @property
    def aliases(self) -> list[str]:
        """The protected aliases."""
        return self._names("aliases")


class RunConflict(Conflict):
    """A run with that id exists and has another project or name."""

    code = "run_conflict"


class UploadOffset(Conflict):
    """A part of an upload does not begin where the bytes end that the server has."""

    code = "upload_offset"

    @property
    def received(self) -> int:
        """How many bytes the server has: go on from there."""
        found = self.details.get("received")
        return found if isinstance(found, int) else 0


class UploadInProgress(Conflict):
    """Another request is sending the same content just now."""

    code = "upload_in_progress"


class NegotiationStale(Conflict):
    """What was negotiated about an upload no longer holds: send the list of chunks again."""

    code = "negotiation_stale"


class VersionNotReady(Conflict):
    """The version is deleted or corrupted, and this needs a ready one."""

    code = "version_not_ready"


class ContentDeleted(RunicornError):
    """The version is deleted: it can be looked at, not read, until it is restored."""

    code = "version_deleted"


class IntegrityError(RunicornError):
    """The bytes are not the ones they should be."""

    code = "integrity"


class DigestMismatch(IntegrityError):
    """The server received bytes that do not have the digest they were sent under."""

    code = "digest_mismatch"


class SizeMismatch(IntegrityError):
    """The server received more or fewer bytes than declared."""

    code = "size_mismatch"


class ContentCorrupted(IntegrityError):
    """The server's copy is damaged, so it refuses to hand it out; uploading it again heals it."""

    code = "corrupted"


class SourceChanged(IntegrityError):
    """A file changed, or went away, while it was being read for an upload."""

    code = "source_changed"


class NotCached(RunicornError, FileNotFoundError):
    """Offline, and the version, or some of its content, is not in the cache."""

    code = "not_cached"


class NeedsPortal(RunicornError, RuntimeError):
    """Only the portal can tell, and this run is offline or disabled."""

    code = "needs_portal"


class SyncInProgress(Conflict):
    """Another process is sending what was logged offline."""

    code = "sync_in_progress"


class RunEnded(RunicornError, RuntimeError):
    """The run is finished or failed, and what is logged belongs to a running one."""

    code = "run_ended"


class TransferStopped(RunicornError):
    """Another transfer of the same lot failed, so this one was given up."""

    code = "stopped"


class ServerUnavailable(RunicornError, ConnectionError):
    """The server cannot be reached, or says it is too busy."""

    code = "busy"


class ServerUnreachable(ServerUnavailable):
    """Nothing answers at the address: no connection, or it broke off."""

    code = "unreachable"


class StorageFull(RunicornError):
    """The server's disk is full; nothing was kept."""

    code = "storage_full"


class QuotaExceeded(StorageFull):
    """The team's artifacts would take more bytes on disk than its quota; nothing was kept."""

    code = "quota_exceeded"


class ServerError(RunicornError):
    """The server failed, or is not a Runicorn server."""

    code = "server_error"


_CLASSES: tuple[type[RunicornError], ...] = (
    NotFoundError,
    ArtifactNotFound,
    VersionNotFound,
    AliasNotFound,
    RunNotFound,
    VersionFileNotFound,
    BlobNotFound,
    AuthenticationRequired,
    AccessDenied,
    InvalidInput,
    CommentNeeded,
    NotComparable,
    TooLarge,
    Conflict,
    AmbiguousType,
    AmbiguousTeam,
    MissingBlobs,
    AliasMoved,
    AliasProtected,
    RunConflict,
    UploadOffset,
    UploadInProgress,
    NegotiationStale,
    ContentDeleted,
    VersionNotReady,
    DigestMismatch,
    SizeMismatch,
    ContentCorrupted,
    ServerUnavailable,
    StorageFull,
    QuotaExceeded,
)
_BY_CODE = {cls.code: cls for cls in _CLASSES} | {"store_unavailable": ServerUnavailable}
_BY_STATUS: dict[int, type[RunicornError]] = {
    401: AuthenticationRequired,
    403: AccessDenied,
    404: NotFoundError,
    409: Conflict,
    410: ContentDeleted,
    413: TooLarge,
    422: IntegrityError,
    429: ServerUnavailable,
    502: ServerUnavailable,
    503: ServerUnavailable,
    504: ServerUnavailable,
    507: StorageFull,
}


def error_from_response(status: int, body: Mapping[str, object]) -> RunicornError:
    """Make the exception for an error answer: by its ``code``, else by its status."""
    known = _BY_CODE.get(str(body.get("code", ""))) or _BY_STATUS.get(status)
    cls = known or (ServerError if status >= 500 else InvalidInput)
    message = str(body.get("detail") or f"The server answered {status}.")
    details = {key: value for key, value in body.items() if key not in {"detail", "code"}}
    return cls(message, status=status, details=details)
