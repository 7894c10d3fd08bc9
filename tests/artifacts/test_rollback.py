"""The way back for an alias: to where it was before its last move."""

import pytest

from accounts.models import AuditEvent
from artifacts.errors import AliasMoved, AliasNotFound, Conflict, VersionNotReady
from artifacts.models import AliasEvent, Version
from artifacts.services.aliases import ANYWHERE, Anywhere, move_alias, remove_alias, roll_back_alias
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def versions(make_version: MakeVersion) -> list[Version]:
    return [make_version() for _ in range(3)]


def move(version: Version) -> None:
    move_alias(artifact=version.artifact, name="p", version=version, moved_by=ANYBODY)


def roll_back(version: Version, expected: int | Anywhere | None = ANYWHERE) -> int:
    alias = roll_back_alias(
        artifact=version.artifact, name="p", rolled_back_by=ANYBODY, expected=expected, comment="!"
    )
    return alias.version.number


def test_it_goes_to_where_it_was_and_a_second_one_undoes_the_first(
    versions: list[Version],
) -> None:
    move(versions[0])
    move(versions[2])
    assert [roll_back(versions[0]) for _ in range(3)] == [1, 3, 1]
    last = AliasEvent.objects.latest("id")
    assert (last.from_number, last.to_number, last.comment) == (3, 1, "!")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.object) == ("alias.rollback", "model/model-a:p")
    assert (event.before, event.after) == ({"version": 3}, {"version": 1, "comment": "!"})


def test_one_that_was_removed_comes_back(versions: list[Version]) -> None:
    move(versions[1])
    remove_alias(artifact=versions[1].artifact, name="p", removed_by=ANYBODY)
    assert roll_back(versions[1], expected=None) == 2


def test_an_alias_that_never_was_is_not_found(versions: list[Version]) -> None:
    with pytest.raises(AliasNotFound):
        roll_back(versions[0])


def test_from_its_first_place_there_is_no_way_back(versions: list[Version]) -> None:
    move(versions[1])
    with pytest.raises(Conflict, match="model-a:p has been nowhere but at v2"):
        roll_back(versions[0])


def test_a_stale_expectation_moves_nothing(versions: list[Version]) -> None:
    move(versions[0])
    move(versions[1])
    with pytest.raises(AliasMoved):
        roll_back(versions[0], expected=1)
    assert roll_back(versions[0], expected=2) == 1


def test_it_does_not_go_to_what_is_deleted(versions: list[Version]) -> None:
    move(versions[0])
    move(versions[1])
    soft_delete_version(version=versions[0], deleted_by=ANYBODY)
    with pytest.raises(VersionNotReady, match="was at v1, which is deleted"):
        roll_back(versions[1])


@pytest.mark.django_db(transaction=True)
def test_nor_to_what_is_gone(versions: list[Version]) -> None:
    move(versions[0])
    purge_version(version=versions[0], purged_by=ANYBODY)
    with pytest.raises(VersionNotReady, match="was at v1, which is purged"):
        roll_back(versions[1])
