"""The list of artifacts, for people: search, filters, order, and what it says when it is empty."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from artifacts.models import Artifact
from lineage.services import create_run
from tests.conftest import ANYBODY, MakeVersion
from tests.people import client_of, make_user

HTMX = {"HX-Request": "true"}


def names(client: Any, query: str = "") -> list[str]:
    """Those that the list shows, in its order."""
    answer = client.get(f"/artifacts{query}", headers=HTMX)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.context["page"].object_list]


def shown(client: Any, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    text: str = answer.content.decode()
    return text


@pytest.fixture
def several(make_version: MakeVersion) -> None:
    create_run(project="vision", run_id="run-a", created_by=ANYBODY)
    create_run(project="speech", run_id="run-b", created_by=ANYBODY)
    ada = make_user("ada", Role.CONTRIBUTOR)
    make_version("net-a", tags=["best"], aliases=["production"], run_id="run-a", created_by=ada)
    make_version("net-a", files={"a": b"12345" * 100})
    make_version("words", type="dataset", tags=["raw"], run_id="run-b", files={"b": b"1"})
    for position, name in enumerate(["net-a", "words"]):
        day = datetime(2026, 5, 1 + position, tzinfo=UTC)
        Artifact.objects.filter(name=name).update(updated_at=day)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resume", ["resume-a", "résumé-b"]),
        ("Résumé", ["resume-a", "résumé-b"]),
        ("re\u0301sume\u0301 b", ["résumé-b"]),
        ("uber", ["Übersetzer"]),
        ("Über", ["Übersetzer"]),
        ("模型", ["模型-é"]),
        ("模型-é", ["模型-é"]),
        ("sume", []),
    ],
)
def test_the_search_heeds_no_accents(
    client: Client, make_version: MakeVersion, text: str, found: list[str]
) -> None:
    for name in ("resume-a", "résumé-b", "Übersetzer", "模型-é"):
        make_version(name)
    assert sorted(names(client, f"?q={text}")) == sorted(found)


def test_the_search_uses_the_index_of_plain_words(make_version: MakeVersion) -> None:
    make_version("résumé")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "artifact_name_plain_words" in Artifact.objects.search("resume").explain()


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["words", "net-a"]),
        ("?q=net", ["net-a"]),
        ("?type=dataset", ["words"]),
        ("?tag=best", ["net-a"]),
        ("?alias=production", ["net-a"]),
        ("?user=ada", ["net-a"]),
        ("?team=everyone", ["words", "net-a"]),
        ("?team=nobodys", []),
        ("?project=vision", ["net-a"]),
        ("?project=speech", ["words"]),
        ("?project=speech&tag=best", []),
        ("?project=vision&user=ada&tag=best", ["net-a"]),
        ("?project=none", []),
        ("?updated_after=2026-05-01", ["words"]),
        ("?updated_after=2026-04-01", ["words", "net-a"]),
        ("?run=run-a", ["net-a"]),
        ("?type=%00", []),
        ("?team=%00", []),
        ("?project=%00", []),
        ("?sort=name", ["net-a", "words"]),
        ("?sort=-name", ["words", "net-a"]),
        ("?sort=type", ["words", "net-a"]),
        ("?sort=-versions", ["net-a", "words"]),
        ("?sort=size", ["words", "net-a"]),
        ("?sort=updated", ["net-a", "words"]),
        ("?sort=nonsense", ["words", "net-a"]),
        ("?page=99", ["words", "net-a"]),
        ("?page=nonsense", ["words", "net-a"]),
    ],
)
def test_filters_and_orders(client: Client, query: str, found: list[str]) -> None:
    assert names(client, query) == found


@pytest.mark.usefixtures("several")
def test_the_filters_of_one_version_hold_together(client: Client) -> None:
    """v1 of net-a has the tag, v2 has no run: no version has both."""
    assert names(client, "?tag=best&project=vision") == ["net-a"]
    assert names(client, "?alias=latest&project=vision") == []


@pytest.mark.usefixtures("several")
def test_what_is_filtered_by_is_shown_and_can_be_removed(client: Client) -> None:
    html = shown(client, "/artifacts?tag=best&type=model&sort=name&run=run-a&page=1")
    assert 'href="?type=model&amp;sort=name&amp;run=run-a"' in html
    assert 'href="?tag=best&amp;sort=name&amp;run=run-a"' in html
    assert '<input type="hidden" name="run" value="run-a">' in html
    assert ">2</span>" in html.split('id="num-filters"')[1][:80]


@pytest.mark.usefixtures("several")
def test_no_field_has_to_be_filled(client: Client) -> None:
    """A browser, and htmx too, would send the form no more."""
    assert " required" not in shown(client, "/artifacts")


@pytest.mark.usefixtures("several")
def test_a_part_says_how_many_filters_are_folded(client: Client) -> None:
    html = client.get("/artifacts?tag=best", headers=HTMX).content.decode()
    assert 'hx-swap-oob="true"' in html
    assert "<h1>" not in html


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("query", ["?updated_after=soon", "?q=%00", "?metadata.a__x=1"])
def test_a_wrong_filter_is_told_and_loses_nothing(client: Client, query: str) -> None:
    answer = client.get(f"/artifacts{query}&tag=best")
    html = answer.content.decode()
    assert answer.status_code == 400
    assert 'role="alert"' in html
    assert 'name="tag" value="best"' in html
    assert client.get(f"/artifacts{query}", headers=HTMX).status_code == 400


@pytest.mark.usefixtures("several")
def test_very_many_filters_are_refused_in_short(client: Client) -> None:
    answer = client.get("/artifacts?" + "&".join(f"metadata.a{n}=1" for n in range(900)))
    assert answer.status_code == 400
    assert "20 times at most" in answer.content.decode()
    assert len(answer.content) < 1_000_000


def test_an_empty_portal_says_how_to_begin_and_waits(
    client: Client, make_version: MakeVersion
) -> None:
    html = shown(client, "/artifacts")
    assert "RUNICORN_TRACKING_URI&quot;] = &quot;http://testserver&quot;" in html or (
        'RUNICORN_TRACKING_URI"] = "http://testserver"' in html
    )
    waiting = {**HTMX, "HX-Trigger": "first-version"}
    assert client.get("/artifacts", headers=waiting).status_code == 204
    make_version()
    answer = client.get("/artifacts", headers=waiting)
    assert (answer.status_code, answer["HX-Refresh"]) == (200, "true")


def test_no_match_is_not_an_empty_portal(client: Client, make_version: MakeVersion) -> None:
    make_version()
    html = shown(client, "/artifacts?q=other")
    assert "No artifact matches these filters" in html
    assert "RUNICORN_TRACKING_URI" not in html


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tag", ["best", "raw"]),
        ("alias", ["production"]),
        ("user", ["ada"]),
        ("team", ["everyone"]),
        ("project", ["speech", "vision"]),
    ],
)
def test_fields_suggest_what_there_is(client: Client, field: str, values: list[str]) -> None:
    path = f"/artifacts/suggestions/{field}"
    assert client.get(path).context["values"] == values
    some = client.get(path, {field: values[0][:3].upper()}).context["values"]
    assert some == values[:1]
    assert client.get(path, {field: "%\0"}).context["values"] == []


def test_other_fields_suggest_nothing(client: Client, db: None) -> None:
    assert client.get("/artifacts/suggestions/password").status_code == 404


@pytest.mark.usefixtures("team")
def test_what_is_hidden_is_not_suggested(make_version: MakeVersion) -> None:
    owner = make_user("owner", None, {"vision": Role.MAINTAINER})
    make_version("secret", team="vision", created_by=owner, tags=["hush"], aliases=["hidden-alias"])
    stranger = client_of(make_user("stranger", Role.VIEWER))
    for field in ("tag", "alias", "user", "team"):
        assert stranger.get(f"/artifacts/suggestions/{field}").context["values"] in (
            [],
            ["everyone"],
        )
    insider = client_of(owner)
    assert insider.get("/artifacts/suggestions/tag").context["values"] == ["hush"]
    assert insider.get("/artifacts/suggestions/team").context["values"] == ["everyone", "vision"]
    assert names(insider, "?team=vision") == ["secret"]
    assert names(stranger, "?team=vision") == names(stranger) == []


@pytest.mark.usefixtures("team", "db")
@pytest.mark.parametrize("path", ["/artifacts", "/artifacts/suggestions/tag"])
def test_nobody_sees_it_without_a_login(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/login?next={path}"


def test_hostile_text_is_text(client: Client, make_version: MakeVersion) -> None:
    hostile = "<script>alert(1)</script>'\"><b>"
    make_version("it's & more", tags=[hostile])
    html = shown(client, f"/artifacts?tag={hostile}")
    assert "<script>alert" not in html
    assert "it&#x27;s &amp; more" in html
    html = shown(client, "/artifacts/suggestions/tag")
    assert "<script>" not in html


def test_a_page_costs_the_same_whatever_it_shows(
    client: Client, make_version: MakeVersion, django_assert_num_queries: Any
) -> None:
    for position in range(3):
        make_version(f"a{position}", aliases=["x"])
    with django_assert_num_queries(4):
        names(client)
    for position in range(60):
        make_version(f"b{position}", aliases=["x"])
    with django_assert_num_queries(4):
        assert len(names(client)) == 50
    with django_assert_num_queries(4):
        assert len(names(client, "?page=2&sort=size&alias=x")) == 13


def test_the_api_asks_what_changed_since(client: Client, make_version: MakeVersion) -> None:
    make_version("old")
    make_version("new")
    day_ago = timezone.now() - timedelta(days=1)
    Artifact.objects.filter(name="old").update(updated_at=day_ago - timedelta(days=1))
    answer = client.get("/api/artifacts", {"updated_after": day_ago.isoformat()})
    assert [one["name"] for one in answer.json()] == ["new"]
    assert client.get("/api/artifacts?updated_after=soon").status_code == 400


def test_the_figures_say_what_counts_where(client: Client, several: None) -> None:
    page = shown(client, "/artifacts")
    assert 'title="With the trash on disk, without it among the files">on disk, for ' in page
