"""``/api/runs``: shapes, ladder, bad input."""

import json
import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from lineage.models import Run
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun

NUL, SURROGATE = '"a\\u0000"', '"a\\ud800"'


def send(client: APIClient, method: str, path: str, text: str) -> Any:
    """A body just as it stands, for what ``json.dumps`` would not write."""
    return client.generic(method, path, text, content_type="application/json")


# Begin --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_a_run_has_exactly_the_keys_of_the_contract(api: APIClient) -> None:
    answer = api.post(
        "/api/runs", {"id": "r1", "project": "vision", "name": "resnet"}, format="json"
    )
    run = Run.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": "r1",
        "project": "vision",
        "name": "resnet",
        "status": "running",
        "created_at": run.created_at.timestamp(),
        "updated_at": run.updated_at.timestamp(),
        "finished_at": None,
        "created_by_user": None,
    }


@pytest.mark.usefixtures("db")
def test_a_run_needs_only_a_project(api: APIClient) -> None:
    body = api.post("/api/runs", {"project": "vision"}, format="json").json()
    assert re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{6}", body["id"])
    assert body["name"] == ""


def test_a_repeat_answers_200_and_another_run_409(api: APIClient, make_run: MakeRun) -> None:
    make_run("r1", project="vision", name="a")
    same = api.post("/api/runs", {"id": "r1", "project": "vision", "name": "a"}, format="json")
    assert (same.status_code, same.json()["id"]) == (200, "r1")
    other = api.post("/api/runs", {"id": "r1", "project": "vision", "name": "b"}, format="json")
    assert (other.status_code, other.json()["code"]) == (409, "run_conflict")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "project"),
        ('{"project": ""}', "project"),
        ('{"project": null}', "project"),
        ('{"project": ["p"]}', "project"),
        ('{"project": "' + "p" * 256 + '"}', "project"),
        ('{"project": "a\\nb"}', "project"),
        ('{"project": ' + NUL + "}", "project"),
        ('{"project": ' + SURROGATE + "}", "project"),
        ('{"project": "p", "name": ' + NUL + "}", "name"),
        ('{"project": "p", "name": ' + SURROGATE + "}", "name"),
        ('{"project": "p", "name": {}}', "name"),
        ('{"project": "p", "id": "a/b"}', "id"),
        ('{"project": "p", "id": ".."}', "id"),
        ('{"project": "p", "id": ""}', "id"),
        ('{"project": "p", "id": ' + SURROGATE + "}", "id"),
        ('{"project": "p", "id": "' + "x" * 129 + '"}', "id"),
        ("[]", "body"),
        ('["project"]', "body"),
        ('"project"', "body"),
        ("1", "body"),
        ("null", None),
    ],
)
def test_a_bad_body_is_refused(api: APIClient, body: str, field: str | None) -> None:
    answer = send(api, "POST", "/api/runs", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field is None or list(answer.json()["errors"]) == [field]
    assert not Run.objects.exists()


# List ---------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_paged(api: APIClient, make_run: MakeRun) -> None:
    for run_id in ("r1", "r2", "r3"):
        make_run(run_id)
    assert [run["id"] for run in api.get("/api/runs").json()] == ["r3", "r2", "r1"]
    page = api.get("/api/runs?limit=1&offset=1")
    assert [run["id"] for run in page.json()] == ["r2"]
    assert page["X-Total-Count"] == "3"
    assert re.findall('rel="(.*?)"', page["Link"]) == ["next", "prev"]


def test_the_list_is_filtered(api: APIClient, make_run: MakeRun) -> None:
    make_run("r1", project="vision", name="a")
    make_run("r2", project="vision", name="b")
    make_run("r3", project="speech", name="a")
    api.patch("/api/runs/r2", {"status": "failed"}, format="json")
    found = {
        query: [run["id"] for run in api.get(f"/api/runs?{query}").json()]
        for query in ("project=vision", "name=a", "status=failed", "project=speech&name=b")
    }
    assert found == {
        "project=vision": ["r2", "r1"],
        "name=a": ["r3", "r1"],
        "status=failed": ["r2"],
        "project=speech&name=b": [],
    }


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "query", ["status=paused", "project=a%00", "name=%00", "limit=-1", "offset=x", "name=%ff"]
)
def test_a_bad_filter_is_refused(api: APIClient, query: str) -> None:
    assert api.get(f"/api/runs?{query}").status_code == 400


def test_the_list_takes_one_query(
    api: APIClient, make_run: MakeRun, django_assert_num_queries: Any
) -> None:
    for n in range(5):
        make_run(f"r{n}")
    with django_assert_num_queries(1):
        api.get("/api/runs")


# Read and change ----------------------------------------------------------------------------------


def test_one_run_is_read(api: APIClient, make_run: MakeRun) -> None:
    make_run("运行-1")
    assert api.get("/api/runs/运行-1").json() == api.get("/api/runs").json()[0]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("run_id", ["nobody", "a%00", "a%20b", "%ff"])
@pytest.mark.parametrize("path", ["", "/artifacts"])
def test_a_run_that_is_not_there_is_404(api: APIClient, run_id: str, path: str) -> None:
    answer = api.get(f"/api/runs/{run_id}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


def test_a_run_ends_and_runs_again(api: APIClient, make_run: MakeRun) -> None:
    make_run("r1")
    ended = api.patch("/api/runs/r1", {"status": "finished", "name": "done"}, format="json").json()
    assert (ended["status"], ended["name"]) == ("finished", "done")
    assert ended["finished_at"] == ended["updated_at"] > ended["created_at"]
    again = api.patch("/api/runs/r1", {"status": "running"}, format="json").json()
    assert (again["status"], again["finished_at"]) == ("running", None)


def test_nothing_to_change_changes_nothing(api: APIClient, make_run: MakeRun) -> None:
    make_run("r1")
    before = api.get("/api/runs/r1").json()
    answer = api.patch("/api/runs/r1", {}, format="json")
    assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize(
    "body", ['{"status": "paused"}', '{"status": null}', '{"name": ' + NUL + "}", "[]", '"x"']
)
def test_a_bad_change_is_refused(api: APIClient, make_run: MakeRun, body: str) -> None:
    make_run("r1")
    assert send(api, "PATCH", "/api/runs/r1", body).status_code == 400


# Uses ---------------------------------------------------------------------------------------------


def test_a_use_says_which_version(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    make_run("r1")
    make_version("data", type="dataset", aliases=["clean"])
    expected = {
        "run": "r1", "name": "data", "type": "dataset", "team": None, "version": 1,
        "artifact": "data:v1",
    }  # fmt: skip
    first = api.post("/api/runs/r1/uses", {"artifact": "data:clean"}, format="json")
    assert (first.status_code, first.json()) == (201, expected)
    for reference in ("data", "data:latest", "data:v1", "dataset/data:v1"):
        again = api.post("/api/runs/r1/uses", {"artifact": reference}, format="json")
        assert (again.status_code, again.json()) == (200, expected)


def test_a_use_of_a_shared_name_needs_the_type(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    make_run("r1")
    make_version("same", type="model")
    make_version("same", type="dataset")
    refused = api.post("/api/runs/r1/uses", {"artifact": "same"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "ambiguous_type")
    assert refused.json()["types"] == ["model", "dataset"]
    said = api.post("/api/runs/r1/uses", {"artifact": "same", "type": "dataset"}, format="json")
    assert (said.status_code, said.json()["type"]) == (201, "dataset")


@pytest.mark.parametrize(
    ("reference", "status", "code"),
    [
        ("nothing:v1", 404, "artifact_not_found"),
        ("m:v2", 404, "version_not_found"),
        ("m:v99999999999999999999", 404, "version_not_found"),
        ("m:staging", 404, "alias_not_found"),
        ("m:v1", 409, "version_not_ready"),
        ("m:a b", 400, "invalid"),
        ("weights/m:v1", 400, "invalid"),
    ],
)
def test_a_use_that_cannot_be(
    api: APIClient,
    make_run: MakeRun,
    make_version: MakeVersion,
    reference: str,
    status: int,
    code: str,
) -> None:
    make_run("r1")
    soft_delete_version(version=make_version("m"), deleted_by=ANYBODY)
    answer = api.post("/api/runs/r1/uses", {"artifact": reference}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"artifact": 1.5e300}',
        '{"artifact": null}',
        '{"artifact": ' + NUL + "}",
        '{"artifact": ' + SURROGATE + "}",
        '{"artifact": "m", "type": "weights"}',
        '{"artifact": "m", "type": ["model"]}',
        '{"artifact": "m", "type": {}}',
        '{"artifact": "' + "m" * 1000 + '"}',
    ],
)
def test_a_bad_use_is_refused(api: APIClient, make_run: MakeRun, body: str) -> None:
    make_run("r1")
    answer = send(api, "POST", "/api/runs/r1/uses", body)
    assert (answer.status_code, answer.json()["code"]) in {
        (400, "invalid"),
        (404, "artifact_not_found"),
    }


@pytest.mark.usefixtures("db")
def test_a_use_by_no_run_is_404(api: APIClient) -> None:
    answer = api.post("/api/runs/nobody/uses", {"artifact": "m"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


# Both ends ----------------------------------------------------------------------------------------


def test_a_run_lists_what_it_made_and_used(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    run = make_run("r1")
    inputs = [make_version("data", type="dataset"), make_version("base")]
    for version in reversed(inputs):
        use_version(run=run, version=version, used_by=ANYBODY)
    made = make_version("m", run_id="r1", files={"a": b"12345"})
    body = api.get("/api/runs/r1/artifacts").json()
    assert body["created"] == [
        {
            "name": "m",
            "type": "model",
            "team": None,
            "version": 1,
            "artifact": "m:v1",
            "size_bytes": 5,
            "status": "ready",
            "created_at": made.created_at.timestamp(),
        }
    ]
    assert [ref["artifact"] for ref in body["used"]] == ["base:v1", "data:v1"]


def test_what_was_removed_since_is_listed_as_such(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    make_run("r1")
    soft_delete_version(version=make_version("a", run_id="r1"), deleted_by=ANYBODY)
    purge_version(version=make_version("b", run_id="r1"), purged_by=ANYBODY)
    created = api.get("/api/runs/r1/artifacts").json()["created"]
    assert [(ref["name"], ref["status"]) for ref in created] == [("a", "deleted"), ("b", "purged")]


def test_both_ends_take_three_queries(
    api: APIClient,
    make_run: MakeRun,
    make_version: MakeVersion,
    django_assert_num_queries: Any,
) -> None:
    run = make_run("r1")
    for n in range(4):
        make_version(f"out-{n}", run_id="r1")
        use_version(run=run, version=make_version(f"in-{n}"), used_by=ANYBODY)
    with django_assert_num_queries(3):
        api.get("/api/runs/r1/artifacts")


# Who may ------------------------------------------------------------------------------------------

CALLS = [
    ("GET", "/api/runs", None),
    ("POST", "/api/runs", {"project": "p"}),
    ("GET", "/api/runs/r1", None),
    ("PATCH", "/api/runs/r1", {"status": "failed"}),
    ("POST", "/api/runs/r1/uses", {"artifact": "m"}),
    ("GET", "/api/runs/r1/artifacts", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_in_team_mode_a_member_may_and_nobody_else(
    api: APIClient,
    member: APIClient,
    make_run: MakeRun,
    make_version: MakeVersion,
    settings: Any,
    method: str,
    path: str,
    body: dict[str, str] | None,
) -> None:
    make_run("r1")
    make_version("m")
    settings.RUNICORN_ACCESS = "team"
    text = json.dumps(body) if body else ""
    refused = send(api, method, path, text)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert send(member, method, path, text).status_code in {200, 201}


def test_the_maker_of_a_run_is_named(member: APIClient, team: None) -> None:
    body = member.post("/api/runs", {"id": "r1", "project": "p"}, format="json").json()
    assert body["created_by_user"] == "member"
    assert member.get("/api/runs/r1").json()["created_by_user"] == "member"
    changed = member.patch("/api/runs/r1", {"name": "x"}, format="json").json()
    assert changed["created_by_user"] == "member"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/runs"), ("DELETE", "/api/runs/r1"), ("GET", "/api/runs/r1/uses")],
)
def test_other_methods_are_405(api: APIClient, method: str, path: str) -> None:
    assert send(api, method, path, "").status_code == 405


def test_a_run_tells_whose_its_versions_are(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    make_run("r1")
    Team.objects.create(name="vision")
    make_version("m", team="vision", run_id="r1")
    used = api.post("/api/runs/r1/uses", {"artifact": "vision/model/m:v1"}, format="json")
    assert (used.status_code, used.json()["team"]) == (201, "vision")
    body = api.get("/api/runs/r1/artifacts").json()
    assert [one["team"] for one in body["created"] + body["used"]] == ["vision", "vision"]
