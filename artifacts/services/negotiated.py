"""Uploads that leave out what the server has: the client lists its chunks, the server says which
it needs, and only those travel.

The list is a claim and nothing more: every chunk sent is hashed against it, and the whole, as put
together from what was sent and what older contents hold, against the digest of the content.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accounts.access import Caller
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import Corrupted, DigestMismatch, Invalid, NegotiationStale
from artifacts.models import Blob
from artifacts.names import ArtifactName
from artifacts.services.access import require_somewhere
from artifacts.services.candidates import Candidates, find_candidates
from artifacts.services.claims import claim_blob, must_become_whole, nameable
from artifacts.services.connections import release_connection
from artifacts.services.integrity import mark_damaged
from artifacts.services.limits import refuse_large
from artifacts.services.publishing import (
    ExtentsPlan,
    PlanChanged,
    has_row,
    publish,
    publish_extents,
    touch_stored,
)
from artifacts.services.room import find_limited, require_room
from artifacts.services.store import current_store
from artifacts.services.uploads import Part, Progress, append_part, find_stored_blob, upload_name
from artifacts.storage import staging
from artifacts.storage.chunks import ChunkList, chunk_id
from artifacts.storage.content import OwnBytes, has_bytes, open_own
from artifacts.storage.extents import finish_extents, reopen_body
from artifacts.storage.layout import Place, Store
from artifacts.storage.matching import is_worth_extents
from artifacts.storage.negotiation import (
    Agreed,
    Plan,
    read_agreed,
    read_plan,
    remove_plan,
    write_plan,
)
from artifacts.storage.partial import Partial, open_partial
from artifacts.storage.planning import plan_content
from artifacts.storage.staging import Source

ATTEMPTS = 3
PIECE = 1 << 20
HOOKS_AT_ONCE = 64
"""How many hooks of the list are looked up together; as many as a piece of the content has."""


@dataclass(frozen=True)
class Negotiated:
    """What the client has to send: ``needed`` are runs of chunks (number of the first, count)."""

    size_bytes: int
    num_chunks: int
    needed: list[tuple[int, int]]
    needed_bytes: int
    received: int
    is_stored: bool = False


def negotiate(
    *,
    sha256: str,
    chunks: ChunkList,
    asked_by: Caller,
    artifact: ArtifactName | None = None,
) -> Negotiated:
    """Say which of ``chunks``, which are the whole content in order, have to be sent.

    The same list again goes on with what has come already, while its bases stand.

    Raises AccessDenied (403), UploadInProgress (409), Invalid (400) where one chunk has two
    lengths, TooLarge (413), QuotaExceeded (507) for what has to be sent.
    """
    require_somewhere(asked_by, Role.CONTRIBUTOR)
    size_bytes = int(chunks.records["length"].sum(dtype=np.int64))
    refuse_large(size_bytes)
    if find_stored_blob(sha256, asked_by) is not None:
        return Negotiated(size_bytes, len(chunks), [], 0, 0, is_stored=True)
    store, name = current_store(), upload_name(sha256, asked_by)
    digest = hashlib.sha256(chunks.as_buffer()).hexdigest()
    with open_partial(store, f"{name}.chunks") as partial:
        plan = read_plan(store, name)
        if plan is None or plan.list_digest != digest or not _bases_stand(store, plan, asked_by):
            os.truncate(partial.path, 0)
            candidates = _find_candidates(sha256, chunks, artifact, asked_by)
            plan = Plan(digest, plan_content(sha256, chunks, candidates.index), chunks)
            write_plan(store, name, plan)
        received = min(partial.received, plan.needed_bytes)
    require_room(artifact=artifact, sizes={sha256: plan.needed_bytes}, sent_by=asked_by)
    return Negotiated(size_bytes, len(chunks), plan.needed, plan.needed_bytes, received)


def _bases_stand(store: Store, plan: Plan, asked_by: Caller) -> bool:
    try:
        return all(has_bytes(store, place) for place in _places_of(plan, asked_by).values())
    except NegotiationStale:
        return False


def _places_of(plan: Plan, asked_by: Caller) -> dict[str, Place]:
    """Where the bases have their bytes now.

    Raises NegotiationStale (409) when one is gone, or nothing that ``asked_by`` may read any more.
    """
    readable = Blob.objects.visible_to(asked_by).healthy()
    found = readable.with_digests(plan.columns.owners)
    places = {blob.sha256: blob.place for blob in found}
    if len(places) < len(plan.columns.owners):
        raise _stale()
    return places


def _stale() -> NegotiationStale:
    return NegotiationStale(
        say("What was negotiated holds no longer: send the list of chunks again.")
    )


def _find_candidates(
    sha256: str, chunks: ChunkList, artifact: ArtifactName | None, asked_by: Caller
) -> Candidates:
    candidates = find_candidates(artifact=artifact, uploader=asked_by, sha256=sha256)
    keys = chunks.hooks()
    for start in range(0, len(keys), HOOKS_AT_ONCE):
        candidates.find_more(keys[start : start + HOOKS_AT_ONCE])
    release_connection()
    return candidates


@dataclass(frozen=True)
class Upload:
    """What was agreed on, and what has come of it."""

    name: str
    agreed: Agreed
    partial: Partial

    @cached_property
    def plan(self) -> Plan:
        """The whole plan. Raises NegotiationStale (409) where it cannot be read."""
        plan = read_plan(current_store(), self.name)
        if plan is None:
            raise _stale()
        return plan

    def forget(self) -> None:
        """It is stored, or leads nowhere."""
        remove_plan(current_store(), self.name)
        self.partial.remove()

    def open_body(self) -> OwnBytes:
        """What came, by its offsets in the content."""
        fd = os.open(self.partial.path, os.O_RDONLY | os.O_CLOEXEC)
        return OwnBytes(fd, self.plan.columns.literals)


def receive_chunks(
    *,
    source: Source,
    sha256: str,
    part: Part,
    stored_by: Caller,
    artifact: ArtifactName | None = None,
) -> Progress:
    """Take the next part of the needed chunks; with the last one the content is stored.

    Raises NegotiationStale (409) where nothing was negotiated or a base is gone since,
    DigestMismatch (422) where a chunk or the whole is not what the list says (nothing is kept);
    otherwise as ``uploads.receive_part``.
    """
    require_somewhere(stored_by, Role.CONTRIBUTOR)
    release_connection()
    with _negotiated(sha256, part.total, stored_by) as upload:
        append_part(upload.partial, source, part)
        return _progress(upload, stored_by, artifact)


def ask_chunks(
    *, sha256: str, total: int, asked_by: Caller, artifact: ArtifactName | None = None
) -> Progress:
    """How much of the needed chunks came; where all did, the content is stored.

    Raises as :func:`receive_chunks`.
    """
    require_somewhere(asked_by, Role.CONTRIBUTOR)
    with _negotiated(sha256, total, asked_by) as upload:
        return _progress(upload, asked_by, artifact)


@contextmanager
def _negotiated(sha256: str, total: int, caller: Caller) -> Iterator[Upload]:
    """What was agreed on; forgotten where it leads nowhere."""
    store, name = current_store(), upload_name(sha256, caller)
    with open_partial(store, f"{name}.chunks") as partial:
        agreed = read_agreed(store, name)
        if agreed is None:
            partial.remove()
            raise NegotiationStale(say("Nothing was negotiated: send the list of chunks first."))
        if total != agreed.needed_bytes:
            raise Invalid(
                {
                    "Content-Range": [
                        say(
                            "the total is {needed_bytes} bytes here",
                            needed_bytes=agreed.needed_bytes,
                        )
                    ]
                }
            )
        upload = Upload(name, agreed, partial)
        try:
            yield upload
        except (DigestMismatch, NegotiationStale):
            upload.forget()
            raise


def _progress(upload: Upload, sent_by: Caller, artifact: ArtifactName | None) -> Progress:
    """How far it is; stores the content when all is there."""
    needed = upload.agreed.needed_bytes
    if upload.partial.received < needed:
        return Progress(upload.partial.received)
    release_connection()
    _check_sent(upload)
    blob, is_new = _assemble(current_store(), upload, sent_by)
    leans = _leans_of(upload.plan)
    upload.forget()
    team = find_limited(artifact, sent_by)
    return Progress(needed, *claim_blob(blob, sent_by, is_new=is_new, team=team, plan=leans))


def _check_sent(upload: Upload) -> None:
    """Raise DigestMismatch (422) for the first chunk sent that is not the one listed."""
    with upload.open_body() as body:
        for id_, offset, length in upload.plan.needed_chunks:
            sent = body.read_at(offset, length)
            if sent is None or chunk_id(sent) != id_:
                raise DigestMismatch(
                    say("The chunk sent for {id} has another blake3.", id=id_.hex())
                )


def _assemble(store: Store, upload: Upload, sent_by: Caller) -> tuple[Blob, bool]:
    """Store the content that is put together from what came and what the bases hold.

    Where ``sent_by`` may name it already nothing has to be proved; else all of it is read and
    hashed, stored or not: a list of chunks and a digest do not show that he has the content.
    """
    plan = upload.plan
    for _ in range(ATTEMPTS):
        known = nameable([plan.sha256], sent_by)
        blob = touch_stored(plan.sha256) if known else None
        if blob is not None:
            return blob, False
        places = _places_of(plan, sent_by)
        as_file = has_row(plan.sha256) or not _pays(plan)
        release_connection()
        with _opened(store, upload, places) as assembly:
            if as_file:
                return _store_file(store, assembly, sent_by)
            assembly.check()
        staged = finish_extents(store, upload.partial.path, plan.recipe)
        try:
            return publish_extents(ExtentsPlan(staged, plan.chunks, places)), True
        except PlanChanged:
            reopen_body(staged, upload.partial.path)
    raise _stale()


def _leans_of(plan: Plan) -> dict[str, int]:
    """What the content leans on, if nobody has stored it yet."""
    return dict(plan.recipe.bases) if _pays(plan) else {}


def _pays(plan: Plan) -> bool:
    size_bytes = plan.columns.size_bytes
    return is_worth_extents(size_bytes - plan.needed_bytes, size_bytes)


@contextmanager
def _opened(store: Store, upload: Upload, places: Mapping[str, Place]) -> Iterator["Assembly"]:
    with ExitStack() as stack:
        owners = {upload.plan.sha256: stack.enter_context(upload.open_body())}
        for sha256, place in places.items():
            owners[sha256] = stack.enter_context(_open_base(store, place))
        yield Assembly(upload.plan, owners)


def _open_base(store: Store, place: Place) -> OwnBytes:
    try:
        return open_own(store, place)
    except Corrupted:  # gone or torn since; whoever looks for bases next will not take it
        raise _stale() from None


class Assembly:
    """A content as it will be, open for reading once; ``owners`` hold the bytes."""

    def __init__(self, plan: Plan, owners: Mapping[str, OwnBytes]) -> None:
        self.plan = plan
        self._owners = owners
        self._pieces = self._read_pieces()

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most 1 MiB; none at the end.

        Raises NegotiationStale (409) where a base holds them no longer.
        """
        return next(self._pieces, b"")

    def _read_pieces(self) -> Iterator[bytes]:
        for owner, start, length in self.plan.extents():
            end = start + length
            for offset in range(start, end, PIECE):
                yield self._read_at(owner, offset, min(PIECE, end - offset))

    def _read_at(self, owner: str, offset: int, length: int) -> bytes:
        found = self._owners[owner].read_at(offset, length)
        if found is None:
            raise _stale()
        return found

    def check(self) -> None:
        """Raise DigestMismatch (422) unless the whole has the digest it was announced with."""
        digest = hashlib.sha256()
        for piece in self._pieces:
            digest.update(piece)
        if digest.hexdigest() != self.plan.sha256:
            found = digest.hexdigest()
            self.blame(say("The chunks together have the digest sha256:{sha256}.", sha256=found))

    def blame(self, detail: str) -> None:
        """Say whose fault a wrong digest is: a damaged base's, which is marked, or the list's.

        Raises NegotiationStale (409) or DigestMismatch (422).
        """
        damaged = [blob for blob in self._suspects() if mark_damaged(blob=blob)]
        if damaged:
            raise _stale()
        raise DigestMismatch(detail)

    def _suspects(self) -> Iterator[Blob]:
        """The bases that a chunk was found in whose bytes are not what its id says."""
        owners = {self._owner_of_wrong(*chunk) for chunk in self._chunks_of_bases()}
        yield from Blob.objects.with_digests([one for one in owners if one]).order_by("sha256")

    def _chunks_of_bases(self) -> Iterator[tuple[bytes, str, int, int]]:
        chunks = iter(self.plan.chunks)
        for owner, offset, size in self.plan.extents():
            position = offset
            while position < offset + size:
                id_, _, length = next(chunks)
                if owner != self.plan.sha256:
                    yield id_, owner, position, length
                position += length

    def _owner_of_wrong(self, id_: bytes, owner: str, offset: int, length: int) -> str | None:
        return None if chunk_id(self._read_at(owner, offset, length)) == id_ else owner


def _store_file(store: Store, assembly: Assembly, sent_by: Caller) -> tuple[Blob, bool]:
    """Store the content as one file, where it does not lie as it should already."""
    plan = assembly.plan
    try:
        staged = staging.stage(
            store, assembly, sha256=plan.sha256, size_bytes=plan.columns.size_bytes
        )
    except DigestMismatch as error:
        assembly.blame(error.detail)
        raise
    stored = Blob.objects.filter(sha256=plan.sha256).first()
    is_whole = stored is not None and must_become_whole(stored, sent_by, _leans_of(plan))
    (blob,), new = publish([staged], {plan.sha256: plan.chunks}, is_whole=is_whole)
    return blob, bool(new)
