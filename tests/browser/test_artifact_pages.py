"""The list of artifacts and the page of one, in a browser: by mouse, by keyboard and by sight."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import PASSWORD, Log, look
from tests.browser.seeing import expect, press_until, serious
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NET = "/artifacts/model/shown-net"


@pytest.fixture(scope="module")
def logged() -> set[str]:
    return set()


@pytest.fixture
def net(log: Log, logged: set[str]) -> str:
    """The page of an artifact of three versions, logged once."""
    if "net" not in logged:
        logged.add("net")
        for step in range(3):
            more = {"aliases": ["prod"]} if step == 0 else {}
            log("shown-net", b"x" * (step + 1), metadata={"acc": step / 4}, tags=["seen"], **more)
    return NET


def test_filters_suggest_apply_and_go(page: "Page", net: str) -> None:
    page.goto("/artifacts")
    page.focus("#filter-tag")
    page.wait_for_selector("#options-tag option[value=seen]", state="attached")
    page.fill("#filter-tag", "seen")
    page.keyboard.press("Enter")
    page.wait_for_selector(".active-filters")
    page.wait_for_url(lambda url: "tag=seen" in url)
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("shown")
    page.wait_for_url("**q=shown**")
    page.click(".active-filters a:has-text('seen')")
    page.wait_for_url(lambda url: "tag" not in url)
    expect(page.locator("#filter-tag").first).to_have_value("")
    expect(page.locator("#filter-q").first).to_have_value("shown")


def test_narrow_windows_fold_the_filters(page: "Page", net: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/artifacts?tag=seen")
    expect(page.locator("#filter-user").first).to_be_hidden()
    expect(page.locator("#num-filters").first).to_have_text("1")
    page.click("summary:has-text('More filters')")
    expect(page.locator("#filter-user").first).to_be_visible()


@pytest.mark.parametrize(
    "path",
    ["/artifacts?tag=seen", f"{NET}?columns=acc&chart=acc", f"{NET}/versions/delete?versions=v3"],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_for_everybody(page: "Page", net: str, path: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    look(page, f"artifacts-{scheme}-{path.count('/')}")
    assert serious(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_an_alias_is_moved_and_rolled_back_by_keyboard(page: "Page", net: str) -> None:
    page.goto(f"{net}?chart=acc")
    page.focus("li:has-text('prod') summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("v2")
    page.keyboard.press("Tab")
    page.keyboard.type("it is better")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice:has-text('prod is at v2 now.')")
    page.wait_for_url(lambda url: url.endswith(f"{net}?chart=acc"))
    expect(page.locator("td:has-text('it is better')").first).to_be_visible()
    page.focus("button:has-text('Back to v1')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice:has-text('prod is back at v1.')")


def test_by_keyboard_alone_from_the_login_to_a_moved_alias(
    browser: "Browser", team_portal: LivePortal, log: Log
) -> None:
    log("by-keyboard", b"1", aliases=["prod"])
    log("by-keyboard", b"2")
    context = browser.new_context(base_url=team_portal.url)
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto("/")
    for text, key in (("boss", "Tab"), (PASSWORD, "Enter")):
        page.keyboard.type(text)
        page.keyboard.press(key)
    page.wait_for_url("**/artifacts")
    page.keyboard.press("/")
    page.keyboard.type("by-key")
    page.wait_for_url("**q=by-key**")
    press_until(page, "td.strong a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/artifacts/model/by-keyboard")
    press_until(page, "li:has(.alias) summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("v2")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice:has-text('prod is at v2 now.')")
    context.close()


def test_ticks_say_what_can_be_done(page: "Page", net: str) -> None:
    page.goto(net)
    assert page.is_hidden("#ticked-bar")
    page.check("[name=versions][value=v1]")
    assert page.is_disabled("#ticked-bar button:has-text('Compare')")
    page.check("[name=versions][value=v2]")
    assert page.is_enabled("#ticked-bar button:has-text('Compare')")
    page.click("#ticked-bar button:has-text('Delete')")
    expect(page.locator("h1").first).to_have_text("Delete 2 versions?")
    page.go_back()
    expect(page.locator("[data-count]").first).to_have_text("2")


def test_the_ways_to_use_it_are_tabs_for_the_keyboard(page: "Page", net: str) -> None:
    page.goto(net)
    page.focus("#use-python")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#snippet-shell").first).to_be_visible()
    expect(page.locator("#snippet-python").first).to_be_hidden()


@pytest.mark.parametrize("is_refused", [False, True])
def test_copy_says_so_and_then_what_it_said_before(
    page: "Page", net: str, is_refused: bool
) -> None:
    page.goto(net)
    page.evaluate(
        """isRefused => {
          const refuse = () => Promise.reject(new DOMException("no", "NotAllowedError"));
          const writeText = isRefused ? refuse : async (text) => { window.heard = text; };
          Object.defineProperty(navigator, "clipboard", { value: { writeText } });
          document.execCommand = () => { window.heard = document.activeElement.value; };
        }""",
        is_refused,
    )
    button = page.locator("[data-copy-from='#snippet-python']")
    button.click()
    page.wait_for_function("window.heard !== undefined")
    page.wait_for_selector("[data-copy-from='#snippet-python']:text-is('Copied')")
    button.click()
    page.wait_for_selector("[data-copy-from='#snippet-python']:text-is('Copy')")
    page.wait_for_timeout(1500)
    assert button.inner_text() == "Copy"
    assert page.evaluate("heard") == page.text_content("#snippet-python")


def test_a_usual_name_stays_on_one_line_beside_many_aliases(page: "Page", log: Log) -> None:
    aliases = [f"release-{number}.0" for number in range(1, 7)]
    log("ticket-router-training-log", b"x", aliases=aliases)
    page.goto("/artifacts?q=ticket-router-training-log")
    lines = page.evaluate("document.querySelector('#list td.strong a').getClientRects().length")
    assert lines == 1
