"""What nobody may have to put up with on a page, however it looks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe" / "axe.min.js"
JUDGE = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


def expect(what: Any) -> Any:
    """Playwright's ``expect``: what is said of ``what`` has 40 seconds to come true."""
    from playwright.sync_api import expect as expectation  # noqa: PLC0415 - as above

    expectation.set_options(timeout=40_000)
    return expectation(what)


def serious(page: "Page") -> list[str]:
    """What axe-core calls serious or worse; evaluated, for the page's policy lets no script in."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(JUDGE)
    return found


def watch(page: "Page", url: str) -> list[str]:
    """A list that grows by each error of ``page``, and each request to another host than ``url``'s.

    What the policy of a page forbids is an error too.
    """
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda one: troubles.append(one.text) if one.type == "error" else None)
    page.on(
        "request",
        lambda one: None if one.url.startswith((url, "data:")) else troubles.append(one.url),
    )
    return troubles


def width_of(page: "Page") -> int:
    """How wide the page is, in pixels; more than the window means that it scrolls sideways."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def out_of_sight(page: "Page") -> list[str]:
    """What stands in a table whose rows become cards, and has to be scrolled to sideways."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".cards :is(td, a, button, input)")]
            .filter((one) => one.checkVisibility())
            .filter((one) => one.getBoundingClientRect().right > innerWidth)
            .map((one) => one.outerHTML.slice(0, 120))"""
    )
    return found


def press_until(page: "Page", selector: str, key: str = "Tab") -> None:
    """Press ``key`` until what ``selector`` means has the focus."""
    for _ in range(60):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not come to {selector}")
