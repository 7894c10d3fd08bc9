"""Kill -9 while content that shares bytes comes in, whole, in parts or negotiated."""

import signal
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest

from artifacts.errors import NegotiationStale
from artifacts.models import Blob
from artifacts.services.integrity import scrub
from artifacts.services.negotiated import ask_chunks, negotiate, receive_chunks
from artifacts.services.uploads import Part, ask_upload, receive_part
from artifacts.storage.chunks import RECORD, ChunkList, Cutter, chunk_id
from artifacts.storage.layout import EXTENTS, FILE, Store
from tests.checkpoints import checkpoint
from tests.conftest import sha256_of
from tests.crash.acts import ANYBODY, commit, upload
from tests.crash.invariants import broken, damage, tidy, untidy
from tests.crash.process import run

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    "extents.written", "extents.synced", "extents.placed", "extents.published",
    "publish.before_commit",
)  # fmt: skip
WHOLE_STEPS = (
    "stage.written", "stage.assembled", "stage.synced", "publish.linked", "publish.before_commit",
)  # fmt: skip
"""Of content that shares bytes and has to become one file all the same."""
SHA256 = sha256_of(checkpoint(1))
SIZE = len(checkpoint(1))


def upload_second() -> None:
    upload(checkpoint(1))


def send_in_parts() -> None:
    """Go on from what came; the last part, if all did, is a question."""
    done = ask_upload(sha256=SHA256, total=SIZE, asked_by=ANYBODY)
    while done.blob is None:
        part = Part(done.received, min(done.received + (4 << 20), SIZE), SIZE)
        source = BytesIO(checkpoint(1)[part.start : part.end])
        done = receive_part(source=source, sha256=SHA256, part=part, stored_by=ANYBODY)


def send_chunks() -> None:
    """Negotiate, and send what is needed from where it broke off."""
    chunks = list_chunks(checkpoint(1))
    found = negotiate(sha256=SHA256, chunks=chunks, asked_by=ANYBODY)
    if found.is_stored:
        return
    ends = [(int(one["offset"]), int(one["length"])) for one in chunks.records]
    runs = [ends[first : first + count] for first, count in found.needed]
    body = b"".join(checkpoint(1)[at : at + length] for run in runs for at, length in run)
    if found.received == len(body):
        ask_chunks(sha256=SHA256, total=len(body), asked_by=ANYBODY)
        return
    part = Part(found.received, len(body), len(body))
    rest = BytesIO(body[found.received :])
    receive_chunks(source=rest, sha256=SHA256, part=part, stored_by=ANYBODY)


def list_chunks(content: bytes) -> ChunkList:
    cutter = Cutter()
    rows, offset = [], 0
    for chunk in [*cutter.feed(content), *cutter.finish()]:
        rows.append((chunk_id(chunk), offset, len(chunk)))
        offset += len(chunk)
    return ChunkList(np.array(rows, RECORD))


def assert_stored(store: Store) -> None:
    blob = Blob.objects.get(sha256=SHA256)
    assert blob.layout == EXTENTS
    commit("m", {"0": checkpoint(0), "1": checkpoint(1)})
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []


@pytest.mark.parametrize(
    ("send", "step"),
    [
        *((upload_second, step) for step in STEPS),
        *((send_in_parts, step) for step in STEPS[1::3]),
        *((send_chunks, step) for step in STEPS[1::3]),
    ],
)
def test_killed_at_any_step_the_client_succeeds_with_the_next_try(
    store: Store, send: Callable[[], None], step: str
) -> None:
    upload(checkpoint(0))
    assert run(send, crash_at=step) == -signal.SIGKILL
    assert not Blob.objects.filter(sha256=SHA256).exists()
    assert broken(store) == []
    send()
    assert_stored(store)


def test_a_whole_file_in_parts_is_stored_again_after_a_kill_at_its_link(store: Store) -> None:
    assert run(send_in_parts, crash_at="publish.linked") == -signal.SIGKILL
    send_in_parts()
    commit("m", {"1": checkpoint(1)})
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []


def test_nothing_of_an_upload_that_is_never_finished_stays_for_ever(store: Store) -> None:
    first = Part(0, 1000, SIZE)
    body = BytesIO(checkpoint(1)[:1000])
    receive_part(source=body, sha256=SHA256, part=first, stored_by=ANYBODY)
    negotiate(sha256=SHA256, chunks=list_chunks(checkpoint(1)), asked_by=ANYBODY)
    assert len(list(store.staging.iterdir())) == 3
    tidy(store)
    assert list(store.staging.iterdir()) == []
    with pytest.raises(NegotiationStale):
        ask_chunks(sha256=SHA256, total=SIZE, asked_by=ANYBODY)


@pytest.mark.parametrize("step", WHOLE_STEPS)
def test_killed_while_it_is_put_together_again_for_a_damaged_row(store: Store, step: str) -> None:
    upload(checkpoint(0))
    commit("base", {"w.bin": checkpoint(0)})
    upload(checkpoint(1))
    commit("m", {"w.bin": checkpoint(1)})
    damage(store, checkpoint(1))
    assert scrub(read_data=True).damaged
    assert run(upload_second, crash_at=step) == -signal.SIGKILL
    assert broken(store) == []
    upload_second()
    row = Blob.objects.get(sha256=SHA256)
    assert (row.layout, row.damaged_at) == (FILE, None)
    tidy(store)
    assert broken(store) + untidy(store) == []
