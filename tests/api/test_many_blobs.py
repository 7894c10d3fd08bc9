"""``POST /api/blobs``: records of digest, length and bytes in one body, all or nothing."""

import hashlib
import io
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.api import blobs
from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.api.conftest import body_of, nothing_kept
from tests.conftest import digest_of


def record(content: bytes, *, length: int | None = None, of: bytes | None = None) -> bytes:
    size = len(content) if length is None else length
    digest = hashlib.sha256(content if of is None else of).digest()
    return digest + size.to_bytes(8, "big") + content


def post(api: APIClient, body: bytes, **extra: Any) -> Any:
    return api.post("/api/blobs", body, content_type="application/octet-stream", **extra)


def test_every_record_is_stored(api: APIClient, store: Store) -> None:
    contents = [b"one", b"", b"three" * 1000]
    answer = post(api, b"".join(map(record, contents)))
    assert (answer.status_code, answer.json()) == (200, {"stored": 3, "size_bytes": 5003})
    for content in contents:
        assert body_of(api.get(f"/api/blobs/{digest_of(content)}")) == content
    assert list(store.staging.iterdir()) == []


def test_it_may_be_sent_again(api: APIClient, store: Store) -> None:
    body = record(b"one") + record(b"two")
    assert post(api, body).json() == post(api, body).json()
    assert Blob.objects.count() == 2


def test_one_content_twice_is_stored_once(api: APIClient, store: Store) -> None:
    answer = post(api, record(b"one") * 2)
    assert answer.json() == {"stored": 1, "size_bytes": 3}


def test_no_record_at_all_stores_nothing(api: APIClient, store: Store) -> None:
    answer = post(api, b"", CONTENT_LENGTH="0")
    assert (answer.status_code, answer.json()) == (200, {"stored": 0, "size_bytes": 0})


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (record(b"bad", of=b"other"), "digest_mismatch"),
        (record(b"bad", length=4), "size_mismatch"),
        (record(b"bad", length=2), "digest_mismatch"),
        (record(b"bad", length=2**64 - 1), "size_mismatch"),
        (record(b"bad")[:39], "size_mismatch"),
        (b"\0", "size_mismatch"),
    ],
)
def test_one_bad_record_and_none_is_kept(
    api: APIClient, store: Store, bad: bytes, code: str
) -> None:
    with nothing_kept(store):
        answer = post(api, record(b"good") + bad)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_body_that_breaks_off_keeps_nothing(api: APIClient, store: Store) -> None:
    body = record(b"one") + record(b"two")
    with nothing_kept(store):
        cut = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body[:-1])}
        answer = post(api, body, **cut)
    assert (answer.status_code, answer.json()["code"]) == (422, "size_mismatch")


def test_a_body_over_the_limit_is_413_before_it_is_read(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = post(api, b"", CONTENT_LENGTH=str((1 << 30) + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert str(1 << 30) in answer.json()["detail"]


def test_a_body_without_a_length_has_the_same_limit(
    api: APIClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "MAX_MANY_BYTES", 100)
    body = record(b"x" * 50) + record(b"y" * 50)
    chunked = {
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(body),
    }
    with nothing_kept(store):
        answer = post(api, body, **chunked)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
