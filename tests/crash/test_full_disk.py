"""A full disk while content is stored: 507, no row, no byte."""

import resource

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.conftest import digest_of
from tests.crash.acts import log
from tests.crash.invariants import broken, pool_bytes, untidy
from tests.crash.process import run

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 1 << 20
CONTENT = bytes(LIMIT + 1)


def upload_to_a_full_disk() -> None:
    """Send more than this process may write to a file; the kernel says so as for a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
    client = APIClient(HTTP_HOST="localhost")
    answer = client.put(
        f"/api/blobs/{digest_of(CONTENT)}", CONTENT, content_type="application/octet-stream"
    )
    assert answer.status_code == 507, answer.content
    assert answer.json()["code"] == "storage_full"
    records = bytes.fromhex(digest_of(CONTENT)[7:]) + len(CONTENT).to_bytes(8, "big") + CONTENT
    answer = client.post("/api/blobs", records, content_type="application/octet-stream")
    assert answer.status_code == 507, answer.content


def test_an_upload_to_a_full_disk_is_refused_and_keeps_nothing(store: Store) -> None:
    assert run(upload_to_a_full_disk) == 0
    assert not Blob.objects.exists()
    assert pool_bytes(store) == 0
    assert untidy(store) == []


def test_what_was_stored_before_stays_whole(store: Store) -> None:
    log("model-a", {"a.bin": b"content"})
    assert run(upload_to_a_full_disk) == 0
    assert broken(store) + untidy(store) == []
