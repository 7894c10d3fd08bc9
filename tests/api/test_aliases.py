"""Aliases over HTTP: list, resolve, move, remove, and the history of it all."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import Commit
from tests.conftest import MakeVersion

ALIASES = "/api/artifacts/model-a/aliases"
PRODUCTION = f"{ALIASES}/production"


@pytest.fixture(autouse=True)
def three_versions(make_version: MakeVersion) -> None:
    for _ in range(3):
        make_version()


def put(api: APIClient, alias: str = "production", **body: Any) -> Any:
    return api.put(f"{ALIASES}/{alias}", body, format="json")


def moves(api: APIClient) -> list[tuple[int | None, int | None]]:
    rows = api.get(f"{PRODUCTION}/history").json()
    return [(row["from_version"], row["to_version"]) for row in rows]


def test_a_new_alias_is_201_and_a_moved_one_200(api: APIClient) -> None:
    first = put(api, version=1)
    assert first.status_code == 201
    assert {key: first.json()[key] for key in first.json() if key != "updated_at"} == {
        "alias": "production",
        "version": 1,
        "protected": False,
        "updated_by_user": None,
        "artifact": "model-a:v1",
        "name": "model-a",
        "type": "model",
    }
    second = put(api, version="v2")
    assert (second.status_code, second.json()["version"]) == (200, 2)
    assert second.json()["updated_at"] > first.json()["updated_at"]
    assert api.get(PRODUCTION).json() == second.json()


def test_a_move_to_where_it_is_already_changes_nothing(api: APIClient, member: APIClient) -> None:
    first = put(api, version=1)
    again = put(member, version=1)
    assert (again.status_code, again.json()) == (200, first.json())
    assert moves(api) == [(None, 1)]
    assert put(member, version=1, protected=True).json() == first.json() | {"protected": True}


def test_all_aliases_are_listed_by_name_with_latest(api: APIClient) -> None:
    put(api, "production", version=2, protected=True)
    put(api, "baseline", version=1)
    found = api.get(ALIASES).json()
    assert [(one["alias"], one["version"], one["protected"]) for one in found] == [
        ("baseline", 1, False),
        ("latest", 3, False),
        ("production", 2, True),
    ]
    assert set(found[0]) == {"alias", "version", "protected", "updated_at", "updated_by_user"}


@pytest.mark.parametrize(
    "alias", ["生产", "हिन्दी", "v2.0", "a_b-c.d", "validated", "x" * 128, "V3", "v"]
)
def test_letters_and_digits_of_any_script_make_an_alias(api: APIClient, alias: str) -> None:
    assert put(api, alias, version=1).status_code == 201
    assert api.get(f"{ALIASES}/{alias}").json()["alias"] == alias
    assert alias in api.get("/api/artifacts/model-a/v1").json()["aliases"]


@pytest.mark.parametrize("alias", ["v3", "v0", "v03", "a b", "a:b", "a%00", "x" * 129, "a@b", "é!"])
def test_anything_else_is_refused(api: APIClient, alias: str) -> None:
    answer = put(api, alias, version=1)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["alias"])
    assert answer.json()["detail"].startswith("alias: ")
    assert [one["alias"] for one in api.get(ALIASES).json()] == ["latest"]
    assert api.get(f"{ALIASES}/{alias}").status_code == 404


def test_one_letter_in_two_unicode_forms_is_one_alias(api: APIClient) -> None:
    put(api, "cafe\u0301", version=1)
    assert put(api, "caf\u00e9", version=2).status_code == 200
    assert api.get(f"{ALIASES}/cafe\u0301").json()["alias"] == "caf\u00e9"


def test_an_unknown_alias_is_404_and_says_which_there_are(api: APIClient) -> None:
    put(api, version=1)
    answer = api.get(f"{ALIASES}/prod")
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert answer.json()["aliases"] == ["latest", "production"]
    assert "latest, production" in answer.json()["detail"]


def test_removing_says_what_is_gone(api: APIClient) -> None:
    put(api, version=1)
    answer = api.delete(PRODUCTION)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Removed alias production of model-a"}
    assert api.get(PRODUCTION).status_code == 404
    assert api.delete(PRODUCTION).status_code == 404


def test_every_move_is_kept_newest_first(api: APIClient, member: APIClient) -> None:
    put(api, version=1)
    put(api, version=3)
    put(api, version=3)
    put(member, version=2)
    member.delete(PRODUCTION)
    assert moves(api) == [(2, None), (3, 2), (1, 3), (None, 1)]
    rows = api.get(f"{PRODUCTION}/history").json()
    assert [row["by_user"] for row in rows] == ["member", "member", None, None]
    assert all(isinstance(row["at"], float) for row in rows)


def test_an_alias_that_never_was_has_no_history(api: APIClient) -> None:
    assert api.get(f"{ALIASES}/nothing/history").json() == []


@pytest.mark.parametrize("expected", [2, None])
def test_a_stale_expectation_is_409_with_where_it_is(api: APIClient, expected: int | None) -> None:
    put(api, version=1)
    answer = put(api, version=3, expected_version=expected)
    assert (answer.status_code, answer.json()["code"]) == (409, "alias_moved")
    assert answer.json()["version"] == 1
    assert api.get(PRODUCTION).json()["version"] == 1


def test_a_true_expectation_moves_it(api: APIClient) -> None:
    assert put(api, version=1, expected_version=None).status_code == 201
    assert put(api, version=3, expected_version=1).status_code == 200


def test_expecting_an_alias_that_is_not_there_is_409(api: APIClient) -> None:
    answer = put(api, version=1, expected_version=2)
    assert (answer.status_code, answer.json()["version"]) == (409, None)


def test_protection_stays_until_it_is_said_otherwise(api: APIClient) -> None:
    put(api, version=1, protected=True)
    assert put(api, version=2).json()["protected"] is True
    assert put(api, version=2, protected=False).json()["protected"] is False


def test_a_deleted_version_takes_its_aliases_along_and_brings_them_back(api: APIClient) -> None:
    put(api, version=2)
    api.delete("/api/artifacts/model-a/v2")
    answer = api.get(PRODUCTION)
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert "v2 is deleted" in answer.json()["detail"]
    assert [one["alias"] for one in api.get(ALIASES).json()] == ["latest"]
    api.post("/api/artifacts/model-a/v2/restore")
    assert api.get(PRODUCTION).json()["version"] == 2


def test_an_alias_that_moved_on_meanwhile_stays_where_it_is(api: APIClient) -> None:
    put(api, version=2)
    api.delete("/api/artifacts/model-a/v2")
    put(api, version=1, expected_version=None)
    api.post("/api/artifacts/model-a/v2/restore")
    assert api.get(PRODUCTION).json()["version"] == 1
    assert api.get("/api/artifacts/model-a/v2").json()["aliases"] == []


def test_a_purge_removes_the_aliases_and_keeps_their_history(api: APIClient) -> None:
    put(api, version=2)
    api.delete("/api/artifacts/model-a/v2?permanent=true")
    assert api.get(PRODUCTION).status_code == 404
    assert moves(api) == [(2, None), (None, 2)]


def test_an_alias_cannot_point_at_a_deleted_version(api: APIClient) -> None:
    api.delete("/api/artifacts/model-a/v2")
    answer = put(api, version=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "version_not_ready")


def test_a_commit_moves_its_aliases(api: APIClient, commit: Commit) -> None:
    put(api, version=1)
    made = commit(aliases=["production", "best", "latest", "best"]).json()
    assert made["aliases"] == ["latest", "best", "production"]
    assert moves(api) == [(1, 4), (None, 1)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "version"),
        ({"version": None}, "version"),
        ({"version": True}, "version"),
        ({"version": 2.0}, "version"),
        ({"version": "2"}, "version"),
        ({"version": "latest"}, "version"),
        ({"version": [1]}, "version"),
        ({"version": -1}, "version"),
        ({"version": 1, "expected_version": "x"}, "expected_version"),
        ({"version": 1, "expected_version": 0}, "expected_version"),
        ({"version": 1, "protected": "maybe"}, "protected"),
        ({"version": 1, "protected": None}, "protected"),
    ],
)
def test_a_bad_move_names_the_field(api: APIClient, body: dict[str, Any], field: str) -> None:
    answer = put(api, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert moves(api) == []


@pytest.mark.parametrize("version", [0, 4, 10**30, "v4", "v0"])
def test_a_version_that_is_not_there_is_404_or_out_of_bounds(
    api: APIClient, version: int | str
) -> None:
    answer = put(api, version=version)
    assert answer.status_code == (400 if version == 0 else 404)
    assert moves(api) == []
