"""Uploads in parts: what came before a break is kept, and the client goes on from there.

The parts of one content must come in order, one request at a time; each user has an upload of
his own of it, so nobody can spoil another's. When the last byte is there the whole is hashed,
and stored like any other upload.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accounts.access import Caller, user_or_none
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import DigestMismatch, SizeMismatch, UploadOffset
from artifacts.models import Blob
from artifacts.names import ArtifactName
from artifacts.services.access import require_somewhere
from artifacts.services.blobs import store_file
from artifacts.services.connections import release_connection
from artifacts.services.contents import is_stored
from artifacts.services.limits import refuse_large
from artifacts.services.room import require_room
from artifacts.services.store import current_store
from artifacts.storage.negotiation import forget_negotiation
from artifacts.storage.partial import Partial, open_partial, received_of
from artifacts.storage.staging import Source


@dataclass(frozen=True)
class Part:
    """The bytes ``start`` to ``end`` (exclusive) of ``total``."""

    start: int
    end: int
    total: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class Progress:
    """How far an upload is; ``blob`` is None until it is complete."""

    received: int
    blob: Blob | None = None
    is_new: bool = False


def upload_name(sha256: str, caller: Caller) -> str:
    """How the upload of this content by ``caller`` is called."""
    user = user_or_none(caller)
    return f"{sha256}-{user.pk if user else 'open'}"


def receive_part(
    *,
    source: Source,
    sha256: str,
    part: Part,
    stored_by: Caller,
    artifact: ArtifactName | None = None,
) -> Progress:
    """Take the next part; with the last one the content is stored.

    Raises AccessDenied (403), UploadOffset (409) where the part is not the next one,
    UploadInProgress (409), SizeMismatch (422) for a body that is not as long as the part (what
    came of the part is kept), DigestMismatch (422) for a whole of another digest (nothing is
    kept), StorageFull (507); TooLarge (413), QuotaExceeded (507) before anything is read.
    """
    require_somewhere(stored_by, Role.CONTRIBUTOR)
    refuse_large(part.total)
    require_room(artifact=artifact, sizes={sha256: part.total}, sent_by=stored_by)
    release_connection()
    with open_partial(current_store(), upload_name(sha256, stored_by)) as partial:
        append_part(partial, source, part)
        if partial.received < part.total:
            return Progress(partial.received)
        return _finish(partial, sha256, stored_by, artifact)


def append_part(partial: Partial, source: Source, part: Part) -> None:
    """Write a part behind what came before.

    Raises UploadOffset (409), SizeMismatch (422) with what is there by then.
    """
    received = partial.received
    if received > part.total:  # it was begun with another total: no way leads on from there
        partial.remove()
        raise UploadOffset(0)
    if part.start != received:
        raise UploadOffset(received)
    with _told_received(partial):
        count = partial.append(source, part.length)
        if count < part.length:
            raise SizeMismatch(
                say(
                    "The body ended after {count} of the {length} bytes said.",
                    count=count,
                    length=part.length,
                )
            )


@contextmanager
def _told_received(partial: Partial) -> Iterator[None]:
    try:
        yield
    except SizeMismatch as error:
        raise SizeMismatch(error.detail, received=partial.received) from None


def ask_upload(
    *, sha256: str, total: int, asked_by: Caller, artifact: ArtifactName | None = None
) -> Progress:
    """How much came of an upload of ``total`` bytes; one that has all its bytes is completed.

    Raises AccessDenied (403), SizeMismatch (422) where the content is stored and has another size;
    otherwise as :func:`receive_part`.
    """
    require_somewhere(asked_by, Role.CONTRIBUTOR)
    refuse_large(total)
    require_room(artifact=artifact, sizes={sha256: total}, sent_by=asked_by)
    blob = find_stored_blob(sha256, asked_by)
    if blob is not None:
        if blob.size_bytes != total:
            raise SizeMismatch(
                say(
                    "{digest} has {size_bytes} bytes, not {total}.",
                    digest=blob.digest,
                    size_bytes=blob.size_bytes,
                    total=total,
                )
            )
        return Progress(total, blob)
    name = upload_name(sha256, asked_by)
    received = received_of(current_store(), name)
    if received == total:
        with open_partial(current_store(), name) as partial:
            if partial.received == total:  # nobody was quicker
                return _finish(partial, sha256, asked_by, artifact)
    return Progress(received if received < total else 0)


def find_stored_blob(sha256: str, asked_by: Caller) -> Blob | None:
    """The sound stored content of this digest, if ``asked_by`` may read it."""
    visible = Blob.objects.visible_to(asked_by).healthy().filter(sha256=sha256)
    blob: Blob | None = visible.first()
    return blob if blob is not None and is_stored(blob) else None


def _finish(
    partial: Partial, sha256: str, stored_by: Caller, artifact: ArtifactName | None
) -> Progress:
    received = partial.received
    try:
        blob, is_new = store_file(
            path=partial.path, sha256=sha256, size_bytes=received, stored_by=stored_by,
            artifact=artifact,
        )  # fmt: skip
    except (DigestMismatch, SizeMismatch):
        partial.remove()
        raise
    partial.remove()
    forget_negotiation(current_store(), upload_name(sha256, stored_by))  # it was not worth it
    return Progress(received, blob, is_new)
