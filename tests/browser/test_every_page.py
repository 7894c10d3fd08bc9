"""Every page there is, in both languages and themes, wide and narrow.

With ``SCREENSHOTS`` set the whole demo is shown (``make screenshots``), else a small part of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import URLPattern, get_resolver

import runicorn as rn
from examples.demo.filling import fill
from runicorn.config import Config
from tests.browser.conftest import PASSWORD, run_team_portal
from tests.browser.seeing import out_of_sight, serious, watch, width_of
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = os.environ.get("SCREENSHOTS")
SCALE = 1.0 if FOLDER else 0.1
MODEL = "artifacts/model/ticket-router"
VERSION = f"{MODEL}/v2"

PAGES = {
    "artifacts": "artifacts",
    "artifact": f"{MODEL}?columns=accuracy&chart=accuracy",
    "delete_versions": f"{MODEL}/versions/delete?versions=v2",
    "compare": "artifacts/code/training-code/compare/v1...v2",
    "compare_file": f"{MODEL}/compare/v1...v2/file?path=model.safetensors",
    "version": VERSION,
    "version_files": f"{VERSION}/files",
    "version_file": f"{VERSION}/files/model.safetensors",
    "version_metadata": f"{VERSION}/metadata",
    "version_lineage": f"{VERSION}/lineage",
    "version_usage": "artifacts/model/base-encoder/v1/usage",
    "runs": "runs",
    "storage": "storage",
    "trash": "trash",
    "trash_purge": "trash/purge?all=1",
    "upload": "upload?type=model&name=ticket-router",
    "settings": "settings",
    "password_change": "settings/password",
    "tokens": "settings/tokens",
    "members": "settings/members",
    "member_new": "settings/new-member",
    "member": "settings/members/trainer",
    "member_password": "settings/members/trainer/password",
    "teams": "settings/teams",
    "team_new": "settings/new-team",
    "team": "settings/teams/vision",
    "team_delete": "settings/teams/vision/delete",
    "team_member_remove": "settings/teams/vision/members/trainer/remove",
    "protected_aliases": "settings/aliases",
    "audit": "settings/audit",
}
LISTED = {
    "run": ("/runs", "a[href^='/runs/']"),
    "token_revoke": ("/settings/tokens", "a[href$='/revoke']"),
    "pattern_remove": ("/settings/aliases", "a[href$='/remove']"),
}
"""The others: in which list, and behind which link."""
NO_PAGES = {
    "home", "logout", "set_theme", "set_language", "project_suggestions", "suggestions",
    "move_alias", "remove_alias", "roll_back_alias", "compare_versions", "choose_compared",
    "version_delete", "version_restore", "upload_check", "trash_restore", "team_members",
    "pattern_change",
}  # fmt: skip
"""They answer a POST, lead on, or are parts of pages."""
ALSO_NARROW = {"artifacts", "version", "version_lineage", "storage"}
"""Of these a picture in Chinese, dark and narrow is kept too."""
TESTED_ELSEWHERE = {"login", "welcome"}
"""Before anybody is logged in."""


def routes(resolver: Any) -> Iterator[str]:
    """The names of all routes but those of the API and of Django's admin."""
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield str(one.name)
        elif str(one.pattern) not in {"api/", "admin/"}:
            yield from routes(one)


def test_these_are_all_pages() -> None:
    assert set(PAGES) | set(LISTED) | NO_PAGES | TESTED_ELSEWHERE == set(routes(get_resolver()))


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """A portal in team mode whose admin is ``boss``, with nothing in it yet."""
    yield from run_team_portal(tmp_path_factory.mktemp("pages") / "var")


@pytest.fixture(scope="module")
def cookies(browser: "Browser", portal: LivePortal) -> Any:
    """The cookies of ``boss``, who has filled the portal."""
    context = browser.new_context(base_url=portal.url)
    page = context.new_page()
    page.goto("/login")
    page.fill("#id_username", "boss")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/artifacts")
    submit(page, "/settings/new-team", name="vision", quota_bytes="10 GiB")
    submit(page, "/settings/new-member", username="trainer", password1=PASSWORD, password2=PASSWORD)
    submit(page, "/settings/teams/vision", username="trainer")
    submit(page, "/settings/aliases", pattern="release-*")
    token = submit(page, "/settings/tokens", name="workstation")
    fill(rn.Client(Config(url=portal.url, api_key=token)), scale=SCALE, say=lambda _: None)
    state = context.storage_state()
    context.close()
    return state


def submit(page: "Page", path: str, **values: str) -> str:
    """Fill the form that has these fields, and send it; returns the token that is shown, if any."""
    page.goto(path)
    first = next(iter(values))
    form = page.locator(f"main form:has([name={first}])").first
    for name, value in values.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button[type=submit]").first.click()
    page.wait_for_load_state()
    shown = page.locator("#token-text")
    return shown.inner_text() if shown.count() else ""


def address(page: "Page", name: str) -> str:
    """Where the page ``name`` is; what has no fixed id is looked up in its list."""
    if name not in LISTED:
        return f"/{PAGES[name]}"
    where, link = LISTED[name]
    page.goto(where)
    return str(page.locator(f"main {link}").first.get_attribute("href"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [
        ("en-US", "light", 1280), ("zh-CN", "dark", 360), ("zh-CN", "light", 1280),
        ("en-US", "dark", 1280),
    ],
)  # fmt: skip
def test_every_page_is_for_everybody(
    browser: "Browser", portal: LivePortal, cookies: Any, language: str, theme: Any, width: int
) -> None:
    context = browser.new_context(
        base_url=portal.url, storage_state=cookies, locale=language, color_scheme=theme,
        viewport={"width": width, "height": 900},
    )  # fmt: skip
    page = context.new_page()
    troubles = watch(page, portal.url)
    for name in [*PAGES, *LISTED]:
        answer = page.goto(address(page, name))
        assert answer is not None
        assert (name, answer.status) == (name, 200)
        assert (
            page.locator("html").get_attribute("lang")
            == {"en": "en", "zh": "zh-hans"}[language[:2]]
        )
        page.wait_for_load_state("networkidle")
        keep(page, name, f"{language}-{theme}-{width}")
        assert (name, troubles, serious(page)) == (name, [], [])
        assert (name, width_of(page) <= width) == (name, True)
        assert (name, width > 640 or out_of_sight(page) == []) == (name, True)
    context.close()


def keep(page: "Page", name: str, how: str) -> None:
    """Keep a picture of what is seen first, in the folder ``SCREENSHOTS``."""
    if FOLDER and how == "en-US-light-1280":
        page.screenshot(path=Path(FOLDER) / f"{name}.png")
    elif FOLDER and how == "zh-CN-dark-360" and name in ALSO_NARROW:
        page.screenshot(path=Path(FOLDER) / f"{name}-zh-dark-narrow.png")
