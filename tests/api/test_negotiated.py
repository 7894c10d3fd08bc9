"""Uploads that leave out what the server has: the list of chunks, and the bytes it asks for."""

from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.roles import Role
from artifacts.models import Blob, BlobBase
from artifacts.services import negotiated
from artifacts.storage.chunks import Cutter, chunk_id
from artifacts.storage.layout import Store
from artifacts.storage.negotiation import plan_path
from artifacts.storage.partial import open_partial
from tests.api.conftest import body_of, nothing_kept
from tests.artifacts.test_teams import log
from tests.checkpoints import MIB, checkpoint, noise
from tests.conftest import MakeVersion, digest_of, sha256_of
from tests.crash.invariants import damage
from tests.people import client_of, make_user

BINARY = "application/octet-stream"
Chunks = list[bytes]


def cut(content: bytes) -> Chunks:
    cutter = Cutter()
    return [bytes(chunk) for chunk in [*cutter.feed(content), *cutter.finish()]]


def listed(chunks: Chunks) -> bytes:
    return b"".join(chunk_id(one) + len(one).to_bytes(4, "big") for one in chunks)


def route_of(content: bytes) -> str:
    return f"/api/blobs/{digest_of(content)}"


def put(api: APIClient, content: bytes) -> Blob:
    api.put(route_of(content), content, content_type=BINARY)
    return Blob.objects.get(sha256=sha256_of(content))


def ask(api: APIClient, content: bytes, body: bytes | None = None, query: str = "") -> Any:
    body = listed(cut(content)) if body is None else body
    return api.post(f"{route_of(content)}/chunks{query}", body, content_type=BINARY)


def send(api: APIClient, content: bytes, said: str, body: bytes = b"") -> Any:
    route = f"{route_of(content)}/chunks"
    return api.put(route, body, content_type=BINARY, HTTP_CONTENT_RANGE=said)


def needed(chunks: Chunks, answer: Any) -> bytes:
    """What the server asked for."""
    runs = (chunks[first : first + count] for first, count in answer.json()["needed"])
    return b"".join(b"".join(run) for run in runs)


def send_all(api: APIClient, content: bytes, body: bytes) -> Any:
    return send(api, content, f"bytes 0-{len(body) - 1}/{len(body)}", body)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_only_what_is_new_travels_and_is_kept(api: APIClient, store: Store) -> None:
    put(api, checkpoint(0))
    content = checkpoint(1)
    chunks = cut(content)
    answer = ask(api, content)
    found = answer.json()
    body = needed(chunks, answer)
    assert answer.status_code == 200
    assert (found["digest"], found["size"]) == (digest_of(content), len(content))
    assert (found["num_chunks"], found["received"], found["stored"]) == (len(chunks), 0, False)
    assert len(body) == found["needed_bytes"] < 0.3 * len(content)
    done = send_all(api, content, body)
    assert (done.status_code, done.json()["size"]) == (201, len(content))
    blob = Blob.objects.get(sha256=sha256_of(content))
    assert (blob.layout, blob.physical_bytes < 0.3 * len(content)) == ("extents", True)
    assert body_of(api.get(route_of(content))) == content
    assert list(store.staging.iterdir()) == []


def test_what_was_negotiated_is_forgotten_once_the_whole_came_in_parts(
    api: APIClient, store: Store
) -> None:
    content = checkpoint(0)
    assert ask(api, content).json()["needed_bytes"] == len(content)
    said = f"bytes 0-{len(content) - 1}/{len(content)}"
    done = api.put(route_of(content), content, content_type=BINARY, HTTP_CONTENT_RANGE=said)
    assert done.status_code == 201
    assert list(store.staging.iterdir()) == []


def test_the_same_list_goes_on_as_it_was_begun(
    api: APIClient, store: Store, make_version: MakeVersion
) -> None:
    make_version("m", files={"a": checkpoint(0, of="m")})  # its frozen part has no hooks
    content = checkpoint(1, of="m")
    assert ask(api, content).json()["needed_bytes"] == len(content)
    found = ask(api, content, query="?artifact=model/m").json()
    assert found["needed_bytes"] == len(content)


def test_an_artifact_brings_its_own_versions(
    api: APIClient, store: Store, make_version: MakeVersion
) -> None:
    make_version("m", files={"a": checkpoint(0, of="m")})
    content = checkpoint(1, of="m")
    found = ask(api, content, query="?artifact=model/m").json()
    assert found["needed_bytes"] < 0.3 * len(content)


def test_an_upload_that_broke_off_goes_on(api: APIClient, store: Store) -> None:
    put(api, checkpoint(0))
    content = checkpoint(1)
    answer = ask(api, content)
    body = needed(cut(content), answer)
    size = len(body)
    part = send(api, content, f"bytes 0-999/{size}", body[:1000])
    assert (part.status_code, part.json()["received"]) == (202, 1000)
    assert send(api, content, f"bytes */{size}").json()["received"] == 1000
    again = ask(api, content).json()
    assert again == {**answer.json(), "received": 1000}
    last = send(api, content, f"bytes 1000-{size - 1}/{size}", body[1000:])
    assert last.status_code == 201


def test_a_part_that_is_not_the_last_reads_no_more_than_the_first_line(
    api: APIClient, store: Store
) -> None:
    content = noise("line", 1000)
    ask(api, content, listed([content]))
    plan = plan_path(store, f"{sha256_of(content)}-open")
    plan.write_bytes(plan.read_bytes().partition(b"\n")[0] + b"\n")
    assert send(api, content, "bytes 0-499/1000", content[:500]).status_code == 202
    assert send(api, content, "bytes */1000").json()["received"] == 500
    last = send(api, content, "bytes 500-999/1000", content[500:])
    assert code(last) == (409, "negotiation_stale")


def test_another_list_begins_anew(api: APIClient, store: Store) -> None:
    content = noise("list", 100_000)
    chunks = [content[:60_000], content[60_000:]]
    ask(api, content, listed(chunks))
    send(api, content, "bytes 0-9/100000", content[:10])
    assert ask(api, content, listed([content])).json()["received"] == 0
    assert send_all(api, content, content).status_code == 201


def test_each_chunk_is_needed_once(api: APIClient, store: Store) -> None:
    half = noise("half", 6 * MIB)
    chunks = cut(half)
    content = half * 2
    answer = ask(api, content, listed(chunks * 2))
    assert answer.json()["needed"] == [[0, len(chunks)]]
    assert send_all(api, content, half).status_code == 201
    assert Blob.objects.get().physical_bytes < 0.6 * len(content)
    assert not BlobBase.objects.exists()
    assert body_of(api.get(route_of(content))) == content


def test_what_would_save_little_becomes_one_file(api: APIClient, store: Store) -> None:
    one, other = noise(1, 200_000), noise(2, 200_000)
    content = one + other + one
    answer = ask(api, content, listed([one, other, one]))
    assert answer.json()["needed"] == [[0, 2]]
    assert send_all(api, content, one + other).status_code == 201
    assert Blob.objects.get().layout == "file"
    assert store.pool_path(sha256_of(content)).read_bytes() == content
    assert list(store.staging.iterdir()) == []


def test_where_nothing_is_needed_an_empty_body_completes(api: APIClient, store: Store) -> None:
    put(api, checkpoint(0))
    chunks = cut(checkpoint(0))[:-1]
    content = b"".join(chunks)
    found = ask(api, content, listed(chunks)).json()
    assert (found["needed"], found["needed_bytes"]) == ([], 0)
    assert send(api, content, "bytes */0").status_code == 201
    assert body_of(api.get(route_of(content))) == content


def test_what_is_stored_needs_nothing(api: APIClient, store: Store) -> None:
    content = noise("stored", 1000)
    put(api, content)
    found = ask(api, content, listed([content])).json()
    assert (found["stored"], found["needed"], found["needed_bytes"]) == (True, [], 0)


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 35,
        b"x" * 37,
        b"x" * 32 + bytes(4),
        b"x" * 32 + (256 * 1024 + 1).to_bytes(4, "big"),
        b"x" * 32 + b"\xff" * 4,
    ],
    ids=["short", "long", "no length", "length over 256 KiB", "length over all"],
)
def test_what_is_no_list_is_400(api: APIClient, store: Store, body: bytes) -> None:
    with nothing_kept(store):
        assert code(ask(api, b"any", body)) == (400, "invalid")


def test_a_list_without_a_chunk_is_400(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = api.post(f"{route_of(b'')}/chunks", b"", content_type=BINARY, CONTENT_LENGTH="0")
    assert code(answer) == (400, "invalid")


def test_a_chunk_with_two_lengths_is_400(api: APIClient, store: Store) -> None:
    body = b"x" * 32 + (1).to_bytes(4, "big") + b"x" * 32 + (2).to_bytes(4, "big")
    assert code(ask(api, b"any", body)) == (400, "invalid")


def test_a_list_of_too_many_chunks_is_413(api: APIClient, store: Store) -> None:
    size = str(((1 << 19) + 1) * 36)
    route = f"{route_of(b'any')}/chunks"
    with nothing_kept(store):
        answer = api.post(route, b"x", content_type=BINARY, CONTENT_LENGTH=size)
    assert code(answer) == (413, "too_large")


def test_chunks_that_nobody_asked_for_are_409(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        assert code(send(api, b"any", "bytes 0-2/3", b"any")) == (409, "negotiation_stale")
        assert code(send(api, b"any", "bytes */0")) == (409, "negotiation_stale")


def test_another_total_than_agreed_is_400(api: APIClient, store: Store) -> None:
    content = noise("total", 1000)
    ask(api, content, listed([content]))
    for said in ("bytes 0-9/10", "bytes */10"):
        answer = send(api, content, said, b"0123456789" if "-" in said else b"")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Content-Range"])


@pytest.mark.parametrize("said", ["", "bytes 0-1", "bytes x"])
def test_chunks_without_a_range_are_400(api: APIClient, store: Store, said: str) -> None:
    with nothing_kept(store):
        assert code(send(api, b"any", said, b"any")) == (400, "invalid")


def test_a_part_that_is_not_the_next_is_409(api: APIClient, store: Store) -> None:
    content = noise("offset", 1000)
    ask(api, content, listed([content]))
    answer = send(api, content, "bytes 5-9/1000", content[5:10])
    assert (code(answer), answer.json()["received"]) == ((409, "upload_offset"), 0)


def test_two_at_once_do_not_mix(api: APIClient, store: Store) -> None:
    content = noise("two", 1000)
    ask(api, content, listed([content]))
    with open_partial(store, f"{sha256_of(content)}-open.chunks"):
        assert code(ask(api, content, listed([content]))) == (409, "upload_in_progress")
        assert code(send_all(api, content, content)) == (409, "upload_in_progress")
    assert send_all(api, content, content).status_code == 201


def test_a_chunk_that_is_not_the_one_listed_is_422(api: APIClient, store: Store) -> None:
    content = noise("wrong", 1000)
    with nothing_kept(store):
        ask(api, content, listed([content]))
        assert code(send_all(api, content, bytes(1000))) == (422, "digest_mismatch")
    assert code(send_all(api, content, content)) == (409, "negotiation_stale")


def test_a_list_of_other_content_is_422(api: APIClient, store: Store) -> None:
    content, other = noise("one", 1000), noise("other", 1000)
    with nothing_kept(store):
        ask(api, content, listed([other]))
        assert code(send_all(api, content, other)) == (422, "digest_mismatch")


def test_a_base_that_is_gone_meanwhile_is_409(api: APIClient, store: Store) -> None:
    base = put(api, checkpoint(0))
    content = checkpoint(1)
    body = needed(cut(content), ask(api, content))
    store.pool_path(base.sha256).unlink()
    assert code(send_all(api, content, body)) == (409, "negotiation_stale")
    Blob.objects.filter(pk=base.pk).update(damaged_at=base.created_at)
    again = ask(api, content).json()
    assert (again["needed_bytes"], again["received"]) == (len(content), 0)
    assert send_all(api, content, content).status_code == 201


def test_a_base_that_is_damaged_is_marked_and_not_used_again(api: APIClient, store: Store) -> None:
    base = put(api, checkpoint(0))
    chunks = cut(checkpoint(0))
    # The whole of the base but its first chunk, so that the damaged last byte is in it.
    content = noise("first", 1000) + b"".join(chunks[1:])
    list_ = listed([content[:1000], *chunks[1:]])
    body = needed([content[:1000], *chunks[1:]], ask(api, content, list_))
    assert len(body) == 1000
    damage(store, checkpoint(0))
    assert code(send_all(api, content, body)) == (409, "negotiation_stale")
    base.refresh_from_db()
    assert base.damaged_at is not None
    assert ask(api, content, list_).json()["needed_bytes"] == len(content)


@pytest.mark.parametrize("data", [b"", b"{}\n", b"nonsense", b'{"list": 1}\n' + bytes(7)])
def test_a_plan_that_cannot_be_read_is_none(api: APIClient, store: Store, data: bytes) -> None:
    content = noise("plan", 1000)
    ask(api, content, listed([content]))
    plan_path(store, f"{sha256_of(content)}-open").write_bytes(data)
    assert code(send_all(api, content, content)) == (409, "negotiation_stale")
    ask(api, content, listed([content]))
    assert send_all(api, content, content).status_code == 201


def test_what_broke_off_in_its_last_byte_is_kept(api: APIClient, store: Store) -> None:
    content = noise("break", 1000)
    ask(api, content, listed([content]))
    route = f"{route_of(content)}/chunks"
    short = {"CONTENT_LENGTH": "1000", "wsgi.input": BytesIO(content[:999])}
    answer = api.put(
        route, content, content_type=BINARY, HTTP_CONTENT_RANGE="bytes 0-999/1000", **short
    )
    assert (code(answer), answer.json()["received"]) == ((422, "size_mismatch"), 999)
    assert send(api, content, "bytes 999-999/1000", content[999:]).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_what_came_is_hashed(
    api: APIClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def watch(data: bytes) -> bytes:
        held.append(connection.connection is not None)
        return chunk_id(data)

    content = noise("held", 1000)
    ask(api, content, listed([content]))
    with open_partial(store, f"{sha256_of(content)}-open.chunks") as partial:
        partial.append(BytesIO(content), len(content))  # the answer to the last part got lost
    monkeypatch.setattr(negotiated, "chunk_id", watch)
    connection.ensure_connection()  # as after the look at a token
    assert send(api, content, "bytes */1000").status_code == 201
    assert held == [False]


def test_a_stranger_learns_nothing(api: APIClient, store: Store, team: None) -> None:
    with nothing_kept(store):
        assert ask(api, b"any", listed([b"any"])).status_code in {401, 403}
        assert send(api, b"any", "bytes */0").status_code in {401, 403}


@pytest.fixture
def private_base(team: None, store: Store) -> APIClient:
    """The client of a member of vision, whose artifact has what the next checkpoint leans on."""
    ada = make_user("ada", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER})
    bob = make_user("bob", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER})
    log(bob, "m", "vision", checkpoint(0))
    return client_of(ada)


def leave_the_team() -> None:
    Membership.objects.filter(user__username="ada").delete()


def test_what_somebody_may_not_read_any_more_is_no_base_of_his(private_base: APIClient) -> None:
    content = checkpoint(1)
    answer = ask(private_base, content)
    body = needed(cut(content), answer)
    assert len(body) < 0.3 * len(content)
    leave_the_team()
    assert code(send_all(private_base, content, body)) == (409, "negotiation_stale")
    assert not Blob.objects.filter(sha256=sha256_of(content)).exists()
    assert ask(private_base, content).json()["needed_bytes"] == len(content)


def test_what_was_negotiated_in_a_team_is_negotiated_anew_outside(private_base: APIClient) -> None:
    content = checkpoint(1)
    assert ask(private_base, content).json()["needed_bytes"] < 0.3 * len(content)
    leave_the_team()
    assert ask(private_base, content).json()["needed_bytes"] == len(content)
