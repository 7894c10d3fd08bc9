"""Content that leaned on others is stored as a whole file again: what it leaned on may go now."""

import signal
from functools import partial

import pytest
from django.db import transaction

from artifacts.models import Blob, BlobBase
from artifacts.services.contents import open_blob
from artifacts.services.integrity import mark_damaged
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Store
from tests.concurrency.threads import PATIENCE_SECONDS, run_together, start, wait_until_blocked
from tests.crash.acts import commit, purge, upload
from tests.crash.invariants import broken, damage, pool_bytes, tidy, untidy
from tests.crash.process import run
from tests.leaning import BLOCK, blocks, lean, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)


def read(letters: str) -> bytes:
    with open_blob(row(letters)) as reader:
        return reader.read()


def assert_in_order(store: Store) -> None:
    assert broken(store) + untidy(store) == []


@pytest.fixture
def damaged(store: Store) -> Blob:
    """A version's content that leans on a dead base, and has lost a byte of its own."""
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcx", "abcd")
    purge("model-a")
    damage(store, blocks("abcx"))
    assert mark_damaged(blob=row("abcx"))
    return row("abcx")


def test_a_dead_base_that_nobody_leans_on_any_more_goes(store: Store, damaged: Blob) -> None:
    upload(blocks("abcx"))
    assert list(Blob.objects.values_list("layout", flat=True)) == [FILE]
    assert pool_bytes(store) == 4 * BLOCK
    assert read("abcx") == blocks("abcx")
    assert_in_order(store)


def test_a_base_that_a_version_lists_stays(store: Store, damaged: Blob) -> None:
    commit("model-c", {"a.bin": blocks("abcd")})
    upload(blocks("abcx"))
    assert read("abcd") == blocks("abcd")
    assert_in_order(store)


def test_a_dead_base_that_others_need_little_of_is_compacted(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "abcdex", "abcdefgh")
    log_leaning("model-c", "ybz", "abcdefgh")
    assert purge("model-a") == 0
    damage(store, blocks("abcdex"))
    mark_damaged(blob=row("abcdex"))
    upload(blocks("abcdex"))
    assert (row("abcdefgh").layout, row("abcdefgh").generation) == (REMAINS, 1)
    assert read("ybz") == blocks("ybz")
    assert_in_order(store)


def test_what_the_base_itself_leans_on_goes_too(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgx", "abcdefg")
    commit("model-d", {"a.bin": blocks("abcdefg")})
    damage(store, blocks("efgx"))
    mark_damaged(blob=row("efgx"))
    for name in ("model-a", "model-b", "model-d"):
        purge(name)
    upload(blocks("efgx"))
    assert Blob.objects.count() == 1
    assert_in_order(store)


def test_a_kill_before_they_went_leaves_them_to_the_collection(store: Store, damaged: Blob) -> None:
    code = run(upload, blocks("abcx"), crash_at="collect.before_commit")
    assert code == -signal.SIGKILL
    assert broken(store) == []
    tidy(store)
    assert Blob.objects.count() == 1
    assert_in_order(store)


def test_uploads_at_the_same_moment_free_it_once(store: Store, damaged: Blob) -> None:
    run_together(*[partial(upload, blocks("abcx"))] * 3)
    assert pool_bytes(store) == 4 * BLOCK
    assert_in_order(store)


def test_a_base_that_a_commit_holds_in_this_moment_stays(store: Store, damaged: Blob) -> None:
    with transaction.atomic():
        commit("model-c", {"a.bin": blocks("abcd")})
        healing = start(partial(upload, blocks("abcx")))
        wait_until_blocked()
    assert healing.result(PATIENCE_SECONDS) is False
    assert read("abcd") == blocks("abcd")
    assert broken(store) == []


def test_a_base_that_other_content_begins_to_lean_on_stays(store: Store, damaged: Blob) -> None:
    with transaction.atomic():
        lean("cdy", "abcd")
        healing = start(partial(upload, blocks("abcx")))
        wait_until_blocked()
    assert healing.result(PATIENCE_SECONDS) is False
    assert row("cdy").layout == EXTENTS
    assert BlobBase.objects.filter(blob=row("cdy"), base=row("abcd")).exists()
    assert read("cdy") == blocks("cdy")
    assert broken(store) == []


def test_sound_extents_that_come_again_as_a_small_file_stay_as_they_are(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcx", "abcd")
    before = pool_bytes(store)
    assert upload(blocks("abcx")) is False
    assert row("abcx").layout == EXTENTS
    assert pool_bytes(store) == before
    assert_in_order(store)
