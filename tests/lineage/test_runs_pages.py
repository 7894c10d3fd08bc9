"""``/runs`` and ``/runs/{id}``: who ran what, and what it used and made."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Alias, Artifact, Version
from artifacts.services.purge import purge_version
from lineage.models import Run
from lineage.services import update_run, use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import client_of, make_user


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def run_ids(client: Client, query: str = "") -> list[str]:
    return re.findall(r'class="strong"><a href="/runs/([^"]+)"', page_of(client, f"/runs{query}"))


def row_of(page: str, run_id: str) -> list[str]:
    """The texts of the cells of a run's row."""
    start = page.index(f'class="strong"><a href="/runs/{run_id}"')
    row = page[start : page.index("</tr>", start)]
    cells = [re.sub(r"<[^>]+>", " ", cell) for cell in re.split(r"<td[^>]*>", "<td " + row)]
    return [" ".join(cell.split()) for cell in cells if cell.strip()]


@pytest.fixture
def runs(make_run: MakeRun) -> None:
    """Three runs, an hour apart, the last of them the newest."""
    begun = timezone.now() - timedelta(days=1)
    for number, (run_id, project, name) in enumerate(
        [("r1", "vision", "baseline"), ("r2", "speech", "baseline"), ("r3", "vision", "")]
    ):
        run = make_run(run_id, project=project, name=name)
        Run.objects.filter(pk=run.pk).update(created_at=begun + timedelta(hours=number))
    update_run(run=Run.objects.get(pk="r2"), status="failed", changed_by=ANYBODY)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["r3", "r2", "r1"]),
        ("?project=vision", ["r3", "r1"]),
        ("?project=vis", []),
        ("?status=failed", ["r2"]),
        ("?status=running&project=vision", ["r3", "r1"]),
        ("?status=nothing", []),
        ("?q=BASE", ["r2", "r1"]),
        ("?q=vis", ["r3", "r1"]),
        ("?q=r3", ["r3"]),
        ("?q=100%25", []),
        ("?q=%00r3", ["r3"]),
        ("?q=baseline&project=speech", ["r2"]),
    ],
)
def test_the_list_is_filtered_newest_first(client: Client, query: str, found: list[str]) -> None:
    assert run_ids(client, query) == found


def test_a_row_says_what_it_used_and_made(client: Client, tell: Tell) -> None:
    tell("a:v1 > r1 > m:v1", "b:v1 > r1 > m:v2", "r1 > m:v3")
    run = Run.objects.get(pk="r1")
    update_run(run=run, status="finished", name="baseline", changed_by=ANYBODY)
    Run.objects.update(created_at=run.created_at - timedelta(hours=30))
    cells = row_of(page_of(client, "/runs"), "r1")
    assert cells[0].endswith("baseline r1")
    assert cells[1:5] == ["vision", "finished", "2", "3"]
    assert cells[6].startswith("1 d 6:00:0")


@pytest.mark.usefixtures("runs")
def test_the_pages_are_in_the_url(client: Client) -> None:
    Run.objects.bulk_create(Run(id=f"s{n:02}", project="many") for n in range(60))
    assert len(run_ids(client, "?project=many")) == 50
    assert len(run_ids(client, "?project=many&page=2")) == 10
    assert 'href="?project=many&amp;page=2"' in page_of(client, "/runs?project=many")


def test_an_empty_list_says_how_to_begin(client: Client, db: None) -> None:
    assert "No run has begun yet" in page_of(client, "/runs")
    assert "No run is like this" in page_of(client, "/runs?q=x")


@pytest.mark.usefixtures("runs")
def test_the_form_knows_the_projects_and_htmx_gets_the_rows_alone(client: Client) -> None:
    page = page_of(client, "/runs?status=failed&q=base")
    assert re.findall(r'<option value="(speech|vision)">', page) == ["speech", "vision"]
    assert '<option value="failed" selected>' in page
    assert 'value="base"' in page
    part = client.get("/runs", headers={"HX-Request": "true"}).content
    assert b"<html" not in part
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    whole = client.get("/runs?status=failed&q=base", headers=again).content.decode()
    assert re.findall(r'<option value="(speech|vision)">', whole) == ["speech", "vision"]
    assert b"/runs/r1" in part


@pytest.mark.usefixtures("runs")
def test_the_list_takes_a_constant_number_of_queries(
    client: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        with django_assert_num_queries(3):
            client.get("/runs")
        ada = make_user(f"ada{Run.objects.count()}")
        Run.objects.bulk_create(
            Run(id=f"{ada}-{n}", project=f"p{n}", created_by=ada) for n in range(40)
        )


# One run ------------------------------------------------------------------------------------------


def test_a_run_in_full(client: Client, make_run: MakeRun, make_version: MakeVersion) -> None:
    data, gone = make_version("data", type="dataset"), make_version("gone")
    run = make_run("r1", project="vision", name="baseline")
    for version in (data, gone):
        use_version(run=run, version=version, used_by=ANYBODY)
    purge_version(version=gone, purged_by=ANYBODY)
    make_version("m", run_id="r1", aliases=["production"])
    update_run(run=run, status="finished", changed_by=ANYBODY)
    page = page_of(client, "/runs/r1")
    used, made = page[page.index("<h2>Used") :].split("<h2>Produced</h2>")
    assert 'href="/artifacts/dataset/data/v1"' in used
    assert 'href="/artifacts/dataset/data/v1/lineage"' in used
    assert "gone v1" in used
    assert "/artifacts/model/gone" not in used
    assert "purged" in used
    assert 'href="/artifacts/model/m/v1"' in made
    assert "production" in made
    for text in ("<code>r1</code>", "finished", "baseline"):
        assert text in page
    assert re.search(r"<dd>(&lt; )?\d+ s\s*</dd>", page)


def test_a_run_that_did_nothing_yet(client: Client, make_run: MakeRun) -> None:
    make_run("r1")
    page = page_of(client, "/runs/r1")
    assert "it is running" in page
    assert "It used no version." in page
    assert "It made no version." in page


def test_who_may_not_see_everything_is_told_so(make_run: MakeRun, settings: Any) -> None:
    make_run("r1")
    settings.RUNICORN_ACCESS = "team"
    page = page_of(client_of(make_user("viewer", Role.VIEWER)), "/runs/r1")
    assert "It used no version that you may see." in page
    assert "It made no version that you may see." in page


def test_of_very_many_the_first_are_shown(client: Client, tell: Tell) -> None:
    tell("r1 > m:v1")
    artifact = Artifact.objects.get()
    Version.objects.bulk_create(
        Version(artifact=artifact, number=n, created_by_run="r1") for n in range(2, 300)
    )
    page = page_of(client, "/runs/r1")
    assert page.count('class="strong"') == 200
    assert "There are more than are shown here" in page


@pytest.mark.parametrize("run_id", ["none", "a%00b", "%ff", "a b"])
def test_a_run_that_is_not_there(client: Client, db: None, run_id: str) -> None:
    assert client.get(f"/runs/{run_id}").status_code == 404


def test_what_is_hidden_is_absent_from_runs(client: Client, tell: Tell, settings: Any) -> None:
    versions = tell("secret:v1 > r1 > secret:v2", "a:v1 > r1 > b:v1")
    team = Team.objects.create(name="hushed")
    Artifact.objects.filter(name="secret").update(team=team)
    secret = versions["secret:v2"]
    Alias.objects.create(artifact=secret.artifact, name="whispered", version=secret)
    settings.RUNICORN_ACCESS = "team"
    client.force_login(make_user("stranger", Role.MAINTAINER))
    page = page_of(client, "/runs/r1")
    for word in ("secret", "hushed", "whispered"):
        assert word not in page
    assert row_of(page_of(client, "/runs"), "r1")[3:5] == ["1", "1"]
    client.force_login(make_user("member", Role.VIEWER, {"hushed": Role.VIEWER}))
    assert "/teams/hushed/artifacts/model/secret/v2" in page_of(client, "/runs/r1")
    assert row_of(page_of(client, "/runs"), "r1")[3:5] == ["2", "2"]


@pytest.mark.parametrize("url", ["/runs", "/runs/r1"])
def test_runs_are_for_those_who_may_enter(
    client: Client, make_run: MakeRun, settings: Any, url: str
) -> None:
    make_run("r1")
    settings.RUNICORN_ACCESS = "team"
    assert client.get(url)["Location"] == f"/login?next={url}"
    make_user("boss", Role.ADMIN)
    client.force_login(make_user("nobody"))
    assert client.get(url).status_code == 403


def test_a_run_takes_a_constant_number_of_queries(
    client: Client, tell: Tell, django_assert_num_queries: Any
) -> None:
    tell("a:v1 > r1 > b:v1")
    tell(*(f"a{n}:v1 > r2 > b{n}:v1" for n in range(30)))
    for run_id in ("r1", "r2"):
        with django_assert_num_queries(5):
            client.get(f"/runs/{run_id}")


def test_a_duration_is_none_while_it_runs() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    assert Run(created_at=begun).duration is None
    assert Run(created_at=begun, finished_at=begun + timedelta(seconds=5)).duration == timedelta(
        seconds=5
    )


HOSTILE = "\"><script>alert('1')</script>&"


def test_nothing_that_somebody_named_is_markup(client: Client, make_run: MakeRun) -> None:
    make_run("r1", project=HOSTILE, name=HOSTILE)
    for url in ("/runs", "/runs/r1", f"/runs?q={HOSTILE}"):
        assert "<script>" not in page_of(client, url)
