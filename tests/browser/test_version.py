"""The pages of a version in a real browser: they look, read and work as they should."""

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.browser.conftest import look
from tests.browser.seeing import expect, serious
from tests.live import LivePortal
from tests.web.test_version_preview import npz, png, safetensors

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

URL = "/artifacts/model/segmenter/v1"
FILES = {
    "README.md": b"# Segmenter\n\nSee [the table](tables/scores.csv).\n",
    "model.safetensors": safetensors(20),
    "arrays.npz": npz(),
    "config/train.yaml": b"lr: 0.1 # high\nname: 'x'\nsteps: [1, 2]\n",
    "config/model.json": json.dumps({"layers": [{"units": 64}] * 8, "name": "unet"}).encode(),
    "src/train.py": b'"""Train."""\n\ndef train(lr: float = 0.1) -> None:\n    return None\n',
    "tables/scores.csv": b"epoch,loss\n1,0.5\n2,0.25\n",
    "plots/loss.png": png(64, 32),
    "state.pkl": b"cposix\nsystem\n.",
    "weights.bin": bytes(range(256)) * 8,
}
METADATA = {"accuracy": 0.93, "optimizer": {"name": "adam", "lr": 0.001}, "classes": ["a", "b"]}
PAGES = {
    "overview": "",
    "editing": "?edit=description",
    "files": "/files",
    "folder": "/files?path=config%2F",
    "metadata": "/metadata",
    "editing-metadata": "/metadata?edit=metadata",
    "usage": "/usage",
    **{path.rpartition("/")[2]: f"/files/{path}" for path in FILES},
}


@pytest.fixture(scope="module", autouse=True)
def segmenter(team_portal: LivePortal, token: str) -> None:
    """A version with a file of every kind."""
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})
    rows = []
    for path, content in FILES.items():
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        sent = http.request("PUT", f"{team_portal.url}/api/blobs/{digest}", body=content)
        assert sent.status in {200, 201}, sent.data
        rows.append({"path": path, "digest": digest, "size": len(content)})
    body = {
        "type": "model", "files": rows, "metadata": METADATA, "tags": ["vision"],
        "aliases": ["staging"], "description": "# What it is\n\nA **segmenter**.",
    }  # fmt: skip
    made = http.request("POST", f"{team_portal.url}/api/artifacts/segmenter/versions", json=body)
    assert made.status == 201, made.data


@pytest.fixture(params=["light-1280-en", "dark-360-zh-hans"])
def window(
    request: pytest.FixtureRequest, browser: "Browser", session: Any, team_portal: LivePortal
) -> Iterator["Page"]:
    """A wide one in English and light, a narrow one in Chinese and dark; nothing from elsewhere."""
    scheme, width, language = request.param.split("-", 2)
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, color_scheme=scheme, locale="en",
        viewport={"width": int(width), "height": 800},
    )  # fmt: skip
    context.add_cookies([{"name": "django_language", "value": language, "url": team_portal.url}])
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    own = (team_portal.url, "data:")
    page.on("request", lambda one: None if one.url.startswith(own) else errors.append(one.url))
    yield page
    context.close()
    assert errors == []


@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_can_be_read_by_all(window: "Page", name: str) -> None:
    window.goto(URL + PAGES[name])
    look(window, f"version-{name}-{window.viewport_size['width']}")  # type: ignore[index] # it has one
    width = window.evaluate("document.documentElement.clientWidth")
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(window) == []


def test_a_picture_is_shown(page: "Page") -> None:
    page.goto(f"{URL}/files/plots/loss.png")
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 64


def test_the_description_is_written_by_keyboard(page: "Page") -> None:
    page.goto(URL)
    page.focus("#description a[role=button]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#description textarea")
    page.wait_for_url(lambda url: url.endswith("?edit=description"))
    page.focus("#description textarea")
    page.keyboard.press("Control+A")
    page.keyboard.type("# New\n\nwords **bold**")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#preview strong")
    expect(page.locator("#description textarea").first).to_have_value("# New\n\nwords **bold**")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.success")
    expect(page.locator("#description .prose strong").first).to_have_text("bold")


def leave(page: "Page") -> list[str]:
    """Go elsewhere; what the browser asked on the way."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/runs")
    return asked


@pytest.mark.parametrize("how", ["untouched", "typed", "typed and back", "cancelled"])
def test_leaving_what_was_typed_is_asked_about(page: "Page", how: str) -> None:
    page.goto(f"{URL}?edit=description")
    text = page.input_value("textarea")
    page.click("textarea")
    if how != "untouched":
        page.keyboard.type("words that nobody saved")
    if how == "typed and back":
        page.fill("textarea", text)
    if how == "cancelled":
        page.click("text=Cancel")
        page.wait_for_selector("#description .prose")
    assert leave(page) == (["beforeunload"] if how == "typed" else [])


def test_what_was_saved_is_not_asked_about(page: "Page") -> None:
    page.goto(f"{URL}?edit=tags")
    page.fill("textarea", "vision\nsaved")
    page.click("#tags button:has-text('Save')")
    page.wait_for_selector(".notice.success")
    assert leave(page) == []


def test_what_came_back_is_asked_about(page: "Page") -> None:
    page = page.context.new_page()  # one in which the console may tell of the 400
    page.goto(f"{URL}/metadata?edit=metadata")
    page.fill("textarea", "{,}")
    page.click("text=Save")
    page.wait_for_selector(".errorlist")
    page.click("h1")  # a browser asks only those who have touched the page
    assert leave(page) == ["beforeunload"]


def test_metadata_with_a_fault_says_where_and_keeps_what_was_typed(page: "Page") -> None:
    page = page.context.new_page()  # one in which the console may tell of the 400
    page.goto(f"{URL}/metadata?edit=metadata")
    page.fill("textarea", '{\n  "a": 1,,\n}')
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        page.click("text=Save")
    assert sent.value.status == 400
    expect(page.locator(".errorlist").first).to_contain_text("line 2")
    expect(page.locator("textarea").first).to_have_value('{\n  "a": 1,,\n}')


def test_folders_and_the_filter_swap_rows_and_are_in_the_url(page: "Page") -> None:
    page.goto(f"{URL}/files")
    page.click("text=config/")
    page.wait_for_selector("text=train.yaml")
    page.wait_for_url(lambda url: url.endswith("?path=config%2F"))
    page.keyboard.press("/")
    page.keyboard.type("scores")
    page.wait_for_selector("text=tables/scores.csv")
    page.wait_for_url(lambda url: url.endswith("?q=scores"))
    page.go_back()
    page.wait_for_selector("text=train.yaml")


def test_a_tree_opens_filters_and_gives_its_paths(page: "Page") -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{URL}/metadata")
    page.keyboard.press("/")
    page.keyboard.type("lr")
    page.wait_for_selector("#tree .found")
    page.click("#tree .icon")
    assert page.evaluate("navigator.clipboard.readText()") == "optimizer.lr"


def test_deleted_and_restored_with_a_question_between(page: "Page") -> None:
    page.goto(URL)
    page.click("summary.danger")
    page.click(".ask button.danger")
    page.wait_for_selector(".banner")
    expect(page.locator(".banner").first).to_contain_text("boss")
    page.click(".banner button")
    page.wait_for_selector(".badge.ready")
