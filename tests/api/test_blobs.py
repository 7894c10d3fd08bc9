"""One blob over HTTP: what is missing, PUT, HEAD and GET."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.api.conftest import body_of, nothing_kept
from tests.conftest import digest_of, sha256_of

CONTENT = b"0123456789"
DIGEST = digest_of(CONTENT)
ROUTE = f"/api/blobs/{DIGEST}"
BAD_DIGESTS = [
    "sha256:" + "0" * 63,
    "sha256:" + "0" * 65,
    "sha256:" + "A" * 64,
    "sha256:" + "g" * 64,
    "sha256:" + "\u0660" * 64,
    "md5:" + "0" * 64,
    "0" * 64,
    "%00",
]


def put(api: APIClient, route: str = ROUTE, content: bytes = CONTENT, **extra: Any) -> Any:
    return api.put(route, content, content_type="application/octet-stream", **extra)


def test_new_content_is_201_and_known_content_200(api: APIClient, store: Store) -> None:
    first, second = put(api), put(api)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json() == {"digest": DIGEST, "size": 10}
    assert store.pool_path(sha256_of(CONTENT)).read_bytes() == CONTENT
    assert list(store.staging.iterdir()) == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/png"])
def test_the_content_type_of_a_blob_does_not_matter(
    api: APIClient, store: Store, kind: str
) -> None:
    assert api.put(ROUTE, CONTENT, content_type=kind).status_code == 201
    assert body_of(api.get(ROUTE)) == CONTENT


def test_a_blob_may_be_empty(api: APIClient, store: Store) -> None:
    route = f"/api/blobs/{digest_of(b'')}"
    assert put(api, route, b"", CONTENT_LENGTH="0").status_code == 201
    assert body_of(api.get(route)) == b""


def test_what_is_stored_comes_back(api: APIClient, make_blob: Callable[[bytes], Blob]) -> None:
    make_blob(CONTENT)
    answer = api.get(ROUTE)
    assert (answer.status_code, body_of(answer)) == (200, CONTENT)
    assert answer["ETag"] == f'"{DIGEST}"'
    assert answer["Content-Length"] == "10"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_head_says_the_same_without_a_body(
    api: APIClient, make_blob: Callable[[bytes], Blob]
) -> None:
    make_blob(CONTENT)
    head = api.head(ROUTE)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", "10")
    assert head["ETag"] == f'"{DIGEST}"'


def test_a_blob_that_is_not_there_is_404(api: APIClient, store: Store) -> None:
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (404, "blob_not_found")
    assert api.head(ROUTE).status_code == 404


@pytest.mark.parametrize("digest", BAD_DIGESTS)
def test_what_is_no_digest_is_refused(api: APIClient, store: Store, digest: str) -> None:
    with nothing_kept(store):
        answers = put(api, f"/api/blobs/{digest}"), api.get(f"/api/blobs/{digest}")
    for answer in answers:
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["digest"])


def test_a_digest_cannot_lead_elsewhere(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = put(api, "/api/blobs/sha256:..%2F..%2Fx")  # decoded before routing
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_content_of_another_digest_is_422(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = put(api, content=b"something else")
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")
    assert digest_of(b"something else") in answer.json()["detail"]


def test_a_body_that_breaks_off_is_422(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = put(api, **{"CONTENT_LENGTH": "10", "wsgi.input": BytesIO(CONTENT[:4])})
    assert (answer.status_code, answer.json()["code"]) == (422, "size_mismatch")


def test_a_body_that_goes_on_after_its_length_is_422(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = put(api, content=CONTENT + b"more", CONTENT_LENGTH="12")
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "\u0665", "1_0"])
def test_a_length_that_is_no_number_is_400(api: APIClient, store: Store, length: str) -> None:
    with nothing_kept(store):
        answer = put(api, CONTENT_LENGTH=length)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Content-Length"])


def test_a_body_without_a_length_is_411(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = put(api, CONTENT_LENGTH="")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_chunked_body_whose_end_the_server_does_not_mark_is_411(
    api: APIClient, store: Store
) -> None:
    with nothing_kept(store):
        answer = put(api, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_what_is_missing_comes_in_the_order_asked_once_each(
    api: APIClient, make_blob: Callable[[bytes], Blob]
) -> None:
    make_blob(b"b")
    c, b, a = (digest_of(content) for content in (b"c", b"b", b"a"))
    answer = api.post("/api/blobs/missing", {"digests": [c, b, a, c]}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"missing": [c, a]})


def test_a_damaged_blob_is_missing_refused_and_healed_by_its_upload(
    api: APIClient, make_blob: Callable[[bytes], Blob]
) -> None:
    blob = make_blob(CONTENT)
    Blob.objects.filter(pk=blob.pk).update(damaged_at=blob.created_at)
    answer = api.post("/api/blobs/missing", {"digests": [DIGEST]}, format="json")
    assert answer.json() == {"missing": [DIGEST]}
    refused = api.get(ROUTE)
    assert (refused.status_code, refused.json()["code"]) == (422, "corrupted")
    assert put(api).status_code == 200
    assert body_of(api.get(ROUTE)) == CONTENT


def test_content_whose_file_is_gone_is_422(
    api: APIClient, make_blob: Callable[[bytes], Blob], store: Store
) -> None:
    make_blob(CONTENT)
    store.pool_path(sha256_of(CONTENT)).unlink()
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "digests"),
        ({"digests": None}, "digests"),
        ({"digests": DIGEST}, "digests"),
        ({"digests": {"a": DIGEST}}, "digests"),
        ({"digests": [DIGEST, "nonsense"]}, "digests.1"),
        ({"digests": [[DIGEST]]}, "digests.0"),
        ({"digests": [None]}, "digests.0"),
        ({"digests": [True]}, "digests.0"),
    ],
)
def test_a_bad_question_names_the_field(
    api: APIClient, store: Store, body: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/blobs/missing", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_a_hundred_thousand_digests_may_be_asked_about_and_not_one_more(
    api: APIClient, store: Store
) -> None:
    digests = [f"sha256:{number:064x}" for number in range(100_001)]
    route = "/api/blobs/missing"
    answer = api.post(route, {"digests": digests[:-1]}, format="json")
    assert answer.json()["missing"] == digests[:-1]
    answer = api.post(route, {"digests": digests}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["digests"])
