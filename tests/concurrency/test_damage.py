"""Damage is found and healed beside commits: ready always means that all content is sound."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from artifacts.errors import MissingBlobs
from artifacts.models import Blob, Version
from artifacts.services import integrity
from artifacts.services.integrity import heal_blobs, mark_damaged, rejudge, scrub
from artifacts.services.trash import recover_trash
from artifacts.services.trees import folder_of
from artifacts.storage import pool
from artifacts.storage.layout import PoolFile, Store
from tests.concurrency.threads import PATIENCE_SECONDS, run_together, start, wait_until_blocked
from tests.conftest import sha256_of
from tests.crash.acts import commit, log, upload
from tests.crash.invariants import broken, damage, turn_over
from tests.leaning import blocks, log_leaning, log_plain

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {"a.bin": b"first content", "b.bin": b"second content"}


@pytest.fixture
def version(store: Store) -> Version:
    return log("model-a", FILES)


def spoil(store: Store, *contents: bytes) -> None:
    """Damage stored contents and let a scrub find it."""
    for content in contents:
        damage(store, content)
    scrub(read_data=True)


def beside(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Begin ``second`` while ``first`` is done and not committed."""
    with transaction.atomic():
        first()
        begun = start(second)
        wait_until_blocked()
    begun.result(PATIENCE_SECONDS)


def row(content: bytes) -> Blob:
    return Blob.objects.get(sha256=sha256_of(content))


def test_a_scrub_and_a_commit_never_leave_a_ready_version_with_damage(store: Store) -> None:
    for number in range(10):
        content = b"content %d" % number
        upload(content)
        damage(store, content)
        run_together(
            partial(scrub, read_data=True),
            partial(commit_or_miss, f"model-{number}", {"a.bin": content}),
            partial(commit_or_miss, f"other-{number}", {"b.bin": content}),
        )
        assert broken(store) == []
    assert Version.objects.ready().count() == 0


def commit_or_miss(name: str, files: dict[str, bytes]) -> None:
    with suppress(MissingBlobs):
        commit(name, files)


def test_two_heals_of_one_version_at_the_same_moment_make_it_ready(
    store: Store, version: Version
) -> None:
    first, second = FILES.values()
    spoil(store, first, second)
    beside(lambda: upload(first), lambda: upload(second))
    version.refresh_from_db()
    assert version.status == "ready"
    assert broken(store) == []


def test_a_heal_beside_new_damage_leaves_the_version_corrupted(
    store: Store, version: Version
) -> None:
    first, second = FILES.values()
    spoil(store, first)
    damage(store, second)
    beside(lambda: upload(first), lambda: mark_damaged(blob=row(second)))
    version.refresh_from_db()
    assert version.status == "corrupted"


def test_new_damage_beside_a_heal_leaves_the_version_corrupted(
    store: Store, version: Version
) -> None:
    first, second = FILES.values()
    spoil(store, first)
    damage(store, second)
    beside(lambda: mark_damaged(blob=row(second)), lambda: upload(first))
    version.refresh_from_db()
    assert version.status == "corrupted"


def test_heals_of_many_shared_versions_do_not_deadlock(store: Store) -> None:
    contents = [b"content %d" % number for number in range(6)]
    for number in range(6):
        log(f"model-{number}", {f"{n}.bin": content for n, content in enumerate(contents)})
    spoil(store, *contents)
    run_together(*[partial(upload, content) for content in contents])
    assert Version.objects.ready().count() == 6
    assert broken(store) == []


def test_healed_bytes_reach_the_version_folders(store: Store, version: Version) -> None:
    first, _ = FILES.values()
    spoil(store, first)
    upload(first)
    assert (folder_of(version) / "files/a.bin").read_bytes() == first


def test_a_torn_file_that_no_scrub_has_seen_is_healed_in_the_folders_too(
    store: Store, version: Version
) -> None:
    first, _ = FILES.values()
    path = store.pool_path(sha256_of(first))
    path.chmod(0o644)
    path.write_bytes(first[:4])
    upload(first)
    assert (folder_of(version) / "files/a.bin").read_bytes() == first
    path.chmod(0o444)
    assert broken(store) == []


def test_a_heal_of_what_is_not_damaged_changes_no_version(store: Store, version: Version) -> None:
    with transaction.atomic():
        heal_blobs(sha256s=[sha256_of(content) for content in FILES.values()])
    version.refresh_from_db()
    assert version.status == "ready"


class Judging:
    """Does something once, when the content was read and the verdict is not yet written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, job: Callable[[], object]) -> None:
        self.judge = integrity.is_sound
        self.jobs = [job]
        monkeypatch.setattr(integrity, "is_sound", self)

    def __call__(self, store: Store, blob: Blob) -> bool:
        verdict = self.judge(store, blob)
        while self.jobs:
            self.jobs.pop()()
        return verdict


def test_a_commit_does_not_wait_while_content_is_read(
    store: Store, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit_beside() -> None:
        start(partial(commit, "other", FILES)).result(PATIENCE_SECONDS)

    Judging(monkeypatch, commit_beside)
    assert not mark_damaged(blob=row(FILES["a.bin"]))


def test_a_commit_does_not_wait_while_what_is_in_the_trash_is_judged(
    store: Store, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, judge = row(FILES["a.bin"]).place, pool._is_sound
    pool.move_aside(store, place)
    upload(FILES["a.bin"])
    verdicts = []

    def judge_and_commit(path: Path, file: PoolFile) -> bool:
        start(partial(commit, "other", FILES)).result(PATIENCE_SECONDS)
        verdicts.append(judge(path, file))
        return verdicts[-1]

    monkeypatch.setattr(pool, "_is_sound", judge_and_commit)
    recover_trash(store)
    assert (verdicts, list(store.trash.iterdir())) == ([True], [])
    assert broken(store) == []


def test_content_healed_while_it_was_found_damaged_is_not_marked(
    store: Store, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = FILES.values()
    spoil(store, first)
    Judging(monkeypatch, lambda: upload(first))
    assert not mark_damaged(blob=row(first))
    version.refresh_from_db()
    assert version.status == "ready"


def test_a_base_healed_while_what_leans_on_it_was_found_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_plain("base", "abcd")
    log_leaning("first", "abx", "abcd")
    turn_over(store.pool_path(sha256_of(blocks("abcd"))), 0)
    Blob.objects.filter(sha256=sha256_of(blocks("abcd"))).update(damaged_at=timezone.now())
    Judging(monkeypatch, lambda: upload(blocks("abcd")))
    assert not mark_damaged(blob=row(blocks("abx")))
    assert broken(store) == []


def test_a_base_damaged_while_what_leans_on_it_was_found_sound(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_plain("base", "abcd")
    log_leaning("first", "abx", "abcd")
    Blob.objects.filter(sha256=sha256_of(blocks("abx"))).update(damaged_at=timezone.now())

    def spoil_base() -> None:
        turn_over(store.pool_path(sha256_of(blocks("abcd"))), 0)
        mark_damaged(blob=row(blocks("abcd")))

    Judging(monkeypatch, spoil_base)
    assert not rejudge(blob=row(blocks("abx")))
