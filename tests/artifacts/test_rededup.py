"""``rededup``: what was stored as whole files shares bytes afterwards, and nothing is lost."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from artifacts.models import Artifact, Blob, BlobBase, BlobChunks, Hook, Version
from artifacts.services import rededup as service
from artifacts.services.contents import open_blob
from artifacts.services.integrity import scrub
from artifacts.services.purge import purge_version
from artifacts.services.rededup import rededup
from artifacts.services.trees import folder_of
from artifacts.storage import content as storage_content
from artifacts.storage import ingest, pool
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import ChunkList
from artifacts.storage.ingest import ingest_file
from artifacts.storage.layout import EXTENTS, FILE, Store
from artifacts.storage.recipe import read_recipe
from tests.checkpoints import MIB, checkpoint, noise
from tests.conftest import ANYBODY, MakeVersion, sha256_of
from tests.crash.invariants import broken, damage, pool_bytes, tidy, untidy


def forget() -> None:
    """As if two uploads had not seen each other, or the store had been imported."""
    BlobChunks.objects.all().delete()
    Hook.objects.all().delete()


@pytest.fixture
def log(make_version: MakeVersion) -> Callable[..., Version]:
    """Commit a version of one file, stored whole."""

    def make(content: bytes, name: str = "m") -> Version:
        forget()
        version = make_version(name, files={"w.bin": content})
        assert row(content).layout == FILE
        return version

    return make


@pytest.fixture
def pair(log: Callable[..., Version]) -> tuple[Version, Version]:
    """Two versions that share most of their bytes and do not know it."""
    found = log(checkpoint(1)), log(checkpoint(2))
    forget()
    return found


def row(content: bytes) -> Blob:
    return Blob.objects.get(sha256=sha256_of(content))


def read(content: bytes) -> bytes:
    with open_blob(row(content)) as reader:
        return reader.read(-1)


def sound(store: Store) -> bool:
    return scrub(read_data=True).is_clean and broken(store) + untidy(store) == []


Pair = tuple[Version, Version]


def test_the_younger_leans_on_the_older(store: Store, pair: Pair) -> None:
    before = pool_bytes(store)
    report = rededup()
    assert report.changed == [row(checkpoint(2)).digest]
    assert (row(checkpoint(1)).layout, row(checkpoint(2)).layout) == (FILE, EXTENTS)
    assert pool_bytes(store) == before - report.saved_bytes
    assert report.saved_bytes > 0.7 * len(checkpoint(2))
    assert BlobBase.objects.get().base == row(checkpoint(1))
    assert (read(checkpoint(1)), read(checkpoint(2))) == (checkpoint(1), checkpoint(2))
    assert sound(store)


def test_the_disk_really_gets_the_bytes_back(store: Store, pair: Pair) -> None:
    rededup()
    assert not store.pool_path(row(checkpoint(2)).sha256).exists()
    assert not (folder_of(pair[1]) / "files/w.bin").exists()
    assert (folder_of(pair[0]) / "files/w.bin").read_bytes() == checkpoint(1)


def test_the_second_time_there_is_nothing_to_do(store: Store, pair: Pair) -> None:
    rededup()
    before = list(Blob.objects.order_by("pk").values())
    report = rededup()
    assert (report.looked_at, report.indexed, report.changed, report.saved_bytes) == (1, 0, [], 0)
    assert list(Blob.objects.order_by("pk").values()) == before


def test_a_missing_index_is_made(store: Store, log: Callable[..., Version]) -> None:
    log(checkpoint(1))
    forget()
    assert rededup().indexed == 1
    assert BlobChunks.objects.get().blob == row(checkpoint(1))
    assert Hook.objects.exists()
    assert rededup().indexed == 0


def test_the_index_has_what_is_in_its_own_file_only(store: Store, pair: Pair) -> None:
    rededup()
    blob = row(checkpoint(2))
    recipe = read_recipe(store.extents_path(blob.sha256, blob.generation))
    listed = ChunkList.from_bytes(bytes(BlobChunks.objects.get(blob=blob).chunks))
    assert len(listed)
    assert len(listed) == len(listed.within(recipe.literals))


def test_what_is_uploaded_later_leans_on_it_too(
    store: Store, pair: Pair, make_version: MakeVersion
) -> None:
    rededup()
    make_version("m", files={"w.bin": checkpoint(3)})
    assert row(checkpoint(3)).layout == EXTENTS
    assert sound(store)


def test_a_line_of_versions_shrinks_in_one_run(store: Store, log: Callable[..., Version]) -> None:
    contents = [checkpoint(number) for number in range(4)]
    for content in contents:
        log(content)
    forget()
    report = rededup()
    assert (report.looked_at, report.indexed, len(report.changed)) == (4, 1, 3)
    assert pool_bytes(store) < 0.5 * sum(map(len, contents))
    assert [read(content) for content in contents] == contents
    assert sound(store)


def test_the_order_of_the_digests_does_not_matter(
    store: Store, log: Callable[..., Version]
) -> None:
    numbers = sorted(range(4), key=lambda number: sha256_of(checkpoint(number)), reverse=True)
    for number in numbers:  # each base has a greater digest than what leans on it
        log(checkpoint(number))
    forget()
    assert len(rededup().changed) == 3
    assert sound(store)


def test_content_of_another_artifact_is_found_by_its_hooks(
    store: Store, log: Callable[..., Version]
) -> None:
    log(checkpoint(1), "one")
    log(checkpoint(2), "two")
    forget()
    assert len(rededup().changed) == 1
    assert sound(store)


def test_one_artifact_alone(store: Store, pair: Pair, log: Callable[..., Version]) -> None:
    for number in (5, 6):
        log(checkpoint(number, of="other"), "other")
    forget()
    assert rededup(artifact=Artifact.objects.get(name="other")).looked_at == 2
    assert (row(checkpoint(2)).layout, row(checkpoint(6, of="other")).layout) == (FILE, EXTENTS)


def test_what_others_read_from_the_file_stays_in_it(
    store: Store, log: Callable[..., Version], make_version: MakeVersion
) -> None:
    log(checkpoint(1))
    log(checkpoint(2))  # whole, and it does not know of the first
    BlobChunks.objects.filter(blob=row(checkpoint(1))).delete()
    Hook.objects.filter(blob=row(checkpoint(1))).delete()
    make_version("m", files={"w.bin": checkpoint(3)})
    assert BlobBase.objects.get().base == row(checkpoint(2))
    rededup()
    assert row(checkpoint(2)).layout == FILE  # nearly all of it is needed
    assert sound(store)


def at(step: str, act: Callable[[], None]) -> Callable[[str], None]:
    """What stands for ``reached``: do ``act`` when ``step`` is, the first time."""
    done: list[str] = []

    def reach(name: str) -> None:
        if name == step and not done:
            done.append(name)
            act()

    return reach


def test_who_begins_to_lean_meanwhile_is_seen(
    store: Store, pair: Pair, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lean_meanwhile() -> None:
        forget()
        service._write_index(row(checkpoint(2)), index_of(checkpoint(2), store))
        make_version("m", files={"w.bin": checkpoint(3)})
        assert BlobBase.objects.get().base == row(checkpoint(2))

    monkeypatch.setattr(service, "reached", at("rededup.published", lean_meanwhile))
    assert rededup().changed == []
    assert row(checkpoint(2)).layout == FILE
    assert read(checkpoint(3)) == checkpoint(3)
    assert sound(store)


def test_a_base_that_goes_meanwhile_is_seen(
    store: Store, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def purge() -> None:
        purge_version(version=pair[0], purged_by=ANYBODY)

    monkeypatch.setattr(service, "reached", at("rededup.published", purge))
    assert rededup().changed == []
    assert row(checkpoint(2)).layout == FILE
    assert sound(store)


def test_a_version_purged_meanwhile_leaves_nothing(
    store: Store, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def purge() -> None:
        purge_version(version=pair[1], purged_by=ANYBODY)

    monkeypatch.setattr(service, "reached", at("rededup.published", purge))
    assert rededup().changed == []
    tidy(store)
    assert pool_bytes(store) == len(checkpoint(1))
    assert sound(store)


class Killed(BaseException):
    """As if the process had died here."""


@pytest.mark.parametrize(
    "step", ["rededup.published", "rededup.before_commit", "rededup.committed"]
)
def test_a_crash_loses_nothing_and_a_second_run_finishes(
    store: Store, pair: Pair, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die() -> None:
        raise Killed

    monkeypatch.setattr(service, "reached", at(step, die))
    with pytest.raises(Killed):
        rededup()
    assert broken(store) == []
    assert read(checkpoint(2)) == checkpoint(2)
    tidy(store)
    rededup()
    assert row(checkpoint(2)).layout == EXTENTS
    assert sound(store)


def test_the_base_may_be_purged_afterwards(store: Store, pair: Pair) -> None:
    rededup()
    purge_version(version=pair[0], purged_by=ANYBODY)
    assert read(checkpoint(2)) == checkpoint(2)
    assert sound(store)


def test_damage_found_on_the_way_is_marked(store: Store, pair: Pair) -> None:
    damage(store, checkpoint(2))
    report = rededup()
    assert (report.damaged, report.changed) == ([row(checkpoint(2)).digest], [])
    assert Version.objects.get(number=2).status == "corrupted"
    assert broken(store) == []


def test_a_file_that_is_gone_is_marked(store: Store, pair: Pair) -> None:
    store.pool_path(row(checkpoint(2)).sha256).unlink()
    assert rededup().damaged == [row(checkpoint(2)).digest]


def test_content_that_is_healed_may_lean_again(
    store: Store, pair: Pair, make_blob: Callable[[bytes], Blob]
) -> None:
    rededup()
    Blob.objects.filter(pk=row(checkpoint(2)).pk).update(damaged_at=timezone.now())
    make_blob(checkpoint(2))
    assert row(checkpoint(2)).layout == FILE
    assert len(rededup().changed) == 1
    assert (row(checkpoint(2)).layout, read(checkpoint(2))) == (EXTENTS, checkpoint(2))
    tidy(store)  # what the heal does after its commit
    assert sound(store)


def test_small_compressed_and_dead_content_is_left_alone(
    store: Store, log: Callable[..., Version], make_blob: Callable[[bytes], Blob]
) -> None:
    log(b"\x1f\x8b1" + noise(1, 9 * MIB))
    log(b"\x1f\x8b2" + noise(1, 9 * MIB))
    log(noise(2, 7 * MIB))
    make_blob(checkpoint(1))
    forget()
    report = rededup()
    assert (report.looked_at, report.indexed, report.changed) == (2, 0, [])


def test_when_the_time_is_over_it_stops(store: Store, pair: Pair) -> None:
    report = rededup(until=timezone.now())
    assert (report.looked_at, report.is_complete) == (0, False)


def test_a_dry_run_says_what_it_would_save_and_writes_nothing(store: Store, pair: Pair) -> None:
    service._write_index(row(checkpoint(1)), index_of(checkpoint(1), store))
    before = list(Blob.objects.order_by("pk").values()), sorted(store.root.rglob("*"))
    report = rededup(dry_run=True)
    assert (report.looked_at, report.indexed, len(report.changed)) == (2, 0, 1)
    assert report.saved_bytes > 0.7 * len(checkpoint(2))
    assert (list(Blob.objects.order_by("pk").values()), sorted(store.root.rglob("*"))) == before


def index_of(content: bytes, store: Store) -> ChunkList:
    return ingest_file(store, store.pool_path(sha256_of(content)), index=ChunkIndex()).chunks


def test_a_file_that_the_disk_cannot_read_is_damaged_and_stops_no_other(
    pair: tuple[Version, Version],
    log: Callable[..., Version],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log(checkpoint(3))
    forget()
    bad = store.pool_path(sha256_of(checkpoint(1)))
    read_buffers, has_content = ingest._read_buffers, pool.has_content

    def read_or_fail(source: Any, limit: int | None) -> Iterator[bytes]:
        if Path(f"/proc/self/fd/{source.fileno()}").readlink() == bad:
            raise OSError(errno.EIO, "Input/output error")
        return read_buffers(source, limit)

    def has_or_not(path: Path, sha256: str, size_bytes: int) -> bool:
        return path != bad and has_content(path, sha256, size_bytes)

    monkeypatch.setattr(ingest, "_read_buffers", read_or_fail)
    monkeypatch.setattr(storage_content, "has_content", has_or_not)
    report = rededup()
    assert report.damaged == [row(checkpoint(1)).digest]
    assert report.changed == [row(checkpoint(3)).digest]
