"""Uploads in parts: what came before a break stays, and every wrong part is told what is right."""

from io import BytesIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from artifacts.storage.partial import open_partial
from tests.api.conftest import body_of, nothing_kept
from tests.checkpoints import checkpoint
from tests.conftest import digest_of, sha256_of
from tests.leaning import blocks, lean, row

CONTENT = b"0123456789"
DIGEST = digest_of(CONTENT)
ROUTE = f"/api/blobs/{DIGEST}"


def send(api: APIClient, said: str, content: bytes = b"", route: str = ROUTE, **more: Any) -> Any:
    kind = "application/octet-stream"
    return api.put(route, content, content_type=kind, HTTP_CONTENT_RANGE=said, **more)


def outcome(answer: Any) -> tuple[int, Any]:
    """The status, and how much came, or the code where it was refused."""
    body = answer.json()
    return answer.status_code, body.get("code") or body.get("received")


def test_parts_make_a_whole(api: APIClient, store: Store) -> None:
    first = send(api, "bytes 0-3/10", CONTENT[:4])
    assert first.json() == {"digest": DIGEST, "size": 10, "received": 4}
    assert first.status_code == 202
    last = send(api, "bytes 4-9/10", CONTENT[4:])
    assert (last.status_code, last.json()) == (201, {"digest": DIGEST, "size": 10})
    assert body_of(api.get(ROUTE)) == CONTENT
    assert list(store.staging.iterdir()) == []


def test_a_single_part_may_be_the_whole(api: APIClient, store: Store) -> None:
    assert send(api, "bytes 0-9/10", CONTENT).status_code == 201


def test_the_last_part_of_what_is_stored_is_200(api: APIClient, store: Store) -> None:
    api.put(ROUTE, CONTENT, content_type="application/octet-stream")
    send(api, "bytes 0-3/10", CONTENT[:4])
    assert send(api, "bytes 4-9/10", CONTENT[4:]).status_code == 200


def test_parts_share_bytes_with_older_content_too(api: APIClient, store: Store) -> None:
    contents = [checkpoint(number) for number in range(2)]
    for content in contents:
        half, size = len(content) // 2, len(content)
        route = f"/api/blobs/{digest_of(content)}?artifact=model/m"
        send(api, f"bytes 0-{half - 1}/{size}", content[:half], route)
        assert (
            send(api, f"bytes {half}-{size - 1}/{size}", content[half:], route).status_code == 201
        )
    blob = Blob.objects.get(sha256=sha256_of(contents[1]))
    assert blob.physical_bytes < 0.3 * blob.size_bytes
    assert body_of(api.get(f"/api/blobs/{blob.digest}")) == contents[1]
    assert list(store.staging.iterdir()) == []


def test_the_question_says_how_much_came(api: APIClient, store: Store) -> None:
    assert outcome(send(api, "bytes */10")) == (202, 0)
    send(api, "bytes 0-3/10", CONTENT[:4])
    assert outcome(send(api, "bytes */10")) == (202, 4)
    send(api, "bytes 4-9/10", CONTENT[4:])
    assert send(api, "bytes */10").status_code == 200


def test_the_question_completes_what_has_all_its_bytes(api: APIClient, store: Store) -> None:
    """As after a server that was killed before it could store the last part."""
    with open_partial(store, f"{sha256_of(CONTENT)}-open") as partial:
        partial.append(BytesIO(CONTENT), 10)
    assert send(api, "bytes */10").status_code == 201
    assert body_of(api.get(ROUTE)) == CONTENT


def test_empty_content_needs_no_part(api: APIClient, store: Store) -> None:
    assert send(api, "bytes */0", route=f"/api/blobs/{digest_of(b'')}").status_code == 201


def test_the_question_about_content_of_another_size_is_422(api: APIClient, store: Store) -> None:
    api.put(ROUTE, CONTENT, content_type="application/octet-stream")
    assert outcome(send(api, "bytes */11")) == (422, "size_mismatch")


def test_remains_are_not_stored(api: APIClient, store: Store) -> None:
    api.put(ROUTE, CONTENT, content_type="application/octet-stream")
    Blob.objects.update(layout="remains")
    assert outcome(send(api, "bytes */10")) == (202, 0)


@pytest.mark.parametrize("said", ["bytes 0-5/10", "bytes 2-7/10", "bytes 6-9/10"])
def test_a_part_that_is_not_the_next_is_told_which_is(
    api: APIClient, store: Store, said: str
) -> None:
    send(api, "bytes 0-3/10", CONTENT[:4])
    answer = send(api, said, b"x" * 6)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset")
    assert answer.json()["received"] == 4
    assert send(api, "bytes 4-9/10", CONTENT[4:]).status_code == 201


@pytest.mark.parametrize(
    ("body", "received"), [(b"012", 3), (b"0123456", 5), (b"", 0)], ids=["short", "long", "empty"]
)
def test_of_a_body_that_does_not_fit_its_part_what_fits_is_kept(
    api: APIClient, store: Store, body: bytes, received: int
) -> None:
    answer = send(api, "bytes 0-4/10", body, CONTENT_LENGTH=str(len(body)))
    assert (answer.status_code, answer.json()["code"]) == (422, "size_mismatch")
    assert answer.json()["received"] == received
    rest = send(api, f"bytes {received}-9/10", CONTENT[received:])
    assert rest.status_code == 201


def test_what_came_before_a_break_is_kept(api: APIClient, store: Store) -> None:
    broken = {"CONTENT_LENGTH": "10", "wsgi.input": BytesIO(CONTENT[:6])}
    send(api, "bytes 0-9/10", CONTENT, **broken)
    assert outcome(send(api, "bytes */10")) == (202, 6)
    assert send(api, "bytes 6-9/10", CONTENT[6:]).status_code == 201


@pytest.mark.parametrize(
    "said",
    [
        "",
        "bytes",
        "bytes 0-4",
        "bytes 0-4/*",
        "bytes */*",
        "bytes 5-4/10",
        "bytes 0-10/10",
        "bytes 0-0/0",
        "bytes -1-4/10",
        "bytes 0-4/10, 5-9/10",
        "items 0-4/10",
        "bytes=0-4/10",
        "bytes 0-4/99999999999999999999",
        "bytes 0-4/9999999999999999999",
        "bytes */9999999999999999999",
        "bytes \u0660-4/10",
    ],
)
def test_what_is_no_part_is_400(api: APIClient, store: Store, said: str) -> None:
    with nothing_kept(store):
        answer = send(api, said, b"01234")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Content-Range"])


def test_a_question_has_no_body(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = send(api, "bytes */10", b"x")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["body"])


def test_a_part_needs_a_length(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = send(api, "bytes 0-9/10", CONTENT, CONTENT_LENGTH="")
    assert outcome(answer) == (411, "length_required")


def test_a_whole_of_another_digest_is_422_and_forgotten(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        assert outcome(send(api, "bytes 0-3/10", b"oops")) == (202, 4)
        assert outcome(send(api, "bytes 4-9/10", CONTENT[4:])) == (422, "digest_mismatch")
    assert outcome(send(api, "bytes */10")) == (202, 0)


def test_an_upload_with_a_longer_total_begins_anew(api: APIClient, store: Store) -> None:
    send(api, "bytes 0-11/20", b"x" * 12)
    assert outcome(send(api, "bytes */10")) == (202, 0)
    answer = send(api, "bytes 0-9/10", CONTENT)
    assert (answer.status_code, answer.json()["received"]) == (409, 0)
    assert send(api, "bytes 0-9/10", CONTENT).status_code == 201


def test_two_at_once_do_not_mix(api: APIClient, store: Store) -> None:
    with open_partial(store, f"{sha256_of(CONTENT)}-open"):
        assert outcome(send(api, "bytes 0-9/10", CONTENT)) == (409, "upload_in_progress")
        assert outcome(send(api, "bytes */10")) == (202, 0)
    assert send(api, "bytes 0-9/10", CONTENT).status_code == 201


def test_each_user_has_an_upload_of_his_own(
    api: APIClient, member: APIClient, store: Store
) -> None:
    send(api, "bytes 0-3/10", b"oops")
    assert outcome(send(member, "bytes */10")) == (202, 0)
    assert send(member, "bytes 0-9/10", CONTENT).status_code == 201


def test_a_stranger_may_not_send_nor_ask(api: APIClient, store: Store, team: None) -> None:
    with nothing_kept(store):
        assert send(api, "bytes */10").status_code in {401, 403}
        assert send(api, "bytes 0-9/10", CONTENT).status_code in {401, 403}


def test_extents_that_lost_their_base_are_sent_again(api: APIClient, store: Store) -> None:
    api.put(
        f"/api/blobs/{digest_of(blocks('abcd'))}",
        blocks("abcd"),
        content_type="application/octet-stream",
    )
    blob = lean("abcx", "abcd")
    store.pool_path(row("abcd").sha256).unlink()
    content, route = blocks("abcx"), f"/api/blobs/{blob.digest}"
    size = len(content)
    assert outcome(send(api, f"bytes */{size}", route=route)) == (202, 0)
    assert send(api, f"bytes 0-{size - 1}/{size}", content, route).status_code == 200
    assert body_of(api.get(route)) == content


@pytest.mark.parametrize("artifact", ["model", "model/", "modell/m", "model/a:b", "/m"])
def test_an_artifact_that_cannot_be_is_400(api: APIClient, store: Store, artifact: str) -> None:
    with nothing_kept(store):
        for more in [{"query": f"?artifact={artifact}"}, {"HTTP_RUNICORN_ARTIFACT": artifact}]:
            route = ROUTE + more.pop("query", "")
            kind = "application/octet-stream"
            answer = api.put(route, CONTENT, content_type=kind, **more)
            assert (answer.status_code, list(answer.json()["errors"])) == (400, ["artifact"])


@pytest.mark.parametrize("artifact", ["", "model/none", "model/%E6%A8%A1%20%E5%9E%8B"])
def test_an_artifact_need_not_exist(api: APIClient, store: Store, artifact: str) -> None:
    kind = "application/octet-stream"
    answer = api.put(ROUTE, CONTENT, content_type=kind, HTTP_RUNICORN_ARTIFACT=artifact)
    assert answer.status_code == 201


def test_a_header_that_is_not_utf8_is_400(api: APIClient, store: Store) -> None:
    kind = "application/octet-stream"
    answer = api.put(ROUTE, CONTENT, content_type=kind, HTTP_RUNICORN_ARTIFACT="model/%FF")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["artifact"])
