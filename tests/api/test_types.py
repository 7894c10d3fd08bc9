"""``?type=``: a filter on the list, a hint elsewhere, and what happens without it."""

from itertools import pairwise
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.services.purge import purge_version
from artifacts.storage.layout import Store
from tests.api.conftest import Commit
from tests.conftest import ANYBODY, MakeVersion

TYPES = ["model", "dataset", "config", "code", "custom"]
READS = [
    "/api/artifacts",
    "/api/artifacts/same/versions",
    "/api/artifacts/same/v1",
    "/api/artifacts/same/v1/files",
    "/api/artifacts/same/v1/files/a.bin",
    "/api/artifacts/same/v1/archive",
    "/api/artifacts/same/v1/lineage",
    "/api/artifacts/same/aliases",
    "/api/artifacts/same/aliases/latest",
    "/api/artifacts/same/aliases/latest/history",
]
WRITES: list[tuple[str, str, Any]] = [
    ("delete", "/api/artifacts/same/v1", None),
    ("delete", "/api/artifacts/same/v1?permanent=true", None),
    ("patch", "/api/artifacts/same/v1", {"description": "x"}),
    ("post", "/api/artifacts/same/v1/restore", None),
    ("put", "/api/artifacts/same/aliases/production", {"version": 1}),
    ("delete", "/api/artifacts/same/aliases/production", None),
]
BAD_TYPES = ["none", "../..", "..", "Model", "models", "a/b", "%00", "model%20", "模型", "x" * 1000]


def test_an_empty_type_is_not_said(api: APIClient, make_version: MakeVersion) -> None:
    make_version("x", type="dataset")
    assert api.get("/api/artifacts/x/v1?type=").json()["type"] == "dataset"
    assert len(api.get("/api/artifacts?type=").json()) == 1


@pytest.mark.parametrize("bad", BAD_TYPES)
def test_an_unknown_type_is_refused_with_the_five(api: APIClient, store: Store, bad: str) -> None:
    answer = api.get(f"/api/artifacts?type={bad}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["type"]
    assert answer.json()["detail"].startswith("type: ")
    assert all(name in answer.json()["detail"] for name in TYPES)


def test_every_read_refuses_it(api: APIClient, make_version: MakeVersion) -> None:
    make_version("same")
    answers = {route: api.get(f"{route}?type=../..") for route in READS}
    refusals = {
        route: (one.status_code, list(one.json()["errors"])) for route, one in answers.items()
    }
    assert refusals == dict.fromkeys(READS, (400, ["type"]))


@pytest.mark.parametrize(("method", "route", "body"), WRITES)
def test_an_unknown_type_writes_nothing(
    api: APIClient, make_version: MakeVersion, method: str, route: str, body: Any
) -> None:
    make_version("same")
    before = api.get("/api/artifacts/same/v1").json()
    mark = "&" if "?" in route else "?"
    answer = getattr(api, method)(f"{route}{mark}type=../..", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["type"])
    assert api.get("/api/artifacts/same/v1").json() == before


def test_a_right_type_without_that_name_is_404(api: APIClient, make_version: MakeVersion) -> None:
    make_version("same", type="model")
    answers = {route: api.get(f"{route}?type=dataset") for route in READS[1:]}
    found = {route: (one.status_code, one.json()["detail"]) for route, one in answers.items()}
    assert found == dict.fromkeys(READS[1:], (404, "Artifact not found: same"))


@pytest.mark.parametrize(("first", "second"), list(pairwise(TYPES)))
def test_a_read_without_type_takes_the_first_of_the_five(
    api: APIClient, make_version: MakeVersion, first: str, second: str
) -> None:
    make_version("same", type=second)
    make_version("same", type=first)
    assert api.get("/api/artifacts/same/v1").json()["type"] == first
    assert api.get(f"/api/artifacts/same/v1?type={second}").json()["type"] == second


@pytest.mark.parametrize(("method", "route", "body"), WRITES)
def test_a_write_without_type_is_409_and_names_the_types(
    api: APIClient, make_version: MakeVersion, method: str, route: str, body: Any
) -> None:
    for type_ in ("custom", "model", "dataset"):
        make_version("same", type=type_, aliases=["production"])
    answer = getattr(api, method)(route, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_type")
    assert answer.json()["types"] == ["model", "dataset", "custom"]
    assert all(type_ in answer.json()["detail"] for type_ in ("model", "dataset", "custom"))


@pytest.mark.parametrize(("method", "route", "body"), WRITES)
def test_a_write_with_a_type_goes_to_that_one(
    api: APIClient, make_version: MakeVersion, method: str, route: str, body: Any
) -> None:
    for type_ in ("model", "dataset"):
        make_version("same", type=type_, aliases=["production"], files={"a.bin": type_.encode()})
    before = api.get("/api/artifacts/same/v1?type=model").json()
    mark = "&" if "?" in route else "?"
    answer = getattr(api, method)(f"{route}{mark}type=dataset", body, format="json")
    assert answer.status_code == 200
    assert api.get("/api/artifacts/same/v1?type=model").json() == before


def test_one_of_tombstones_is_not_meant_where_there_is_another(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version("same", type="dataset")
    purge_version(version=make_version("same", type="model"), purged_by=ANYBODY)
    assert api.get("/api/artifacts/same/v1").json()["type"] == "dataset"
    assert api.delete("/api/artifacts/same/v1").status_code == 200


def test_a_commit_says_its_type_in_the_body_or_in_the_query(api: APIClient, commit: Commit) -> None:
    reference = {"references": [{"uri": "s3://x"}]}
    assert commit(type="config").json()["type"] == "config"
    answer = api.post("/api/artifacts/n/versions?type=code", reference, format="json")
    assert (answer.status_code, answer.json()["type"]) == (201, "code")


def test_a_commit_whose_two_types_differ_is_refused(api: APIClient, commit: Commit) -> None:
    body = {"type": "model", "references": [{"uri": "s3://x"}]}
    answer = api.post("/api/artifacts/n/versions?type=code", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["type"])
