"""The settings in a real browser: by keyboard alone, in both themes, narrow and wide."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import PASSWORD, look
from tests.browser.seeing import expect, press_until, serious
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = [
    "/settings", "/settings/password", "/settings/tokens", "/settings/tokens?user=*",
    "/settings/members", "/settings/new-member", "/settings/members/boss",
    "/settings/members/boss/password", "/settings/teams", "/settings/new-team",
    "/settings/aliases", "/settings/audit", "/nothing", "/artifacts/model/nothing/v1",
]  # fmt: skip


def test_a_token_is_made_and_revoked_by_keyboard_alone(
    browser: "Browser", team_portal: LivePortal
) -> None:
    context = browser.new_context(base_url=team_portal.url)
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto("/settings/tokens")
    page.wait_for_url(lambda url: "/login?next=/settings/tokens" in url)
    page.keyboard.type("boss")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_name")
    press_until(page, "#id_name")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("read")
    press_until(page, "main form.card button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#token-text")
    look(page, "token-by-keyboard")
    text = page.inner_text("#token-text")
    assert text.startswith("rn_")
    press_until(page, "main a[href='/settings/tokens'][role=button]")
    page.keyboard.press("Enter")
    page.wait_for_selector("td:has-text('by keyboard')")
    assert text not in page.content()
    press_until(page, "main a[href$='/revoke']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/revoke")
    look(page, "token-revoke")
    press_until(page, "main button.danger")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.success")
    expect(page.locator("td:has-text('by keyboard')")).to_have_count(0)
    context.close()


def test_a_reload_of_the_page_that_shows_a_token_is_answered_calmly(page: "Page") -> None:
    page.goto("/settings/tokens")
    page.fill("#id_name", "reloaded")
    page.click("main form.card button[type=submit]")
    page.wait_for_selector("#token-text")
    page.reload()
    page.wait_for_selector("text=A token is shown once")
    assert page.locator(".notice.error").count() == 0
    page.click("main a[href='/settings/tokens'][role=button]")
    assert page.locator("td.strong:has-text('reloaded')").count() == 1


@pytest.mark.parametrize(
    ("scheme", "width", "locale"), [("light", 1280, "en-US"), ("dark", 360, "zh-CN")]
)
def test_every_page_fits_and_is_accessible(
    browser: "Browser", session: Any, team_portal: LivePortal, scheme: Any, width: int, locale: str
) -> None:
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, color_scheme=scheme, locale=locale,
        viewport={"width": width, "height": 800},
    )  # fmt: skip
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("request", lambda one: asked.append(one.url))
    for path in PAGES:
        page.goto(path)
        look(page, f"{path.strip('/').replace('/', '-')}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert serious(page) == [], path
    context.close()
    assert [one for one in said if "404" not in one] == []
    assert [url for url in asked if not url.startswith((team_portal.url, "data:"))] == []
