"""When a base is healed those that lean on it are judged again: quickly, and each for itself."""

import pytest

from artifacts.models import Blob
from artifacts.services.integrity import mark_damaged, rejudge_dependents
from artifacts.storage.layout import Store, physical_path
from tests.crash.acts import purge, upload
from tests.crash.invariants import broken, turn_over
from tests.leaning import BLOCK, blocks, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)

BASE = "abcdefghijklmnop"
LEANING = [f"{BASE}{letter}" for letter in "qrstuvwxyz"]


@pytest.fixture
def leaning(store: Store) -> Store:
    """Ten that lean on all of a base, which has lost a byte that they need."""
    log_plain("base", BASE)
    for letters in LEANING:
        log_leaning("leaning", letters, BASE)
    spoil(store, BASE, 3)
    mark_damaged(blob=row(BASE))
    assert damaged() == {BASE, *LEANING}
    return store


def spoil(store: Store, letters: str, number: int) -> None:
    """Turn over a byte in block ``number`` of the file of this content."""
    turn_over(physical_path(store, row(letters).place), number * BLOCK)


def damaged() -> set[str]:
    known = {row(letters).pk: letters for letters in (BASE, *LEANING)}
    return {known[pk] for pk in Blob.objects.exclude(damaged_at=None).values_list("pk", flat=True)}


def test_one_that_has_lost_a_byte_of_its_own_stays_damaged(leaning: Store) -> None:
    spoil(leaning, LEANING[0], 0)
    upload(blocks(BASE))
    assert damaged() == {LEANING[0]}
    assert broken(leaning) == []


def test_one_whose_file_is_gone_stays_damaged(leaning: Store) -> None:
    physical_path(leaning, row(LEANING[0]).place).unlink()
    upload(blocks(BASE))
    assert damaged() == {LEANING[0]}


def test_one_that_another_base_spoils_stays_damaged(store: Store) -> None:
    log_plain("base", "abcd")
    log_plain("other", "0123")
    log_leaning("both", "ab01", "abcd", "0123")
    for letters in ("0123", "abcd"):
        spoil(store, letters, 0)
        mark_damaged(blob=row(letters))
    upload(blocks("abcd"))
    assert damaged_now("0123", "ab01")


def test_damage_of_another_base_that_it_does_not_need_is_none_of_its_own(store: Store) -> None:
    log_plain("base", "abcd")
    log_plain("other", "0123")
    log_leaning("both", "ab01", "abcd", "0123")
    spoil(store, "0123", 3)
    spoil(store, "abcd", 0)
    for letters in ("0123", "abcd"):
        mark_damaged(blob=row(letters))
    upload(blocks("abcd"))
    assert row("ab01").damaged_at is None
    assert damaged_now("0123")


def damaged_now(*letters: str) -> bool:
    """Whether exactly these are known to be damaged."""
    found = Blob.objects.exclude(damaged_at=None).values_list("pk", flat=True)
    return set(found) == {row(one).pk for one in letters}


def test_remains_that_lack_what_is_needed_heal_nobody(store: Store) -> None:
    log_plain("base", "abcdefgh")
    log_leaning("leaning", "xbcy", "abcdefgh")
    purge("base")
    base = row("abcdefgh")
    assert base.layout == "remains"
    path = physical_path(store, base.place)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[BLOCK:])
    mark_damaged(blob=base)
    rejudge_dependents(blob_ids=[base.pk])
    assert row("xbcy").damaged_at is not None
