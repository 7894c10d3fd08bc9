"""``name:alias@time``: where an alias pointed then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from artifacts.errors import AliasNotFound, Invalid, VersionNotReady
from artifacts.models import Version
from artifacts.services.aliases import move_alias, remove_alias, roll_back_alias
from artifacts.services.past import require_past, resolve_alias_at
from artifacts.services.purge import purge_version
from artifacts.services.versions import restore_version, soft_delete_version
from tests.conftest import ANYBODY, MakeVersion

pytestmark = pytest.mark.usefixtures("store")

START = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def versions(clock: time_machine.Traveller, make_version: MakeVersion) -> list[Version]:
    """v1 at 0 h, v2 at 1 h, v3 at 2 h; p at v1 from 3 h, at v3 from 4 h, nowhere from 5 h."""
    made = []
    for _ in range(3):
        made.append(make_version())
        clock.shift(HOUR)
    artifact = made[0].artifact
    for version in (made[0], made[2]):
        move_alias(artifact=artifact, name="p", version=version, moved_by=ANYBODY)
        clock.shift(HOUR)
    remove_alias(artifact=artifact, name="p", removed_by=ANYBODY)
    clock.shift(HOUR)
    return made


def number_at(version: Version, hours: float, name: str = "p") -> int:
    at = START + hours * HOUR
    return resolve_alias_at(artifact=version.artifact, name=name, at=at).version.number


def refusal(version: Version, hours: float, name: str = "p") -> str:
    with pytest.raises(AliasNotFound) as refused:
        number_at(version, hours, name)
    return refused.value.detail


def test_it_resolves_as_of_then(versions: list[Version]) -> None:
    assert [number_at(versions[0], hours) for hours in (3, 3.9, 4, 4.9)] == [1, 1, 3, 3]


def test_before_it_was_there_it_says_since_when(versions: list[Version]) -> None:
    text = refusal(versions[0], 2.9)
    assert "model-a:p@2026-05-01T02:54:00Z (it exists since 2026-05-01T03:00:00Z)" in text


def test_once_it_was_removed_it_says_so(versions: list[Version]) -> None:
    assert "(it was removed at 2026-05-01T05:00:00Z)" in refusal(versions[0], 5)


def test_one_that_never_was(versions: list[Version]) -> None:
    assert refusal(versions[0], 3, "q").startswith(
        "Alias not found: model-a:q@2026-05-01T03:00:00Z;"
    )


def test_an_answer_that_is_deleted_says_why(versions: list[Version]) -> None:
    soft_delete_version(version=versions[0], deleted_by=ANYBODY)
    assert "(its version v1 is deleted)" in refusal(versions[0], 3)
    restore_version(version=versions[0], restored_by=ANYBODY)
    assert number_at(versions[0], 3) == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_gone_says_why(versions: list[Version]) -> None:
    purge_version(version=versions[0], purged_by=ANYBODY)
    assert "(its version v1 is purged)" in refusal(versions[0], 3)


def test_an_answer_that_a_rebuild_has_lost_is_gone_too(versions: list[Version]) -> None:
    artifact = versions[0].artifact
    Version.objects.filter(artifact=artifact, number=3).delete()
    assert "(its version v3 is purged)" in refusal(versions[0], 4)
    with pytest.raises(VersionNotReady, match="was at v3, which is purged"):
        roll_back_alias(artifact=artifact, name="p", rolled_back_by=ANYBODY)


def test_latest_is_the_highest_of_then_that_is_ready_now(versions: list[Version]) -> None:
    found = [number_at(versions[0], hours, "latest") for hours in (0, 1, 1.9, 2, 9)]
    assert found == [1, 2, 2, 3, 3]
    soft_delete_version(version=versions[1], deleted_by=ANYBODY)
    assert number_at(versions[0], 1.9, "latest") == 1
    soft_delete_version(version=versions[0], deleted_by=ANYBODY)
    assert "what is ready exists since 2026-05-01T02:00:00Z" in refusal(versions[0], 1, "latest")


def test_a_time_to_come_is_bad_input(clock: time_machine.Traveller) -> None:
    require_past(START, field="at")
    with pytest.raises(Invalid, match="at: 2026-05-01T01:00:00Z has not come yet"):
        require_past(START + HOUR, field="at")
