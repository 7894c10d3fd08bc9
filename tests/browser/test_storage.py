"""Storage and trash in a real browser: by keyboard, narrow and wide, light and dark."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Log, look
from tests.browser.seeing import expect, out_of_sight, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def discard(page: "Page", name: str) -> None:
    """Soft-delete v1 as a program in the same session would."""
    page.evaluate(
        """async (name) => {
            const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
            const answer = await fetch(`/api/artifacts/${name}/v1`, {
                method: "DELETE", headers: {"X-CSRFToken": token},
            });
            if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
        }""",
        name,
    )


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
@pytest.mark.parametrize("path", ["/storage", "/storage?span=all&sort=-freed&type=model", "/trash"])
def test_the_pages_fit_and_have_no_barrier(
    page: "Page", log: Log, path: str, scheme: Any, width: int
) -> None:
    log(f"look-{scheme}-{width}", b"content to look at")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto("/artifacts")
    if path == "/trash":
        discard(page, f"look-{scheme}-{width}")
    page.goto(path)
    look(page, f"{path.strip('/').partition('?')[0]}-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_on_a_telephone_a_version_of_the_trash_is_restored_without_scrolling_sideways(
    page: "Page", log: Log
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    log("narrow", b"narrow")
    page.goto("/artifacts")
    assert page.locator("tr:has-text('narrow') [data-label=Updated]").is_visible()
    discard(page, "narrow")
    page.goto("/trash?q=narrow")
    assert out_of_sight(page) == []
    row = page.locator("tr:has-text('narrow')")
    assert row.get_by_text("Purge").is_visible()
    row.get_by_role("button", name="Restore").click()
    page.wait_for_selector(".notice.success:has-text('narrow:v1')")


def test_the_list_sorts_without_the_rest_of_the_page(page: "Page", log: Log) -> None:
    log("sort-a", b"12345")
    page.goto("/storage")
    page.evaluate("window.wasHere = true")
    page.click("thead a:text-is('Name')")
    page.wait_for_url("**/storage?sort=-name**")
    page.wait_for_selector("th[aria-sort=descending] a:text-is('Name')")
    assert page.evaluate("window.wasHere")
    page.go_back()
    page.wait_for_selector("svg")


def test_one_is_restored_and_one_purged_by_keyboard(page: "Page", log: Log) -> None:
    for name in ("keys-a", "keys-b"):
        log(name, name.encode())
        page.goto("/artifacts")
        discard(page, name)
    page.goto("/trash")
    page.keyboard.press("/")
    page.keyboard.type("keys")
    page.wait_for_url("**q=keys**")
    page.wait_for_function("document.querySelectorAll('#list tbody tr').length === 2")
    page.focus("input[aria-label$='keys-a:v1']")
    page.keyboard.press("Space")
    expect(page.locator("#deeds [data-count]").first).to_have_text("1")
    page.focus("#deeds button:text-is('Restore the ticked')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.success:has-text('keys-a:v1')")
    page.wait_for_url(lambda url: "q=keys" in url)
    page.focus("a[aria-label$='keys-b:v1']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trash/purge**")
    look(page, "purge")
    assert serious(page) == []
    page.focus("button[name=confirmed]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.success:has-text('6 B came free')")
    page.wait_for_selector("text=Nothing in the trash is like this.")
