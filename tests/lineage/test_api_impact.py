"""``GET /api/artifacts/{name}/v{n}/impact``."""

import csv
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Artifact, Version
from lineage.impact import find_impact
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import client_of, make_user

PATH = "/api/artifacts/a/v1/impact"


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(answer.getvalue().decode().splitlines(keepends=True)))


def test_an_item_in_full(api: APIClient, make_run: MakeRun, make_version: MakeVersion) -> None:
    data, run = make_version("a", type="dataset"), make_run("r1", project="vision")
    use_version(run=run, version=data, used_by=ANYBODY)
    version = make_version("m", run_id="r1", aliases=["production"])
    assert api.get(PATH).json() == {
        "artifact": "a:v1",
        "items": [
            {
                "depth": 1,
                "artifact": "m:v1",
                "type": "model",
                "name": "m",
                "version": 1,
                "team": None,
                "status": "ready",
                "aliases": ["latest", "production"],
                "size_bytes": 12,
                "created_at": version.created_at.timestamp(),
                "created_by_user": None,
                "project": "vision",
                "run": "r1",
            }
        ],
        "restricted": 0,
    }


def test_nothing_was_made(api: APIClient, tell: Tell) -> None:
    tell("a:v1")
    assert api.get(PATH).json() == {"artifact": "a:v1", "items": [], "restricted": 0}


def test_csv_has_the_same_rows(api: APIClient, tell: Tell) -> None:
    tell("a:v1 > r1 > b:v1 > r2 > c:v1")
    made = Version.objects.get(artifact__name="b").created_at
    answer = api.get(f"{PATH}?format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="impact-a-v1.csv"'
    head, *rows = rows_of(answer)
    assert head == [
        "depth", "type", "name", "version", "team", "status", "aliases", "size_bytes",
        "created_at", "created_by_user", "project", "run",
    ]  # fmt: skip
    first = ["1", "model", "b", "1", "", "ready", "latest", "7", made.isoformat(), "", "vision"]
    assert rows[0] == [*first, "r1"]
    assert [row[2] for row in rows] == ["b", "c"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1"])
def test_no_spreadsheet_runs_what_somebody_named(api: APIClient, tell: Tell, name: str) -> None:
    tell(f"a:v1 > r1 > {name}:v1")
    _, row = rows_of(api.get(f"{PATH}?format=csv"))
    assert row[2] == f"'{name}"


def test_a_name_in_any_script_makes_a_file_name(api: APIClient, tell: Tell) -> None:
    tell("模型:v1")
    answer = api.get("/api/artifacts/模型/v1/impact?format=csv")
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''impact-")


def test_what_is_hidden_is_counted_in_both_forms(tell: Tell, settings: Any) -> None:
    tell("a:v1 > r1 > hidden:v1 > r2 > c:v1")
    Artifact.objects.filter(name="hidden").update(team=Team.objects.create(name="vision"))
    settings.RUNICORN_ACCESS = "team"
    client = client_of(make_user("stranger", Role.MAINTAINER))
    body = client.get(PATH).json()
    assert ([item["name"] for item in body["items"]], body["restricted"]) == (["c"], 1)
    answer = client.get(f"{PATH}?format=csv")
    assert rows_of(answer)[-1][2] == "(1 more that you may not see)"
    assert client.get("/api/artifacts/hidden/v1/impact").status_code == 404


def test_a_cut_says_so_in_both_forms(
    api: APIClient, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell("a:v1 > r1 > b:v1 > r2 > c:v1")
    assert "truncated" not in api.get(PATH).json()
    monkeypatch.setitem(find_impact.__kwdefaults__, "limit", 2)
    assert api.get(PATH).json()["truncated"] is True
    assert rows_of(api.get(f"{PATH}?format=csv"))[-1][2] == "(there is more)"


def test_another_format_is_refused(api: APIClient, tell: Tell) -> None:
    tell("a:v1")
    answer = api.get(f"{PATH}?format=xml")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["format"])


@pytest.mark.parametrize(
    ("path", "status"), [("nothing/v1", 404), ("a/v9", 404), ("a/vx", 400), ("a/v1?type=x", 400)]
)
def test_what_is_not_there(api: APIClient, tell: Tell, path: str, status: int) -> None:
    tell("a:v1")
    path, _, query = path.partition("?")
    assert api.get(f"/api/artifacts/{path}/impact?{query}").status_code == status
