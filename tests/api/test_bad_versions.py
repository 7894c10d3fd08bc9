"""Versions, names and numbers in URLs that cannot be right: 400 or 404, never 500."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.api.conftest import nothing_kept
from tests.conftest import MakeVersion

NO_VERSION = [
    "v-1",
    "vabc",
    "v1_0",
    "v+1",
    "v1.0",
    "v01",
    "v 1",
    "v1 ",
    "v\u0661",
    "v1\0",
    "vv1",
]
NOT_THERE = ["v0", "v2", "v99999999999999999999", "v2147483648", "v9223372036854775808"]
ROUTES: list[tuple[str, str, Any]] = [
    ("get", "", None),
    ("get", "/files", None),
    ("get", "/files/a.bin", None),
    ("get", "/archive", None),
    ("get", "/lineage", None),
    ("patch", "", {"description": "x"}),
    ("post", "/restore", None),
    ("delete", "", None),
    ("delete", "?permanent=true", None),
]
EVIL_NAMES = ["..", ".", "%00", "a%00b", "%ff", "%e2%80%ae", "x" * 5000, "%0a", "*", "'", "%25s"]


@pytest.mark.parametrize("text", NO_VERSION)
def test_what_is_not_v_and_digits_is_400(
    api: APIClient, make_version: MakeVersion, store: Store, text: str
) -> None:
    make_version()
    with nothing_kept(store):
        for method, path, body in ROUTES:
            answer = getattr(api, method)(
                f"/api/artifacts/model-a/{text}{path}", body, format="json"
            )
            assert (answer.status_code, list(answer.json()["errors"])) == (400, ["version"])
            assert answer.json()["detail"].startswith("version: ")


@pytest.mark.parametrize("text", NOT_THERE)
def test_a_number_that_no_version_has_is_404(
    api: APIClient, make_version: MakeVersion, text: str
) -> None:
    make_version()
    for method, path, body in ROUTES:
        answer = getattr(api, method)(f"/api/artifacts/model-a/{text}{path}", body, format="json")
        found = answer.status_code, answer.json()["detail"]
        assert found == (404, f"Version not found: model-a:{text}")


def test_thousands_of_digits_are_refused_quickly(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    assert api.get("/api/artifacts/model-a/v" + "9" * 4000).status_code == 404
    assert api.get("/api/artifacts/model-a/v" + "9" * 100_000).status_code == 400


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_a_name_outside_the_rules_is_nobodys(api: APIClient, store: Store, name: str) -> None:
    for method, path, body in ROUTES:
        answer = getattr(api, method)(f"/api/artifacts/{name}/v1{path}", body, format="json")
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("Artifact not found: ")


def test_the_reserved_name_is_nobodys(api: APIClient, store: Store) -> None:
    for path in ("versions", "v1", "v1/files", "aliases"):
        answer = api.get(f"/api/artifacts/stats/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Artifact not found: stats")


@pytest.mark.parametrize(
    "name",
    ["模型 甲", "versions", "v1", "aliases", "a.b", "-", "100%", "a&b=c;d", "🙂", "é", "None"],
)
def test_a_name_within_the_rules_works_in_every_route(
    api: APIClient, make_version: MakeVersion, name: str
) -> None:
    make_version(name, aliases=["production"])
    for path in ("versions", "v1", "v1/files", "v1/lineage", "aliases", "aliases/production"):
        assert api.get(f"/api/artifacts/{quoted(name)}/{path}").status_code == 200
    assert api.get("/api/artifacts").json()[0]["name"] == name


def quoted(name: str) -> str:
    return name.replace("%", "%25").replace("?", "%3F")


def test_two_unicode_forms_are_one_name(api: APIClient, make_version: MakeVersion) -> None:
    make_version("caf\u00e9")
    assert api.get("/api/artifacts/cafe\u0301/v1").json()["name"] == "caf\u00e9"


@pytest.mark.parametrize(
    "depth", ["x", "0", "-1", "", "1.5", "\0", "1e1", "\u0663", "+1", " 1", "1_0"]
)
def test_a_depth_that_is_none_is_400(api: APIClient, make_version: MakeVersion, depth: str) -> None:
    make_version()
    answer = api.get("/api/artifacts/model-a/v1/lineage", {"max_depth": depth})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["max_depth"])
    assert answer.json()["detail"].startswith("max_depth: ")


@pytest.mark.parametrize("depth", ["1", "10", "11", "9" * 30])
def test_a_depth_that_is_too_great_is_clamped(
    api: APIClient, make_version: MakeVersion, depth: str
) -> None:
    make_version()
    assert api.get("/api/artifacts/model-a/v1/lineage", {"max_depth": depth}).status_code == 200
