"""``/settings/audit``: the filters of the API, what changed, and the same rows as CSV."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.web.deeds import DEEDS, link_to
from tests.api.conftest import body_of
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/audit"
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def desk() -> Client:
    client = client_of(make_user("boss", Role.ADMIN))
    AuditEvent.objects.create(
        action="user.change", username="ada", object_type="user", object="bob",
        before={"role": "viewer"}, after={"role": "admin", "is_active": False},
    )  # fmt: skip
    AuditEvent.objects.create(
        action="version.delete", username="bob", object="model/m:v1", team="vision",
        address="192.0.2.7",
    )  # fmt: skip
    return client


def seen(desk: Client, **query: str) -> list[str]:
    return [event.action for event in desk.get(URL, query).context["page"]]


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"user": "ada"}, ["user.change"]),
        ({"action": "version."}, ["version.delete"]),
        ({"object": "model/m"}, ["version.delete"]),
        ({"object_type": "user", "object": "bob"}, ["user.change"]),
        ({"team": "vision"}, ["version.delete"]),
        ({"address": "192.0.2.7"}, ["version.delete"]),
        ({"before": "2020-01-01"}, []),
        ({"after": "2020-01-01"}, ["version.delete", "user.change", "user.login"]),
        ({"user": "a\0b"}, ["version.delete", "user.change", "user.login"]),
        ({"user": "", "nonsense": "x"}, ["version.delete", "user.change", "user.login"]),
    ],
)
def test_it_is_filtered_as_the_api_filters(
    desk: Client, query: dict[str, str], actions: list[str]
) -> None:
    assert seen(desk, **query) == actions


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Who Action Object Address"), ("zh-hans", "操作者 操作 对象 地址")],
)
def test_a_filter_is_called_as_its_column_is(desk: Client, language: str, words: str) -> None:
    html = desk.get(URL, headers={"Accept-Language": language}).content.decode()
    form, table = html.split("<thead>", 1)
    for word in words.split():
        assert f">{word}<" in form
        assert f">{word}</th>" in table


@pytest.mark.parametrize("query", [{"address": "x"}, {"after": "soon"}])
def test_a_wrong_filter_is_named_and_kept(desk: Client, query: dict[str, str]) -> None:
    answer = desk.get(URL, query)
    [(name, text)] = query.items()
    assert answer.status_code == 400
    assert f"{name}: " in answer.content.decode()
    assert f'value="{text}"' in answer.content.decode()


def test_what_changed_is_told_field_by_field(desk: Client) -> None:
    [event] = desk.get(URL, {"user": "ada"}).context["page"]
    assert event.changes == [("role", "viewer", "admin"), ("is_active", None, False)]
    assert "<code>False</code>" in desk.get(URL, {"user": "ada"}).content.decode()


def test_the_same_rows_are_there_as_csv(desk: Client) -> None:
    answer = desk.get(URL, {"user": "ada", "page": "1", "team": ""})
    assert answer.context["csv_url"] == "/api/audit?user=ada&format=csv"
    lines = body_of(desk.get(answer.context["csv_url"])).decode().splitlines()
    assert (len(lines), "user.change" in lines[1]) == (2, True)


def test_it_has_pages_whose_links_keep_the_filters(desk: Client) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(action="run.create", username="ada") for _ in range(60)
    )
    page = desk.get(URL, {"action": "run."}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "?action=run.&amp;page=2" in page


def test_in_open_mode_it_is_anybodys_as_in_the_api(client: Client, settings: Any) -> None:
    assert client.get(URL).status_code == 302
    settings.RUNICORN_ACCESS = "open"
    assert (client.get(URL).status_code, client.get("/api/audit").status_code) == (200, 200)


@pytest.mark.parametrize(
    ("object_type", "text", "link"),
    [
        ("version", "model/m:v1", "/artifacts/model/m/v1"),
        ("version", "vision/model/m:v1", "/teams/vision/artifacts/model/m/v1"),
        ("alias", "model/m:production", "/artifacts/model/m"),
        ("artifact", "model/模型", "/artifacts/model/%E6%A8%A1%E5%9E%8B"),
        ("run", "20260101_000000_abcdef", "/runs/20260101_000000_abcdef"),
        ("team", "vision", "/settings/teams/vision"),
        ("user", "bob", "/settings/members/bob"),
        ("user", "(no such account)", ""),
        ("blob", "sha256:ab", ""),
        ("version", "nonsense", ""),
        ("team", "", ""),
    ],
)
def test_what_it_is_about_is_a_link(object_type: str, text: str, link: str) -> None:
    assert link_to(AuditEvent(object_type=object_type, object=text)) == link


@pytest.mark.parametrize(
    ("language", "words"), [("en", "deleted a version"), ("zh-hans", "删除了版本")]
)
def test_a_deed_is_said_in_words_and_by_its_code(desk: Client, language: str, words: str) -> None:
    page = desk.get(URL, headers={"Accept-Language": language}).content.decode()
    assert words in page
    assert "version.delete" in page


def actions_in_the_code() -> set[str]:
    """What is handed to those that write the log."""
    found = set()
    for room in ("accounts", "artifacts", "lineage"):
        for path in (PROJECT / room).rglob("*.py"):
            text = path.read_text()
            found.update(re.findall(r'(?:record|event)\(\s*"([a-z_]+\.[a-z_]+)"', text))
            for noun in re.findall(r'record_change\(\s*"([a-z_]+)"', text):
                found.update((f"{noun}.create", f"{noun}.change"))
    return found


def test_every_deed_has_words() -> None:
    actions = actions_in_the_code()
    assert len(actions) > 20
    assert actions <= set(DEEDS)
