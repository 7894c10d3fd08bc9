"""The frame around every page: its language, its theme, its refusals, what it loads."""

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import gettext

from accounts.roles import Role
from tests.conftest import MakeVersion
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("store")

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
OURS = [path for path in TEMPLATES if "admin" not in path.parts and path.name != "docs.html"]


@pytest.fixture
def html() -> Client:
    """A browser of somebody in open mode."""
    return Client(headers={"accept": "text/html"})


def text_of(answer: Any) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_template_has_what_the_policy_forbids(path: Any) -> None:
    source = path.read_text()
    assert not re.search(r"""\sstyle=["']|\son[a-z]+=["']|<style|<script>|javascript:""", source)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", source)


def test_a_page_is_in_the_language_of_the_browser(html: Client) -> None:
    answer = html.get("/artifacts", headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert answer["Content-Language"] == "zh-hans"
    assert '<html lang="zh-hans">' in text_of(answer)


def test_who_chooses_a_language_keeps_it(html: Client) -> None:
    answer = html.post("/preferences/language", {"language": "zh-hans", "next": "/artifacts?q=a"})
    assert (answer.status_code, answer["Location"]) == (302, "/artifacts?q=a")
    assert '<html lang="zh-hans">' in text_of(html.get("/artifacts"))


def test_the_api_is_english_for_everybody(html: Client) -> None:
    html.get("/artifacts", headers={"accept-language": "zh-CN"})
    answer = html.get("/api/artifacts?limit=x", headers={"accept-language": "zh-CN"})
    assert "Content-Language" not in answer
    assert "whole number" in answer.json()["detail"]
    assert gettext("Search") == "Search"  # no language outlives its request


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_chooses_a_theme_keeps_it(html: Client, theme: str) -> None:
    answer = html.post("/preferences/theme", {"theme": theme, "next": "/artifacts"})
    assert (answer.status_code, answer["Location"]) == (302, "/artifacts")
    assert f'data-theme="{theme}"' in text_of(html.get("/artifacts"))
    html.post("/preferences/theme", {"theme": ""})
    assert "data-theme" not in text_of(html.get("/artifacts"))


def test_a_theme_that_is_none_is_the_systems(html: Client) -> None:
    html.cookies["runicorn_theme"] = '"><script>'
    assert "data-theme" not in text_of(html.get("/artifacts"))


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_preferences_lead_nowhere_else(html: Client, target: str) -> None:
    answer = html.post("/preferences/theme", {"theme": "dark", "next": target})
    assert answer["Location"] == "/"


def test_a_refusal_is_a_page_with_its_status(html: Client) -> None:
    answer = html.get("/artifacts/model/nothing")
    assert answer.status_code == 404
    assert "text/html" in answer["Content-Type"]
    assert "nothing" in text_of(answer)


def test_a_refusal_says_hostile_text_as_text(html: Client) -> None:
    answer = html.get("/artifacts/model/<script>alert(1)<%2Fscript>x")
    assert answer.status_code == 404
    assert "<script>alert" not in text_of(answer)


def test_a_broken_page_asks_no_database_for_its_500(html: Client) -> None:
    html.raise_request_exception = False
    with (
        patch("artifacts.web.lists.page_of", side_effect=RuntimeError("broken")),
        patch("django.contrib.auth.get_user", side_effect=RuntimeError("asked who is there")),
    ):
        answer = html.get("/artifacts")
    assert (answer.status_code, "request" in text_of(answer)) == (500, True)


def test_htmx_gets_the_part_and_history_the_whole(html: Client) -> None:
    part = html.get("/artifacts", headers={"hx-request": "true"})
    again = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" not in text_of(part)
    assert "<html" in text_of(html.get("/artifacts", headers=again))
    assert {"HX-Request", "HX-History-Restore-Request"} <= set(part["Vary"].split(", "))


@pytest.mark.parametrize("path", ["/artifacts", "/nowhere"])
def test_the_theme_leads_back_to_the_page(html: Client, path: str) -> None:
    assert f'name="next" value="{path}?q=a"' in text_of(html.get(f"{path}?q=a"))


def test_the_theme_leads_back_to_the_page_that_held_the_form(html: Client) -> None:
    """Of what takes a POST alone there is no page."""
    came = {"referer": "http://testserver/trash?q=a"}
    page = text_of(html.post("/upload/nowhere", headers=came))
    assert page.count('name="next" value="/trash?q=a"') == 2


def test_a_form_for_another_host_is_refused_as_a_page(html: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    came = {"host": "elsewhere.example", "referer": "http://elsewhere.example/trash"}
    answer = html.post("/artifacts", headers=came)
    assert (answer.status_code, 'name="next" value="/"' in text_of(answer)) == (400, True)


@pytest.mark.parametrize("secure", [True, False])
def test_the_theme_leads_from_https_to_no_http(secure: bool) -> None:
    to = "http://testserver/artifacts"
    answer = Client().post("/preferences/theme", {"theme": "dark", "next": to}, secure=secure)
    assert answer["Location"] == ("/" if secure else to)


@pytest.mark.usefixtures("team")
class TestTeamMode:
    """With logins."""

    def test_who_is_not_logged_in_is_sent_to_the_login_and_back(self, html: Client) -> None:
        answer = html.get("/artifacts?q=a&type=model")
        assert answer.status_code == 302
        assert answer["Location"] == "/login?next=/artifacts%3Fq%3Da%26type%3Dmodel"

    @pytest.mark.parametrize(
        ("referer", "back"),
        [
            ("http://testserver/trash?q=a", "/trash%3Fq%3Da"),
            ("http://testserver", "/"),
            ("http://elsewhere/trash", "/"),
            ("http://testserver//elsewhere/x", "/"),
            ("http://[", "/"),
            ("", "/"),
        ],
    )
    def test_whose_session_ended_comes_back_to_the_page_of_the_form(
        self, html: Client, referer: str, back: str
    ) -> None:
        answer = html.post("/trash/restore", headers={"referer": referer} if referer else {})
        assert answer["Location"] == f"/login?next={back}"

    def test_htmx_is_sent_there_as_a_whole_page(self, html: Client) -> None:
        at = {"hx-request": "true", "hx-current-url": "http://testserver/artifacts?q=a"}
        answer = html.get("/artifacts", headers=at)
        assert answer.status_code == 204
        assert answer["HX-Redirect"] == "/login?next=/artifacts%3Fq%3Da"

    def test_an_account_without_a_role_is_told_so(self, html: Client) -> None:
        make_user("boss", Role.ADMIN)
        answer = client_of(make_user("new")).get("/artifacts")
        assert (answer.status_code, b"no role" in answer.content) == (403, True)

    def test_a_strangers_artifact_is_as_absent(self, make_version: MakeVersion) -> None:
        owner = make_user("owner", teams={"vision": Role.CONTRIBUTOR})
        make_version("secret", team="vision", created_by=owner)
        stranger = client_of(make_user("stranger", Role.MAINTAINER))
        hidden = stranger.get("/teams/vision/artifacts/model/secret")
        absent = stranger.get("/teams/nobody/artifacts/model/secret")
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert client_of(owner).get("/teams/vision/artifacts/model/secret").status_code == 200
        assert b"secret" not in stranger.get("/artifacts").content


@pytest.mark.parametrize("path", ["/artifacts", "/runs", "/artifacts/model/m/v1"])
def test_a_slash_too_many_leads_to_the_page(html: Client, path: str) -> None:
    answer = html.get(f"{path}/?q=a&sort=name")
    assert (answer.status_code, answer["Location"]) == (302, f"{path}?q=a&sort=name")


@pytest.mark.parametrize("path", ["//evil.example/", "/nothing/", "/api/artifacts/"])
def test_no_other_slash_leads_anywhere(html: Client, path: str) -> None:
    assert html.get("/", PATH_INFO=path).status_code == 404


def test_the_foot_names_the_api_to_those_who_may_read_of_it(html: Client, settings: Any) -> None:
    assert "/api/docs" in text_of(html.get("/artifacts"))
    settings.RUNICORN_ACCESS = "team"
    make_user("boss", Role.ADMIN)
    assert "/api/docs" not in text_of(html.get("/login"))
