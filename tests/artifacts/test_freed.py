"""What lists say that would come free, held against what a purge then frees."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.models import Artifact, Version
from artifacts.services import freed as lists
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.freed import (
    Freed,
    artifacts_by_freed,
    can_rank,
    freed_by_artifacts,
    freed_by_trash,
    freed_by_versions,
)
from artifacts.services.purge import purge_versions
from artifacts.storage.layout import Store
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.acts import log
from tests.leaning import BLOCK, log_leaning, log_plain
from tests.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def artifact(name: str) -> Artifact:
    found: Artifact = Artifact.objects.get(name=name)
    return found


def of_artifact(name: str) -> Freed:
    pk = artifact(name).pk
    return freed_by_artifacts([pk], ANYBODY)[pk]


def of_version(version: Version, asked_by: object = ANYBODY) -> Freed:
    found = freed_by_versions([version], asked_by)  # type: ignore[arg-type]
    assert found is not None
    return found[version.pk]


def soft_delete(*versions: Version) -> None:
    ids = [version.pk for version in versions]
    Version.objects.filter(pk__in=ids).update(deleted_at=timezone.now())


def trash(asked_by: object = ANYBODY) -> Freed:
    found = freed_by_trash(asked_by, 1)  # type: ignore[arg-type]
    assert found is not None
    return found


def ranked(sort: str = "-freed", **more: object) -> list[str]:
    chosen = {"type_": "", "team": "", "offset": 0, "limit": 10} | more
    pairs = artifacts_by_freed(ANYBODY, sort=sort, **chosen)  # type: ignore[arg-type]
    names = dict(Artifact.objects.values_list("pk", "name"))
    return [names[pk] for pk, _ in pairs]


def test_content_of_its_own_counts_once(store: Store) -> None:
    log("model-a", {"a": b"12345", "again": b"12345"})
    log("model-a", {"a": b"12345", "b": b"678"})
    assert of_artifact("model-a") == Freed(8, "exact")


def test_content_that_another_artifact_lists_does_not(store: Store) -> None:
    log("model-a", {"a": b"12345", "b": b"678"})
    log("model-b", {"b": b"678"})
    assert of_artifact("model-a") == Freed(5, "exact")
    assert of_artifact("model-b") == Freed(0, "exact")


def test_of_a_version_only_what_no_other_lists(store: Store) -> None:
    log("model-a", {"a": b"12345", "b": b"678"})
    log("model-a", {"a": b"12345"})
    one, two = artifact("model-a").versions.order_by("number")
    assert (of_version(one).bytes, of_version(two).bytes) == (3, 0)


def test_the_trash_counts_what_only_its_versions_share(store: Store) -> None:
    for _ in range(2):
        log("model-a", {"a": b"12345"})
    log("model-b", {"a": b"678"})
    soft_delete(*artifact("model-a").versions.all())
    assert trash() == Freed(5, "exact")
    one = artifact("model-a").versions.first()
    assert one is not None
    assert of_version(one).bytes == 0


def test_an_empty_trash_frees_nothing(store: Store) -> None:
    log("model-a", {"a": b"12345"})
    assert trash() == Freed(0, "exact")


def test_a_purged_version_counts_nowhere(store: Store) -> None:
    log("model-a", {"a": b"12345"})
    log("model-a", {"b": b"678"})
    purge_versions(versions=[artifact("model-a").versions.get(number=1)], by=ANYBODY)
    assert of_artifact("model-a").bytes == 3
    assert trash().bytes == 0


def test_what_others_keep_in_it_does_not_come_free_and_makes_it_about(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abxy", "abcd")
    assert of_artifact("model-a") == Freed(2 * BLOCK, "about")


def test_what_leans_on_others_counts_its_own_bytes(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcx", "abcd")
    said = of_artifact("model-b")
    assert said.precision == "exact"
    assert said.bytes == exclusive_bytes(
        versions=artifact("model-b").versions.all(), asked_by=ANYBODY
    )


def test_leaning_within_one_artifact_is_exact(store: Store) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-a", "abcx", "abcd")
    versions = list(artifact("model-a").versions.all())
    said = of_artifact("model-a")
    assert said == Freed(exclusive_bytes(versions=versions, asked_by=ANYBODY), "exact")
    assert purge_versions(versions=versions, by=ANYBODY) == said.bytes


def test_remains_go_with_the_last_that_needs_them(store: Store) -> None:
    log_plain("model-a", "abcdefgh")
    log_leaning("model-b", "abxyzuvw", "abcdefgh")
    purge_versions(versions=list(artifact("model-a").versions.all()), by=ANYBODY)
    versions = list(artifact("model-b").versions.all())
    said = of_artifact("model-b")
    assert said == Freed(exclusive_bytes(versions=versions, asked_by=ANYBODY), "exact")
    assert purge_versions(versions=versions, by=ANYBODY) == said.bytes


def test_the_most_comes_first_and_pages_go_on(store: Store) -> None:
    log("small", {"a": b"1"})
    log("large", {"a": b"12345"})
    log("none", {"a": b"1"})
    assert ranked() == ["large", "none", "small"]
    assert ranked("freed")[-1] == "large"
    assert ranked(offset=1, limit=1) == ["none"]
    assert ranked(type_="dataset") == []
    assert ranked(team="everyone") == ["large", "none", "small"]


def test_only_so_many_files_are_ranked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log("model-a", {"a": b"1", "b": b"2"})
    assert can_rank(ANYBODY)
    monkeypatch.setattr(lists, "MAX_RANKED_FILES", 1)
    assert not can_rank(ANYBODY)


def test_of_too_many_files_nothing_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log("model-a", {"a": b"1", "b": b"2"})
    monkeypatch.setattr(lists, "MAX_FILES", 1)
    assert freed_by_versions(artifact("model-a").versions.all(), ANYBODY) is None
    assert freed_by_trash(ANYBODY, 2) is None


@pytest.fixture
def insider(team: None, store: Store, make_version: MakeVersion) -> User:
    """A member of ``blue``, who sees nothing of ``red``, which has the same content."""
    user = make_user("insider", Role.VIEWER, {"blue": Role.MAINTAINER})
    other = make_user("other", Role.VIEWER, {"red": Role.MAINTAINER})
    make_version("mine", files={"a": b"12345"}, created_by=user, team="blue")
    make_version("theirs", files={"a": b"12345"}, created_by=other, team="red")
    return user


def test_what_is_hidden_counts_as_if_it_were_not_there(insider: User) -> None:
    mine, theirs = artifact("mine"), artifact("theirs")
    assert freed_by_artifacts([mine.pk], insider)[mine.pk] == Freed(5, "most")
    assert freed_by_artifacts([theirs.pk], insider)[theirs.pk] == Freed(0, "exact")
    args = {"sort": "-freed", "type_": "", "team": "", "offset": 0, "limit": 9}
    assert artifacts_by_freed(insider, **args) == [(mine.pk, Freed(5, "most"))]  # type: ignore[arg-type]


def test_an_admin_is_told_what_is_so(insider: User) -> None:
    admin = make_user("admin", Role.ADMIN)
    mine = artifact("mine")
    assert freed_by_artifacts([mine.pk], admin)[mine.pk] == Freed(0, "exact")


def test_how_hidden_content_lends_bytes_is_not_told(store: Store, settings: Any) -> None:
    log_plain("theirs", "abcd")
    log_leaning("mine", "abcx", "abcd")
    blue, red = (Team.objects.create(name=name) for name in ("blue", "red"))
    Artifact.objects.filter(name="mine").update(team=blue)
    Artifact.objects.filter(name="theirs").update(team=red)
    settings.RUNICORN_ACCESS = "team"
    user = make_user("insider", None, {"blue": Role.VIEWER})
    version = artifact("mine").versions.get()
    assert of_version(version, user) == Freed(4 * BLOCK, "most")
    soft_delete(version)
    assert trash(user) == Freed(4 * BLOCK, "most")
