"""``/artifacts/{type}/{name}/v{n}/usage``: the runs that used a version, and what they made."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Artifact, Version
from lineage.models import Run, RunInput
from tests.conftest import MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import make_user
from tests.web.reading import read

URL = "/artifacts/model/m/v1/usage"


def test_runs_stand_with_what_they_made(client: Client, tell: Tell) -> None:
    tell("m:v1 > train > student:v1", "m:v1 > train > student:v2", "m:v1 > look", "other:v1 > afar")
    page = read(client, URL)
    for text in ("train", "student v1", "student v2", "look", "nothing so far", "vision"):
        assert text in page.text
    assert "afar" not in page.text
    links = page.values("a", "href")
    assert {"/runs/train", "/runs?project=vision", "/artifacts/model/student/v2"} <= set(links)


def test_the_newest_use_comes_first(client: Client, tell: Tell) -> None:
    tell("m:v1 > first", "m:v1 > second")
    text = read(client, URL).text
    assert text.index("second") < text.index("first")


def test_a_version_nobody_used_says_how_it_is_done(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("m")
    assert "run.use_artifact" in read(client, URL).text


def test_what_is_not_ready_is_marked_and_a_tombstone_is_no_link(client: Client, tell: Tell) -> None:
    said = tell("m:v1 > r > gone:v1", "m:v1 > r > hidden:v1")
    now = said["m:v1"].created_at
    Version.objects.filter(pk=said["gone:v1"].pk).update(purged_at=now, size_bytes=0)
    Version.objects.filter(pk=said["hidden:v1"].pk).update(deleted_at=now)
    page = read(client, URL)
    assert "gone v1 purged" in page.text
    assert "hidden v1 deleted" in page.text
    assert "/artifacts/model/gone/v1" not in page.values("a", "href")


def test_many_are_counted(client: Client, tell: Tell, make_run: MakeRun) -> None:
    version = tell("m:v1 > r > x:v1")["m:v1"]
    line = Artifact.objects.get(name="x")
    Version.objects.bulk_create(
        Version(artifact=line, number=n, created_by_run="r") for n in range(2, 26)
    )
    runs = [make_run(f"run-{n:02}") for n in range(60)]
    RunInput.objects.bulk_create(RunInput(run=run, version=version) for run in runs)
    first, second = read(client, URL), read(client, URL, page=2)
    assert "run-59" in first.text
    assert "x v10" in second.text
    assert "x v11" not in second.text
    assert "+15" in second.text


def test_what_others_made_in_private_is_told_by_its_number_alone(
    client: Client, settings: Any, tell: Tell
) -> None:
    said = tell("m:v1 > r > open:v1", "m:v1 > r > secret:v1", "m:v1 > r > secret:v2")
    vision = Team.objects.create(name="vision")
    Artifact.objects.filter(pk=said["secret:v1"].artifact_id).update(team=vision)
    settings.RUNICORN_ACCESS = "team"
    client.force_login(make_user("stranger", Role.VIEWER))
    page = read(client, URL)
    assert "open v1" in page.text
    assert "2 you may not see" in page.text
    assert "secret" not in page.text
    client.force_login(make_user("member", None, {"vision": Role.VIEWER}))
    assert client.get(URL).status_code == 404  # what is everyone's needs a role everywhere
    client.force_login(make_user("both", Role.VIEWER, {"vision": Role.VIEWER}))
    assert "secret v2" in read(client, URL).text


def test_hostile_names_are_text(client: Client, tell: Tell) -> None:
    tell("m:v1 > r")
    Run.objects.update(name="<script>alert(1)</script>", project='"><img src=x onerror=alert(1)>')
    assert "<script>alert(1)</script>" in read(client, URL).text


@pytest.mark.parametrize("num", [1, 30])
def test_the_queries_are_as_many_for_any_number(client: Client, tell: Tell, num: int) -> None:
    tell(*(f"m:v1 > run-{n} > out-{n}:v1" for n in range(num)))
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        read(client, URL)
    assert len(captured) == 10


def test_htmx_gets_the_rows_alone(client: Client, tell: Tell) -> None:
    tell("m:v1 > r")
    answer = client.get(URL, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b"/runs/r" in answer.content
