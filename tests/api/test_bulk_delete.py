"""``POST /api/artifacts/{name}/delete``: many versions at once, by number and by filter."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from artifacts.models import Version
from artifacts.services.aliases import move_alias
from artifacts.services.collect import collect_blobs
from artifacts.services.trees import folder_of
from artifacts.services.versions import soft_delete_version
from artifacts.storage.layout import Store
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.invariants import broken, pool_bytes, untidy

pytestmark = pytest.mark.django_db(transaction=True)

ROUTE = "/api/artifacts/model-a/delete"
EVERYTHING = {"keep_last": 0}


@pytest.fixture
def five(make_version: MakeVersion) -> list[Version]:
    """Versions 1 to 5, each with ten bytes of its own."""
    return [make_version(files={"a.bin": b"version %02d" % number}) for number in range(1, 6)]


def delete(api: APIClient, **body: Any) -> Any:
    return api.post(ROUTE, body, format="json")


def statuses() -> list[str]:
    return [version.status for version in Version.objects.order_by("number")]


def chosen_by(api: APIClient, **body: Any) -> list[int]:
    """The versions that a permanent delete would take."""
    answer = delete(api, dry_run=True, permanent=True, **body)
    assert answer.status_code == 200, answer.json()
    return answer.json()["versions"]


def test_named_versions_are_soft_deleted(api: APIClient, five: list[Version]) -> None:
    answer = delete(api, versions=[1, "v3"])
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Soft deleted 2 versions of model-a locally",
        "versions": [1, 3],
        "aliases": [],
        "exclusive_bytes": 20,
        "freed_bytes": 0,
    }
    assert statuses() == ["deleted", "ready", "deleted", "ready", "ready"]


def test_named_versions_are_removed_for_ever(
    api: APIClient, five: list[Version], store: Store
) -> None:
    folder = folder_of(five[0])
    answer = delete(api, versions=[1, 2], permanent=True)
    assert answer.json() == {
        "success": True,
        "message": "Permanently deleted 2 versions of model-a locally",
        "versions": [1, 2],
        "aliases": [],
        "exclusive_bytes": 20,
        "freed_bytes": 20,
    }
    assert statuses() == ["purged", "purged", "ready", "ready", "ready"]
    assert (pool_bytes(store), folder.exists()) == (30, False)
    assert broken(store) + untidy(store) == []


@pytest.mark.parametrize("permanent", [False, True])
def test_a_dry_run_says_what_would_go(
    api: APIClient, five: list[Version], store: Store, permanent: bool
) -> None:
    answer = delete(api, versions=[2], permanent=permanent, dry_run=True)
    how = "permanently" if permanent else "soft"
    assert answer.json() == {
        "success": True,
        "message": f"Would {how} delete 1 version of model-a locally",
        "versions": [2],
        "aliases": [],
        "exclusive_bytes": 10,
        "freed_bytes": 0,
    }
    assert statuses() == ["ready"] * 5
    assert pool_bytes(store) == 50


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("permanent", [False, True])
def test_the_aliases_that_go_are_named(
    api: APIClient, five: list[Version], *, permanent: bool, dry_run: bool
) -> None:
    for number, alias in ((2, "prod"), (1, "best"), (3, "other"), (1, "again")):
        version = five[number - 1]
        move_alias(artifact=version.artifact, name=alias, version=version, moved_by=ANYBODY)
    answer = delete(api, versions=[1, 2], permanent=permanent, dry_run=dry_run).json()
    assert answer["aliases"] == [
        {"alias": "again", "version": 1},
        {"alias": "best", "version": 1},
        {"alias": "prod", "version": 2},
    ]


def test_a_purge_names_the_aliases_of_what_is_deleted_already(
    api: APIClient, five: list[Version]
) -> None:
    move_alias(artifact=five[0].artifact, name="old", version=five[0], moved_by=ANYBODY)
    soft_delete_version(version=five[0], deleted_by=ANYBODY)
    found = delete(api, keep_last=0, dry_run=True).json()
    assert found["aliases"] == [], "a soft delete leaves it as it is"
    found = delete(api, keep_last=0, dry_run=True, permanent=True).json()
    assert found["aliases"] == [{"alias": "old", "version": 1}]


def test_shared_content_is_exclusive_to_all_that_hold_it(
    api: APIClient, make_version: MakeVersion
) -> None:
    for _ in range(3):
        make_version(files={"a.bin": b"shared"})
    assert delete(api, versions=[1, 2], dry_run=True).json()["exclusive_bytes"] == 0
    assert delete(api, keep_last=0, dry_run=True).json()["exclusive_bytes"] == 6


@pytest.mark.parametrize(("count", "kept"), [(0, []), (2, [4, 5]), (5, [1, 2, 3, 4, 5])])
def test_keep_last_spares_the_newest(
    api: APIClient, five: list[Version], count: int, kept: list[int]
) -> None:
    assert chosen_by(api, keep_last=count) == [n for n in range(1, 6) if n not in kept]


def test_keep_last_counts_what_is_not_deleted(api: APIClient, five: list[Version]) -> None:
    for version in (five[4], five[1]):
        soft_delete_version(version=version, deleted_by=ANYBODY)
    assert chosen_by(api, keep_last=2) == [1, 2]
    assert chosen_by(api, keep_last=9) == []


def test_created_before_takes_what_is_older(api: APIClient, five: list[Version]) -> None:
    third = five[2].created_at
    assert chosen_by(api, created_before=third.timestamp()) == [1, 2]
    assert chosen_by(api, created_before=third.isoformat()) == [1, 2]
    assert chosen_by(api, created_before="2000-01-01") == []


def test_without_aliases_spares_what_has_one_and_the_latest(
    api: APIClient, five: list[Version]
) -> None:
    move_alias(artifact=five[1].artifact, name="staging", version=five[1], moved_by=ANYBODY)
    assert chosen_by(api, without_aliases=True) == [1, 3, 4]


def test_deleted_only_takes_what_is_deleted(api: APIClient, five: list[Version]) -> None:
    soft_delete_version(version=five[3], deleted_by=ANYBODY)
    assert chosen_by(api, deleted_only=True) == [4]


def test_filters_hold_together(api: APIClient, five: list[Version]) -> None:
    before = timezone.now().timestamp()
    assert chosen_by(api, versions=[1, 2, 5], keep_last=3, created_before=before) == [1, 2]


def test_a_soft_delete_leaves_deleted_ones_alone(api: APIClient, five: list[Version]) -> None:
    soft_delete_version(version=five[0], deleted_by=ANYBODY)
    assert delete(api, keep_last=3).json()["versions"] == [2]


def test_nothing_chosen_is_no_error(api: APIClient, five: list[Version]) -> None:
    answer = delete(api, keep_last=5, permanent=True)
    assert (answer.status_code, answer.json()["versions"]) == (200, [])
    assert statuses() == ["ready"] * 5


def test_a_protected_alias_keeps_all_of_them(api: APIClient, five: list[Version]) -> None:
    for version, name in ((five[0], "prod"), (five[2], "best")):
        move_alias(
            artifact=version.artifact,
            name=name,
            version=version,
            moved_by=ANYBODY,
            is_protected=True,
        )
    for options in ({"permanent": True}, {"permanent": False}, {"dry_run": True}):
        answer = delete(api, **EVERYTHING, **options)
        assert (answer.status_code, answer.json()["code"]) == (409, "alias_protected")
        assert answer.json()["aliases"] == ["best", "prod"]
        assert "model-a:v1, model-a:v3" in answer.json()["detail"]
    assert statuses() == ["ready"] * 5


def test_an_unknown_version_keeps_all_of_them(api: APIClient, five: list[Version]) -> None:
    answer = delete(api, versions=[1, 77], permanent=True)
    assert (answer.status_code, answer.json()["detail"]) == (404, "Version not found: model-a:v77")
    assert statuses() == ["ready"] * 5


def test_a_purged_version_is_not_found(api: APIClient, five: list[Version]) -> None:
    delete(api, versions=[1], permanent=True)
    assert delete(api, versions=[1], permanent=True).status_code == 404


def test_an_unknown_artifact_is_not_found(api: APIClient) -> None:
    answer = delete(api, versions=[1])
    assert (answer.status_code, answer.json()["detail"]) == (404, "Artifact not found: model-a")


def test_the_type_decides_between_two_of_one_name(
    api: APIClient, five: list[Version], make_version: MakeVersion
) -> None:
    make_version(type="dataset")
    assert delete(api, versions=[1]).json()["code"] == "ambiguous_type"
    answer = api.post(f"{ROUTE}?type=dataset", {"versions": [1]}, format="json")
    assert answer.status_code == 200
    assert Version.objects.get(artifact__type="dataset").status == "deleted"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "versions"),
        ({"permanent": True}, "versions"),
        ({"versions": []}, "versions"),
        ({"versions": [0]}, "versions"),
        ({"versions": ["latest"]}, "versions"),
        ({"versions": 1}, "versions"),
        ({"versions": [1 << 40]}, None),
        ({"keep_last": -1}, "keep_last"),
        ({"keep_last": "some"}, "keep_last"),
        ({"created_before": "yesterday"}, "created_before"),
        ({"created_before": True}, "created_before"),
        ({"created_before": ""}, "created_before"),
        ({"created_before": "0"}, "created_before"),
        ({"created_before": None}, "created_before"),
        ({"keep_last": 1, "dry_run": "true"}, "dry_run"),
        ({"keep_last": 1, "permanent": 1}, "permanent"),
        ({"created_before": 1e300}, "created_before"),
        ({"deleted_only": True}, "deleted_only"),
        ({"without_aliases": "maybe", "keep_last": 1}, "without_aliases"),
        ({"keep_lst": 1, "without_aliases": True}, "keep_lst"),
    ],
)
def test_bad_input_deletes_nothing(
    api: APIClient, five: list[Version], body: dict[str, Any], field: str | None
) -> None:
    answer = delete(api, **body)
    if field is None:
        assert answer.status_code == 404
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert any(key.startswith(field) for key in answer.json()["errors"])
    assert statuses() == ["ready"] * 5


def test_a_stranger_may_not(five: list[Version], team: None) -> None:
    assert APIClient().post(ROUTE, EVERYTHING, format="json").status_code == 401
    assert statuses() == ["ready"] * 5


def test_a_member_may(member: APIClient, five: list[Version], team: None) -> None:
    assert delete(member, versions=[1]).status_code == 200


def test_what_it_frees_is_free_when_it_answers(
    api: APIClient, five: list[Version], store: Store
) -> None:
    delete(api, **EVERYTHING, permanent=True)
    assert pool_bytes(store) == 0
    assert collect_blobs(blob_ids=[]) == 0
