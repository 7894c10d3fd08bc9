"""What the SDK says of a version before it sends anything of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.commit import commit
from runicorn.transfer import Transfer
from tests.sdk.conftest import digest_of
from tests.sdk.peers import Peer, json_answer
from tests.sdk.test_upload_faults import BATCH_STORED, COMMITTED, STORED, draft_of, missing

MakeFile = Callable[..., Path]
LARGE = bytes(range(256)) * (8 << 12)
REFUSALS = [(413, "too_large", errors.TooLarge), (507, "quota_exceeded", errors.QuotaExceeded)]


def questions(peer: Peer) -> Sequence[dict[str, Any]]:
    return [one.json for one in peer.seen if one.path == "/api/blobs/missing"]


def test_the_question_says_for_what_version_it_is(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(), COMMITTED)
    paths = [make_file("a", b"one"), make_file("b", b"one"), make_file("c", LARGE)]
    commit(peer_client, draft_of(*paths), Transfer())
    assert questions(peer) == [
        {
            "digests": [digest_of(b"one"), digest_of(LARGE)],
            "artifact": "model/m",
            "num_files": 3,
            "size_bytes": 3,
        }
    ]


def test_later_questions_add_what_is_missing_by_then(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn.upload.DIGESTS_PER_QUESTION", 2)
    contents = [bytes(size) for size in (1, 20, 300, 4000)]
    peer.script(missing(contents[1]), missing(), BATCH_STORED, COMMITTED)
    commit(peer_client, draft_of(*(make_file(f"f{len(c)}", c) for c in contents)), Transfer())
    assert [one["size_bytes"] for one in questions(peer)] == [21, 4320]
    assert [one["num_files"] for one in questions(peer)] == [4, 4]


def test_small_files_say_what_they_are_for(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(b"one"), BATCH_STORED, COMMITTED)
    commit(peer_client, draft_of(make_file("a", b"one")), Transfer())
    assert peer.calls[1] == "POST /api/blobs?artifact=model%2Fm"


@pytest.mark.parametrize(("status", "code", "expected"), REFUSALS)
def test_a_refusal_comes_before_anything_is_sent(
    peer: Peer,
    peer_client: rn.Client,
    make_file: MakeFile,
    status: int,
    code: str,
    expected: type[errors.RunicornError],
) -> None:
    peer.script(json_answer(status, {"detail": "no", "code": code}), STORED)
    with pytest.raises(expected, match="no"):
        commit(peer_client, draft_of(make_file("a", b"one")), Transfer())
    assert peer.calls == ["POST /api/blobs/missing"]
