"""Deletion where content keeps bytes in other content: what goes, what stays, what is freed."""

from datetime import timedelta

import pytest

from artifacts.models import Blob, BlobBase, BlobChunks, Hook
from artifacts.services.collect import collect, collect_blobs, plan_collection
from artifacts.services.contents import open_blob
from artifacts.storage.chunks import ChunkList, chunk_id
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Store
from artifacts.storage.recipe import Range, encode_footer, remaining_recipe
from tests.conftest import sha256_of
from tests.crash.acts import purge, upload
from tests.crash.invariants import broken, pool_bytes, untidy
from tests.leaning import BLOCK, block, blocks, lean, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)


def collect_all() -> int:
    return collect(plan=plan_collection(min_age=timedelta()))


def read(letters: str) -> bytes:
    with open_blob(row(letters)) as reader:
        return reader.read()


def layouts() -> list[str]:
    return list(Blob.objects.order_by("pk").values_list("layout", flat=True))


def assert_in_order(store: Store) -> None:
    assert broken(store) + untidy(store) == []


def test_what_others_keep_bytes_in_stays(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-a", "abcx", "abcd")
    assert purge("model-a", 1) == 0
    assert layouts() == [FILE, EXTENTS]
    assert read("abcx") == blocks("abcx")
    assert_in_order(store)


def test_the_last_that_leans_on_it_takes_a_dead_base_along(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-a", "abcx", "abcd")
    before = pool_bytes(store)
    purge("model-a", 1)
    assert purge("model-a", 2) == before
    assert not Blob.objects.exists()
    assert pool_bytes(store) == 0
    assert_in_order(store)


def test_content_that_went_goes_from_the_tables_of_the_search_too(store: Store) -> None:
    lean("abcx")
    lean("abcy", "abcx")
    Hook.objects.create(key=1, blob=row("abcx"))
    assert BlobChunks.objects.count() == 2
    collect_all()
    assert not Blob.objects.exists()
    assert not BlobChunks.objects.exists()
    assert not Hook.objects.exists()


def test_all_that_leans_in_a_row_goes_in_one_collection(store: Store) -> None:
    upload(blocks("abcd"))
    lean("abcdefgh", "abcd")
    lean("efghij", "abcdefgh")
    lean("ijkl", "efghij")
    everything = pool_bytes(store)
    assert plan_collection(min_age=timedelta()).forecast.freed_bytes == everything
    assert collect_all() == everything
    assert_in_order(store)


def test_dead_content_that_others_need_gives_up_its_own_bases(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgx", "abcdefg")
    base_bytes = row("abcd").physical_bytes
    purge("model-a")
    assert purge("model-b") == base_bytes
    assert layouts() == [REMAINS, EXTENTS]
    assert not BlobBase.objects.filter(blob=row("abcdefg")).exists()
    assert read("efgx") == blocks("efgx")
    assert_in_order(store)


def test_remains_go_with_the_last_that_needs_them(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgx", "abcdefg")
    for name in ("model-a", "model-b", "model-c"):
        purge(name)
    assert pool_bytes(store) == 0
    assert_in_order(store)


def test_remains_are_not_stored_content_until_they_are_sent_again(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgx", "abcdefg")
    purge("model-b")
    assert row("abcdefg").layout == REMAINS
    upload(blocks("abcdefg"))
    assert row("abcdefg").layout == FILE
    assert read("abcdefg") == blocks("abcdefg")
    assert read("efgx") == blocks("efgx")
    assert broken(store) == []
    log_plain("model-d", "abcdefg")
    collect_all()
    assert_in_order(store)


def test_a_base_is_compacted_below_half(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "xbcy", "abcdefgh")
    before = row("abcdefgh")
    freed = purge("model-a")
    after = row("abcdefgh")
    assert (after.layout, after.generation) == (REMAINS, 1)
    assert not store.pool_path(before.sha256).exists()
    assert freed == before.physical_bytes - after.physical_bytes
    assert read("xbcy") == blocks("xbcy")
    assert_in_order(store)


def test_a_base_of_which_half_is_needed_stays_as_it_is(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "xabcdy", "abcdefgh")
    assert purge("model-a") == 0
    assert row("abcdefgh").layout == FILE


def test_it_is_compacted_again_when_less_is_needed(store: Store) -> None:
    log_plain("model-a", "abcdefghijklmnop")
    log_leaning("model-b", "xabcdef", "abcdefghijklmnop")
    log_leaning("model-c", "yb", "abcdefghijklmnop")
    purge("model-a")
    before = row("abcdefghijklmnop")
    own = row("xabcdef").physical_bytes
    freed = purge("model-b")
    after = row("abcdefghijklmnop")
    assert (before.generation, after.generation) == (1, 2)
    assert freed == own + before.physical_bytes - after.physical_bytes
    assert read("yb") == blocks("yb")
    assert_in_order(store)


def test_what_several_need_is_kept_once(store: Store) -> None:
    log_plain("model-a", "abcdefghijkl")
    log_leaning("model-b", "xabc", "abcdefghijkl")
    log_leaning("model-c", "ybcd", "abcdefghijkl")
    purge("model-a")
    base = row("abcdefghijkl")
    left = remaining_recipe(base.sha256, base.size_bytes, [Range(0, 4 * BLOCK)])
    assert base.physical_bytes == 4 * BLOCK + len(encode_footer(left, bytes(32)))
    assert [read("xabc"), read("ybcd")] == [blocks("xabc"), blocks("ybcd")]


def test_a_compaction_forgets_the_chunks_that_went(store: Store) -> None:
    log_plain("model-a", "zz")
    lean("abcdefgh")
    log_leaning("model-b", "xbcy", "abcdefgh")
    base = row("abcdefgh")
    for key in (1, 2):
        Hook.objects.create(key=key, blob=base)
    collect_all()
    kept = ChunkList.from_bytes(BlobChunks.objects.get(blob=base).chunks)
    assert [(id_, offset) for id_, offset, _ in kept] == [
        (chunk_id(block("b")), BLOCK),
        (chunk_id(block("c")), 2 * BLOCK),
    ]
    assert set(base.hooks.values_list("key", flat=True)) == set(kept.hooks())


def test_nothing_is_compacted_while_a_recipe_is_unreadable(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "xbcy", "abcdefgh")
    leaning = row("xbcy")
    path = store.extents_path(leaning.sha256, 0)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(leaning.physical_bytes - 1)
    assert purge("model-a") == 0
    assert row("abcdefgh").layout == FILE


def test_a_damaged_base_is_marked_and_not_compacted(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "xbcy", "abcdefgh")
    path = store.pool_path(sha256_of(blocks("abcdefgh")))
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"!")
    assert purge("model-a") == 0
    assert row("abcdefgh").layout == FILE
    assert row("abcdefgh").damaged_at is not None
    assert row("xbcy").damaged_at is None  # what it needs of it is sound


def test_young_content_keeps_its_bases(store: Store) -> None:
    upload(blocks("abcd"))
    lean("abcx", "abcd")
    plan = plan_collection(min_age=timedelta(hours=1))
    assert plan.forecast.dead == ()
    Blob.objects.filter(pk=row("abcd").pk).update(last_seen_at="2020-01-01T00:00Z")
    plan = plan_collection(min_age=timedelta(hours=1))
    assert (plan.blob_ids, plan.forecast.staying) == ((), (row("abcd").pk,))
    assert collect(plan=plan) == 0
    assert layouts() == [FILE, EXTENTS]


def test_more_than_a_batch_goes_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.services.collect.BATCH", 2)
    upload(blocks("abcd"))
    for letter in "uvwxyz":
        lean(f"abc{letter}", "abcd")
    everything = pool_bytes(store)
    assert collect_blobs(blob_ids=Blob.objects.values_list("pk", flat=True)) == everything
    assert_in_order(store)


@pytest.mark.parametrize("generation", [0, 3])
def test_a_stray_of_own_bytes_goes(store: Store, generation: int) -> None:
    blob = lean("abcx")
    here, there = store.extents_path(blob.sha256, 0), store.extents_path(blob.sha256, generation)
    here.rename(there)
    size = blob.physical_bytes
    blob.delete()
    assert collect_all() == size
    assert_in_order(store)


def test_a_file_that_its_row_does_not_name_any_more_goes(store: Store) -> None:
    log_plain("model-a", "abcd")
    stray = store.extents_path(row("abcd").sha256, 1)
    stray.write_bytes(b"stray")
    stray.chmod(0o444)
    assert plan_collection(min_age=timedelta()).strays == (f"sha256:{stray.name}",)
    assert collect_all() == len(b"stray")
    assert read("abcd") == blocks("abcd")
    assert_in_order(store)


def test_such_a_file_stays_while_the_named_one_is_gone(store: Store) -> None:
    log_plain("model-a", "abcd")
    path = store.pool_path(row("abcd").sha256)
    path.rename(path.with_name(f"{path.name}.d1"))
    assert plan_collection(min_age=timedelta()).strays == ()
    assert collect_all() == 0
    assert path.with_name(f"{path.name}.d1").exists()
