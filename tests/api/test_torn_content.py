"""Stored bytes that are gone or torn are refused before the first byte is sent."""

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.conftest import MakeVersion, sha256_of

CONTENT = b"three hundred bytes" * 16


@pytest.fixture(params=["gone", "torn"])
def damaged(request: pytest.FixtureRequest, store: Store, make_version: MakeVersion) -> None:
    """``model-a:v1`` with a sound file, and one whose pool file was damaged by hand."""
    make_version(files={"a.bin": CONTENT, "b.bin": b"sound"})
    path = store.pool_path(sha256_of(CONTENT))
    path.unlink()
    if request.param == "torn":
        path.write_bytes(CONTENT[:10])


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_archive_of_damaged_content_begins(api: APIClient, damaged: None, kind: str) -> None:
    answer = api.get(f"/api/artifacts/model-a/v1/archive?format={kind}")
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")
    assert "a.bin" in answer.json()["detail"]


def test_no_download_of_damaged_content_begins(api: APIClient, damaged: None) -> None:
    answer = api.get("/api/artifacts/model-a/v1/files/a.bin")
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")


def test_the_other_files_stay_readable(api: APIClient, damaged: None) -> None:
    answer = api.get("/api/artifacts/model-a/v1/files/b.bin")
    assert b"".join(answer.streaming_content) == b"sound"
