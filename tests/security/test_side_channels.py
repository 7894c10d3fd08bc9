"""Numbers and choices that would tell of what is hidden, had they counted it."""

import numpy as np
import pytest

from accounts.models import User
from accounts.roles import Role
from artifacts.models import Blob, BlobBase, BlobChunks, Hook
from artifacts.names import ArtifactName
from artifacts.services import candidates
from artifacts.services.candidates import MAX_BY_HOOKS, find_candidates
from artifacts.services.space import pool_bytes
from artifacts.services.store import current_store
from artifacts.storage import materialized
from artifacts.storage.chunks import RECORD, ChunkList
from tests.artifacts.test_teams import log, send
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("team", "store")

KEYS = [1, 2, 3]


@pytest.fixture
def owner() -> User:
    return make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})


@pytest.fixture
def stranger() -> User:
    return make_user("stranger", Role.MAINTAINER)


def hook(content: bytes, keys: list[int]) -> Blob:
    """Let the content be found by these keys."""
    blob = Blob.objects.latest("id")
    records = np.zeros(1, RECORD)
    records["length"] = len(content)
    BlobChunks.objects.create(blob=blob, chunks=ChunkList(records).to_bytes())
    Hook.objects.bulk_create(Hook(key=key, blob=blob) for key in keys)
    return blob


def test_hidden_content_takes_no_place_among_the_candidates(owner: User, stranger: User) -> None:
    log(stranger, "mine", content=b"mine")
    mine = hook(b"mine", KEYS[:1])
    for number in range(MAX_BY_HOOKS):
        log(owner, "m", team="vision", content=b"hidden %d" % number)
        hook(b"hidden 0", KEYS)
    found = find_candidates(artifact=None, uploader=stranger)
    found.find_more(KEYS)
    assert list(found.places) == [mine.sha256]


def test_hidden_bases_take_no_place_among_the_candidates_of_an_artifact(
    owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(owner, "m", team="vision", content=b"hidden")
    base = hook(b"hidden", [])
    log(stranger, "mine", content=b"older")
    older = hook(b"older", [])
    log(stranger, "mine", content=b"newer")
    newer = hook(b"newer", [])
    BlobBase.objects.create(blob=newer, base=base, bytes=3)
    monkeypatch.setattr(candidates, "MAX_BLOBS", 2)
    found = find_candidates(artifact=ArtifactName("model", "mine"), uploader=stranger)
    assert list(found.places) == [newer.sha256, older.sha256]


def test_a_base_that_he_sent_himself_is_a_candidate(owner: User, stranger: User) -> None:
    log(owner, "m", team="vision", content=b"both")
    base = hook(b"both", [])
    send(b"both", stranger)
    log(stranger, "mine", content=b"newer")
    newer = hook(b"newer", [])
    BlobBase.objects.create(blob=newer, base=base, bytes=3)
    found = find_candidates(artifact=ArtifactName("model", "mine"), uploader=stranger)
    assert list(found.places) == [newer.sha256, base.sha256]


def test_what_hidden_content_lends_counts_no_more_than_the_whole(
    owner: User, stranger: User
) -> None:
    log(owner, "m", team="vision", content=b"h" * 100)
    base = Blob.objects.get()
    log(stranger, "mine", content=b"h" * 100 + b"s")
    blob = Blob.objects.latest("id")
    Blob.objects.filter(pk=blob.pk).update(layout="extents", physical_bytes=40)
    BlobBase.objects.create(blob=blob, base=base, bytes=100)
    assert pool_bytes(stranger) == blob.size_bytes


def test_what_others_made_whole_is_told_to_admins_only(stranger: User) -> None:
    log(stranger, "mine", content=b"mine")
    store = current_store()
    materialized.add(store, Blob.objects.get().place, {}, "a.bin", 1 << 20)
    told = {
        user: client_of(user).post("/api/artifacts/mine/v1/materialize", {}, format="json").json()
        for user in (stranger, make_user("admin", Role.ADMIN))
    }
    assert [answer["materialized_bytes"] for answer in told.values()] == [0, 4]
