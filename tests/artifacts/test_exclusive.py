"""The preview of a permanent delete says exactly what the delete then frees."""

import math
import random
from datetime import timedelta

import pytest

from artifacts.models import Blob, Version
from artifacts.services import compact
from artifacts.services.collect import collect, plan_collection
from artifacts.services.exclusive import exclusive_bytes, forecast
from artifacts.services.purge import purge_versions
from artifacts.storage.layout import Store
from artifacts.storage.recipe import read_recipe
from tests.conftest import ANYBODY
from tests.crash.acts import commit, log, upload
from tests.crash.invariants import broken, pool_bytes, untidy
from tests.leaning import blocks, lean, log_leaning, log_plain

pytestmark = pytest.mark.django_db(transaction=True)

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def versions_of(name: str, *numbers: int) -> list[Version]:
    found = Version.objects.select_related("artifact").filter(artifact__name=name)
    return list(found.filter(number__in=numbers) if numbers else found)


def assert_exact(store: Store, versions: list[Version]) -> int:
    """What the preview says, after it was proved by the deed."""
    before, said = pool_bytes(store), exclusive_bytes(versions=versions, asked_by=ANYBODY)
    assert purge_versions(versions=versions, by=ANYBODY) == said
    assert before - pool_bytes(store) == said
    assert broken(store) + untidy(store) == []
    return said


def test_content_of_its_own_counts(store: Store) -> None:
    log("model-a", {"a": b"12345", "b": b"678", "again": b"678"})
    assert assert_exact(store, versions_of("model-a")) == 8


def test_content_that_another_version_lists_does_not(store: Store) -> None:
    log("model-a", {"a": b"12345", "b": b"678"})
    log("model-b", {"b": b"678"})
    assert assert_exact(store, versions_of("model-a")) == 5


def test_content_that_only_the_chosen_share_counts_once(store: Store) -> None:
    for _ in range(2):
        log("model-a", {"a": b"12345"})
    assert exclusive_bytes(versions=versions_of("model-a", 1), asked_by=ANYBODY) == 0
    assert assert_exact(store, versions_of("model-a")) == 5


def test_a_soft_deleted_version_keeps_its_content_from_being_exclusive(store: Store) -> None:
    for _ in range(2):
        log("model-a", {"a": b"12345"})
    Version.objects.filter(number=2).update(deleted_at="2026-01-01T00:00Z")
    assert assert_exact(store, versions_of("model-a", 1)) == 0


def test_a_base_that_others_need_does_not_count(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-a", "abcx", "abcd")
    assert assert_exact(store, versions_of("model-a", 1)) == 0


def test_what_a_compaction_gains_counts(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-a", "abx", "abcdefgh")
    assert assert_exact(store, versions_of("model-a", 1)) > 5 * len(blocks("a"))


def test_a_dead_base_of_the_chosen_counts(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcx", "abcd")
    assert_exact(store, versions_of("model-a"))
    assert assert_exact(store, versions_of("model-b")) > len(blocks("abcd"))
    assert pool_bytes(store) == 0


def test_a_stripped_base_gives_up_its_own(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-a", "abcdefg", "abcd")
    log_leaning("model-b", "efgx", "abcdefg")
    assert exclusive_bytes(versions=versions_of("model-a", 1), asked_by=ANYBODY) == 0
    assert assert_exact(store, versions_of("model-a")) == len(blocks("abcd"))


def test_an_upload_without_a_version_keeps_its_bases(store: Store) -> None:
    log_plain("model-a", "abcd")
    lean("abcx", "abcd")
    assert assert_exact(store, versions_of("model-a")) == 0


def test_nothing_chosen_frees_nothing(store: Store) -> None:
    assert exclusive_bytes(versions=[], asked_by=ANYBODY) == 0


def test_a_collection_frees_what_its_plan_says(store: Store) -> None:
    upload(blocks("abcdefgh"))
    log_leaning("model-a", "abx", "abcdefgh")
    lean("cdy", "abcdefgh")
    before = pool_bytes(store)
    plan = plan_collection(min_age=timedelta())
    assert collect(plan=plan) == plan.forecast.freed_bytes == before - pool_bytes(store) > 0
    assert broken(store) + untidy(store) == []


def test_what_is_not_dead_has_no_forecast(store: Store) -> None:
    log_plain("model-a", "abcd")
    found = forecast(blob_ids=list(Blob.objects.values_list("pk", flat=True)))
    assert (found.dead, found.freed_bytes) == ((), 0)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_exact_however_content_leans_on_content(store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    stored: list[str] = []
    for _ in range(9):
        letters = "".join(chance.sample(LETTERS[:14], chance.randint(4, 10)))
        if letters in stored:
            continue
        if stored and chance.random() < 0.8:
            lean(letters, *chance.sample(stored, min(2, len(stored))))
        else:
            upload(blocks(letters))
        stored.append(letters)
        some = chance.sample(stored, min(len(stored), chance.randint(1, 2)))
        commit("model-a", {f"{number}.bin": blocks(one) for number, one in enumerate(some)})
    left = versions_of("model-a")
    while left:
        chosen = [left.pop(chance.randrange(len(left))) for _ in range(min(len(left), 2))]
        assert_exact(store, chosen)


@pytest.mark.parametrize("bases_at_once", [64, 2])
def test_a_recipe_is_read_once_for_many_bases(
    store: Store, monkeypatch: pytest.MonkeyPatch, bases_at_once: int
) -> None:
    groups = ["abcx", "defy", "ghiz", "jklw"]
    for group in groups:
        log_plain("bases", group)
    for new in "mnopqr":
        log_leaning("leaning", "adgj" + new, *groups)
    read: list[object] = []
    monkeypatch.setattr(compact, "read_recipe", lambda path: read.append(path) or read_recipe(path))
    monkeypatch.setattr(compact, "BASES_AT_ONCE", bases_at_once)
    each = 6 * math.ceil(len(groups) / bases_at_once)
    said = exclusive_bytes(versions=versions_of("bases"), asked_by=ANYBODY)
    assert len(read) == each
    assert purge_versions(versions=versions_of("bases"), by=ANYBODY) == said > 0
    assert len(read) == 2 * each
    assert broken(store) + untidy(store) == []
