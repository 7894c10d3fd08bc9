"""``manage.py scrub`` where content leans on content: whom damage reaches, and what heals."""

import logging

import pytest
from django.db.models import F
from django.utils import timezone

from artifacts.errors import MissingBlobs
from artifacts.models import Blob, Version
from artifacts.services import integrity
from artifacts.services.integrity import mark_damaged
from artifacts.storage.layout import Store, physical_path
from tests.commands.test_scrub import scrub
from tests.crash.acts import commit, purge, upload
from tests.crash.invariants import broken, turn_over
from tests.leaning import BLOCK, blocks, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leaning(store: Store) -> Store:
    """Two that lean on one base, each on other bytes of it, and one on the remains of a fourth."""
    log_plain("base", "abcd")
    log_leaning("first", "abx", "abcd")
    log_leaning("second", "cdyz", "abcd")
    log_leaning("third", "yu", "cdyz")
    return store


def spoil(store: Store, letters: str, number: int) -> None:
    """Turn over a byte in block ``number`` of the file of this content."""
    turn_over(physical_path(store, row(letters).place), number * BLOCK)


def corrupted() -> list[str]:
    found = Version.objects.exclude(corrupted_at=None).order_by("pk")
    return [version.artifact.name for version in found]


def damaged() -> list[str]:
    return [blob.sha256 for blob in Blob.objects.exclude(damaged_at=None).order_by("pk")]


def test_it_reads_each_file_of_the_pool_once(leaning: Store) -> None:
    physical = sum(Blob.objects.values_list("physical_bytes", flat=True))
    code, said = scrub(read_data=True)
    assert (code, said.splitlines()) == (0, [f"4 blobs checked, {physical / 1024:.1f} KiB read."])


def test_damage_of_a_base_reaches_those_that_read_it(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    code, said = scrub(read_data=True)
    assert code == 1
    assert corrupted() == ["base", "first"]
    assert f"damaged: {row('abcd')}" in said
    assert f"damaged: {row('abx')}" in said
    assert broken(leaning) == []


def test_a_base_that_is_gone_reaches_all_that_lean_on_it(leaning: Store) -> None:
    physical_path(leaning, row("abcd").place).unlink()
    assert scrub()[0] == 1
    assert corrupted() == ["base", "first", "second"]
    assert broken(leaning) == []


def test_damage_of_own_bytes_reaches_who_needs_them(leaning: Store) -> None:
    spoil(leaning, "cdyz", 0)  # its first own byte: the y
    scrub(read_data=True)
    assert corrupted() == ["second", "third"]


def test_damage_of_own_bytes_that_nobody_else_needs(leaning: Store) -> None:
    spoil(leaning, "cdyz", 1)
    scrub(read_data=True)
    assert corrupted() == ["second"]


def test_damaged_remains_reach_who_needs_them(leaning: Store) -> None:
    purge("second")
    assert row("cdyz").layout == "remains"
    spoil(leaning, "cdyz", 0)
    assert scrub(read_data=True)[0] == 1
    assert corrupted() == ["third"]
    assert damaged() == [row("cdyz").sha256, row("yu").sha256]
    assert broken(leaning) == []


def test_a_healed_base_heals_those_that_lean_on_it(
    leaning: Store, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        upload(blocks("abcd"))
    assert (corrupted(), damaged()) == ([], [])
    for letters in ("abcd", "abx"):
        assert f"blob healed digest={row(letters)}" in caplog.text
    assert scrub(read_data=True)[0] == 0
    assert broken(leaning) == []


def test_remains_are_healed_by_the_whole_content(leaning: Store) -> None:
    purge("second")
    spoil(leaning, "cdyz", 0)
    scrub(read_data=True)
    upload(blocks("cdyz"))
    assert row("cdyz").layout == "file"
    assert (corrupted(), damaged()) == ([], [])


def test_one_that_leans_is_healed_by_itself_and_the_base_stays_damaged(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    upload(blocks("abx"))
    assert row("abx").layout == "file"
    assert corrupted() == ["base"]
    assert scrub(read_data=True)[0] == 1
    assert broken(leaning) == []


def test_what_the_disk_gives_back_is_found_healed(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    spoil(leaning, "abcd", 0)  # the same bit again
    code, said = scrub(read_data=True)
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("healed")] == [
        f"healed: {row('abcd')}",
        f"healed: {row('abx')}",
    ]
    assert (corrupted(), damaged()) == ([], [])


def test_nobody_may_commit_what_a_damaged_base_spoils(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    with pytest.raises(MissingBlobs):
        commit("other", {"a.bin": blocks("abx")})
    assert commit("other", {"a.bin": blocks("cdyz")}).status == "ready"


def test_a_second_damage_of_a_damaged_base_reaches_those_that_read_it(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    spoil(leaning, "abcd", 2)
    scrub(read_data=True)
    assert corrupted() == ["base", "first", "second"]
    assert broken(leaning) == []


@pytest.mark.parametrize("read_data", [True, False])
def test_a_damaged_base_that_is_gone_later_reaches_all_that_lean_on_it(
    leaning: Store, read_data: bool
) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    physical_path(leaning, row("abcd").place).unlink()
    scrub(read_data=read_data)
    assert corrupted() == ["base", "first", "second"]
    assert broken(leaning) == []


def die_at(monkeypatch: pytest.MonkeyPatch, letters: str) -> None:
    """Let the process die when it is about to judge this content."""
    judge, sha256 = integrity.is_sound, row(letters).sha256

    def die_or_judge(store: Store, blob: Blob) -> bool:
        if blob.sha256 == sha256:
            raise KeyboardInterrupt
        return judge(store, blob)

    monkeypatch.setattr(integrity, "is_sound", die_or_judge)


def test_a_scrub_killed_before_it_judged_those_that_lean_is_made_up_for(
    leaning: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(leaning, "abcd", 0)
    with monkeypatch.context() as killed:
        die_at(killed, "abx")
        with pytest.raises(KeyboardInterrupt):
            scrub(read_data=True)
    scrub(read_data=True)
    assert corrupted() == ["base", "first"]
    assert broken(leaning) == []


def test_what_leans_on_damage_it_does_not_read_is_judged_and_stays_ready(leaning: Store) -> None:
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    assert scrub(read_data=True)[0] == 1
    assert corrupted() == ["base", "first"]
    assert row("cdyz").verified_at > row("abcd").damaged_at


def test_those_that_lean_are_judged_in_the_same_run_when_their_turn_was_before(
    leaning: Store,
) -> None:
    Blob.objects.filter(pk=row("abcd").pk).update(verified_at=timezone.now())  # the others: never
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    assert corrupted() == ["base", "first"]
    spoil(leaning, "abcd", 0)
    Blob.objects.exclude(pk=row("abcd").pk).update(verified_at=None)
    scrub(read_data=True)
    assert corrupted() == []


@pytest.fixture
def one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what leans on others no more is read at once than one content of three blocks."""
    monkeypatch.setattr(integrity, "AT_ONCE_BYTES", 3 * BLOCK)


def test_a_heal_reads_a_bounded_part_of_what_leans_and_the_next_scrub_the_rest(
    leaning: Store, one_at_once: None
) -> None:
    log_leaning("fourth", "abcx", "abcd")
    log_leaning("fifth", "abcy", "abcd")
    spoil(leaning, "abcd", 0)
    scrub(read_data=True)
    upload(blocks("abcd"))
    assert corrupted() == ["fourth", "fifth"]
    assert scrub(read_data=True)[0] == 0
    assert corrupted() == []


def test_blame_reads_a_bounded_part_of_what_leans_and_the_next_scrub_begins_with_the_rest(
    leaning: Store, one_at_once: None
) -> None:
    scrub(read_data=True)
    log_leaning("fourth", "abcx", "abcd")
    spoil(leaning, "abcd", 0)
    mark_damaged(blob=row("abcd"))
    assert corrupted() == ["base", "first"]
    first = Blob.objects.order_by(F("verified_at").asc(nulls_first=True), "pk").first()
    assert first in {row("abcx"), row("cdyz")}
    scrub(read_data=True)
    assert corrupted() == ["base", "first", "fourth"]
