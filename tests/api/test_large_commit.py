"""A manifest of 100 000 files goes in and comes out."""

import struct
import time
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.api.conftest import file_row
from tests.conftest import sha256_of

FILES = 100_000
CONTENTS = [struct.pack(">I", number) for number in range(500)]


@pytest.mark.slow
@pytest.mark.timeout(600)  # its hundred folders are synced one by one: a busy disk takes minutes
def test_a_hundred_thousand_files_can_be_committed_and_listed(
    api: APIClient,
    store: Store,
    django_capture_on_commit_callbacks: Any,
    record_testsuite_property: Any,
) -> None:
    records = (bytes.fromhex(sha256_of(one)) + struct.pack(">Q", 4) + one for one in CONTENTS)
    api.post("/api/blobs", b"".join(records), content_type="application/octet-stream")
    rows = [
        file_row(f"part-{number // 1000:03}/{number:06}.bin", CONTENTS[number % 500])
        for number in range(FILES)
    ]
    started = time.perf_counter()
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(
            "/api/artifacts/large/versions", {"type": "dataset", "files": rows}, format="json"
        )
    record_testsuite_property("commit_seconds", time.perf_counter() - started)
    assert (answer.status_code, answer.json()["num_files"]) == (201, FILES)
    started = time.perf_counter()
    found = api.get("/api/artifacts/large/v1/files").json()
    record_testsuite_property("list_seconds", time.perf_counter() - started)
    assert [one["path"] for one in found["files"]] == [row["path"] for row in rows]
    assert found["total_size"] == 4 * FILES
