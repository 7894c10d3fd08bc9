"""The login page in a real browser: by keyboard, narrow and wide, light and dark."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import PASSWORD, look
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_somebody_logs_in_by_keyboard(
    browser: "Browser", team_portal: LivePortal, scheme: Any, width: int
) -> None:
    viewport: Any = {"width": width, "height": 700}
    context = browser.new_context(base_url=team_portal.url, viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto("/")
    page.wait_for_url(lambda url: url.endswith("/login"))
    page.keyboard.type("boss")
    page.keyboard.press("Tab")
    page.keyboard.type("a wrong one")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    look(page, f"log-in-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.fill("#id_username", "boss")
    page.focus("#id_password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/artifacts")
    context.close()
    assert errors == []
