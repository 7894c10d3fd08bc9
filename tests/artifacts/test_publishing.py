"""The last step of an upload: only what is needed gets an address, and bases are older."""

import struct
from io import BytesIO

import pytest
from django.db import connection

from artifacts.models import Blob, Version
from artifacts.services import rededup as rededup_service
from artifacts.services.blobs import store_blobs
from artifacts.services.publishing import PlanChanged
from artifacts.services.purge import purge_version
from artifacts.services.rededup import rededup
from artifacts.storage.layout import FILE, Store
from tests.checkpoints import checkpoint
from tests.conftest import ANYBODY, sha256_of
from tests.crash.acts import log, upload
from tests.crash.invariants import broken, untidy
from tests.leaning import blocks, lean, log_leaning, log_plain, row


def record(content: bytes) -> bytes:
    return bytes.fromhex(sha256_of(content)) + struct.pack(">Q", len(content)) + content


def test_what_is_stored_soundly_as_extents_gets_no_whole_file_beside_it(store: Store) -> None:
    log_plain("base", "abcd")
    log_leaning("model", "abcx", "abcd")
    store_blobs(source=BytesIO(record(blocks("abcx")) + record(b"new")), stored_by=ANYBODY)
    assert not store.pool_path(sha256_of(blocks("abcx"))).exists()
    assert store.pool_path(sha256_of(b"new")).exists()
    assert list(store.staging.iterdir()) == []
    assert broken(store) == []


def make_younger(letters: str) -> None:
    """As if this content had been purged and sent again: its row has a greater id than the next."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE artifacts_blob SET id = id + 1000 WHERE sha256 = %s", [row(letters).sha256]
        )


@pytest.mark.parametrize("letters", ["abcx", "abcy", "abcz", "abcw"])  # digests on either side
def test_a_base_that_is_younger_changes_the_plan(store: Store, letters: str) -> None:
    upload(blocks("abcd"))
    make_younger("abcd")
    with pytest.raises(PlanChanged):
        lean(letters, "abcd")
    assert not Blob.objects.filter(sha256=sha256_of(blocks(letters))).exists()


@pytest.mark.django_db(transaction=True)
def test_rededup_plans_again_when_a_base_went_and_came_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        log(f"m{number}", {"w.bin": checkpoint(number)})
        forget_chunks()
    once = [replace_base]
    monkeypatch.setattr(
        rededup_service,
        "reached",
        lambda step: once.pop()() if step == "rededup.published" and once else None,
    )
    report = rededup()
    assert (report.looked_at, report.changed, once) == (2, [], [])
    assert Blob.objects.get(sha256=sha256_of(checkpoint(2))).layout == FILE
    assert broken(store) + untidy(store) == []


def forget_chunks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM artifacts_blobchunks; DELETE FROM artifacts_hook")


def replace_base() -> None:
    purge_version(version=Version.objects.get(artifact__name="m1"), purged_by=ANYBODY)
    log("m1-again", {"w.bin": checkpoint(1)})
