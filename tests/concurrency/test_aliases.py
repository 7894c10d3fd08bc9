"""Aliases under many hands: an expectation holds for one, and never outlives its version."""

from functools import partial

import pytest

from artifacts.errors import AliasMoved, AliasProtected, VersionNotReady
from artifacts.models import Alias, AliasEvent, Version
from artifacts.services.aliases import move_alias, roll_back_alias
from artifacts.services.versions import restore_version, soft_delete_version
from artifacts.storage.layout import Store
from tests.concurrency.threads import run_together
from tests.crash.acts import ANYBODY, log

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = {"a.bin": b"content"}


def try_move(version: Version, expected: int | None) -> bool:
    try:
        move_alias(
            artifact=version.artifact,
            name="production",
            version=version,
            expected=expected,
            moved_by=ANYBODY,
        )
    except AliasMoved:
        return False
    return True


def test_of_many_moves_that_expect_the_same_exactly_one_wins(store: Store) -> None:
    first, *others = [log("model-a", CONTENT) for _ in range(9)]
    assert try_move(first, expected=None)
    won = run_together(*[partial(try_move, version, expected=1) for version in others])
    assert won.count(True) == 1
    winner = others[won.index(True)]
    assert Alias.objects.get().version == winner
    moves = AliasEvent.objects.order_by("id").values_list("from_number", "to_number")
    assert list(moves) == [(None, 1), (1, winner.number)]


def test_of_many_that_make_an_alias_exactly_one_wins(store: Store) -> None:
    versions = [log("model-a", CONTENT) for _ in range(8)]
    won = run_together(*[partial(try_move, version, expected=None) for version in versions])
    assert won.count(True) == 1
    assert Alias.objects.count() == 1


def protect(version: Version) -> bool:
    try:
        move_alias(
            artifact=version.artifact,
            name="production",
            version=version,
            moved_by=ANYBODY,
            is_protected=True,
        )
    except VersionNotReady:
        return False
    return True


def soft_delete(version: Version) -> bool:
    try:
        soft_delete_version(version=version, deleted_by=ANYBODY)
    except AliasProtected:
        return False
    return True


def test_a_version_is_either_deleted_or_kept_by_a_protected_alias(store: Store) -> None:
    outcomes = set()
    for number in range(20):
        version = log(f"model-{number}", CONTENT)
        jobs = [partial(protect, version), partial(soft_delete, version)]
        protected, deleted = run_together(*jobs)
        assert protected is not deleted
        outcomes.add(deleted)
    assert Alias.objects.filter(version__deleted_at__isnull=False).count() == 0


def test_a_refusal_says_how_the_version_stands_now(store: Store) -> None:
    version = log("model-a", CONTENT)
    soft_delete(version)
    with pytest.raises(VersionNotReady, match="model-a:v1 is deleted"):
        move_alias(artifact=version.artifact, name="production", version=version, moved_by=ANYBODY)


def test_a_restored_version_gets_back_only_aliases_that_stayed(store: Store) -> None:
    old, new = [log("model-a", CONTENT) for _ in range(2)]
    try_move(old, expected=None)
    soft_delete(old)
    run_together(
        partial(restore_version, version=old, restored_by=ANYBODY),
        partial(try_move, new, expected=None),
    )
    events = list(AliasEvent.objects.order_by("id").values_list("from_number", "to_number"))
    target = Alias.objects.get().version.number
    assert events[-1][1] == target


def roll_back(version: Version, expected: int) -> bool:
    try:
        roll_back_alias(
            artifact=version.artifact, name="production", rolled_back_by=ANYBODY, expected=expected
        )
    except AliasMoved:
        return False
    return True


def test_a_roll_back_and_a_move_that_expect_the_same_do_not_both_happen(store: Store) -> None:
    first, second, third = [log("model-a", CONTENT) for _ in range(3)]
    for _ in range(10):
        Alias.objects.all().delete()
        AliasEvent.objects.all().delete()
        assert try_move(first, expected=None)
        assert try_move(second, expected=1)
        back, forth = run_together(
            partial(roll_back, first, expected=2), partial(try_move, third, expected=2)
        )
        assert back is not forth
        assert Alias.objects.get().version == (first if back else third)


def test_a_blind_roll_back_goes_to_where_the_move_before_it_came_from(store: Store) -> None:
    first, second, third = [log("model-a", CONTENT) for _ in range(3)]
    for _ in range(10):
        Alias.objects.all().delete()
        AliasEvent.objects.all().delete()
        try_move(first, expected=None)
        try_move(second, expected=1)
        run_together(
            partial(
                roll_back_alias,
                artifact=first.artifact,
                name="production",
                rolled_back_by=ANYBODY,
            ),
            partial(
                move_alias,
                artifact=first.artifact,
                name="production",
                version=third,
                moved_by=ANYBODY,
            ),
        )
        moves = list(AliasEvent.objects.order_by("id").values_list("from_number", "to_number"))
        assert moves[2:] in ([(2, 1), (1, 3)], [(2, 3), (3, 2)])
        assert Alias.objects.get().version.number == moves[-1][1]
