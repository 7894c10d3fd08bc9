"""Uploads that do not go smoothly: what was sent is kept, what is wrong is said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import PASSWORD, look
from tests.browser.seeing import expect
from tests.browser.uploading import PART_BYTES, Uploader, break_once, make_file
from tests.conftest import digest_of
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

MIB = 1 << 20
SIZE = 40 * MIB
QUESTION = f"bytes */{SIZE}"
PARTS = [
    f"bytes 0-{PART_BYTES - 1}/{SIZE}",
    f"bytes {PART_BYTES}-{2 * PART_BYTES - 1}/{SIZE}",
    f"bytes {2 * PART_BYTES}-{SIZE - 1}/{SIZE}",
]


@pytest.fixture
def uploader(browser: "Browser", session: Any, team_portal: LivePortal) -> Iterator[Uploader]:
    """The page, at work for ``boss``, in a window of its own: here the network may fail."""
    context = browser.new_context(base_url=team_portal.url, storage_state=session)
    context.set_default_timeout(30_000)
    work = Uploader(context.new_page())
    yield work
    context.close()
    assert work.troubles == []


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three parts."""
    return make_file(tmp_path, "large.bin", SIZE)


def answer_once(work: Uploader, pattern: str, status: int, **body: Any) -> None:
    """The next request to a URL like this is answered so, and does not reach the portal."""
    answer = {"status": status, "content_type": "application/json", "body": json.dumps(body)}
    work.page.route(pattern, lambda route: route.fulfill(**answer), times=1)


def block_part(work: Uploader, begin: int) -> None:
    """Until it is unrouted no part from here on gets through."""

    def handle(route: "Route") -> None:
        said = route.request.headers.get("content-range", "")
        if said.startswith(f"bytes {begin}-"):
            route.abort("connectionreset")
        else:
            route.continue_()

    work.page.route("**/api/blobs/sha256:*", handle)


def test_a_break_costs_the_part_it_was_in(uploader: Uploader, large: Path) -> None:
    break_once(uploader.page, f"bytes {PART_BYTES}-")
    uploader.open("broken")
    uploader.choose(large)
    uploader.send()
    uploader.page.wait_for_selector("#phase:has-text('The connection broke')")
    look(uploader.page, "upload-broken")
    uploader.arrive("broken")
    assert uploader.parts == [QUESTION, *PARTS[:2], QUESTION, *PARTS[1:]]
    assert uploader.contents("broken") == {"large.bin": large.read_bytes()}


def test_after_a_reload_it_goes_on_where_it_stopped(uploader: Uploader, large: Path) -> None:
    block_part(uploader, PART_BYTES)
    uploader.open("reloaded")
    uploader.choose(large)
    uploader.send()
    uploader.page.wait_for_selector("#phase:has-text('The connection broke')")
    uploader.page.once("dialog", lambda dialog: dialog.accept())
    uploader.page.reload()
    uploader.page.unroute_all()
    uploader.parts.clear()
    expect(uploader.page.locator("#id_name").first).to_have_value("reloaded")
    uploader.choose(large)
    uploader.send()
    uploader.arrive("reloaded")
    assert uploader.parts == [QUESTION, *PARTS[1:]]
    assert uploader.contents("reloaded") == {"large.bin": large.read_bytes()}


def test_leaving_is_warned_of_while_at_work(uploader: Uploader, large: Path) -> None:
    asked: list[str] = []
    uploader.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    block_part(uploader, 0)
    uploader.open("left")
    uploader.choose(large)
    uploader.page.goto("/artifacts")
    assert asked == []
    uploader.open("left")
    uploader.choose(large)
    uploader.send()
    uploader.page.wait_for_selector("#phase:has-text('The connection broke')")
    uploader.page.goto("/artifacts")
    assert asked == ["beforeunload"]


def test_nobody_is_asked_to_stay_when_it_is_done(uploader: Uploader, tmp_path: Path) -> None:
    asked: list[str] = []
    uploader.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    uploader.open("done")
    uploader.choose(make_file(tmp_path, "a.bin", 10))
    uploader.send()
    uploader.arrive("done")
    assert asked == []


def test_it_can_be_paused_and_cancelled(uploader: Uploader, large: Path) -> None:
    page = uploader.page
    block_part(uploader, PART_BYTES)
    uploader.open("paused")
    uploader.choose(large)
    uploader.send()
    page.wait_for_selector("#phase:has-text('The connection broke')")
    page.click("#pause")
    expect(page.locator("#phase").first).to_have_text("Paused. What was sent is kept.")
    assert page.evaluate("document.activeElement.id") == "go-on"
    sent = len(uploader.parts)
    page.wait_for_timeout(2500)
    assert len(uploader.parts) == sent
    page.keyboard.press("Enter")
    page.wait_for_selector("#phase:has-text('The connection broke')")
    page.click("#cancel")
    assert "Cancelled. Nothing was made" in uploader.said(".warning")
    assert uploader.states() == {"large.bin": "ready"}
    assert page.is_enabled("#id_name")
    assert page.evaluate("document.activeElement.id") == "start"
    page.unroute_all()
    uploader.parts.clear()
    uploader.send()
    uploader.arrive("paused")
    assert uploader.parts == [QUESTION, *PARTS[1:]]


def test_who_was_logged_out_logs_in_elsewhere_and_goes_on(uploader: Uploader, large: Path) -> None:
    page = uploader.page
    block_part(uploader, 2 * PART_BYTES)
    uploader.open("logged-out")
    uploader.choose(large)
    uploader.send()
    page.wait_for_selector("#phase:has-text('The connection broke')")
    page.context.clear_cookies()
    page.unroute_all()
    with page.expect_popup() as popup:
        page.click("#said a:has-text('Log in in another tab')")
    look(page, "upload-logged-out")
    popup.value.fill("#id_username", "boss")
    popup.value.fill("#id_password", PASSWORD)
    popup.value.keyboard.press("Enter")
    popup.value.wait_for_url("**/artifacts")
    page.click("#said button:has-text('Go on')")
    uploader.arrive("logged-out")
    assert uploader.contents("logged-out") == {"large.bin": large.read_bytes()}
    assert PARTS[2] in uploader.parts[-2:]


def test_what_went_away_meanwhile_is_sent_again(uploader: Uploader, tmp_path: Path) -> None:
    path = make_file(tmp_path, "a.bin", 3 * MIB)
    uploader.open("missing")
    uploader.choose(path, make_file(tmp_path, "b.bin", 5))
    answer_once(
        uploader, "**/versions", 409, code="missing_blobs", missing=[digest_of(path.read_bytes())]
    )
    uploader.send()
    uploader.arrive("missing")
    assert uploader.parts.count(f"bytes */{3 * MIB}") == 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            507,
            {"code": "quota_exceeded", "team": "x", "quota_bytes": 2048, "used_bytes": 1024,
             "pending_bytes": 0, "asked_bytes": 3072},
            "it has used 1.0 KiB of 2.0 KiB, and this needs 3.0 KiB more",
        ),
        (507, {"code": "storage_full", "detail": "full"}, "The disk of the portal is full."),
        (413, {"code": "too_large", "detail": "at most 5"}, "This is too large (at most 5)"),
        (500, {"code": "error", "detail": "Broke (request 7)."}, "refused: Broke (request 7)."),
    ],
    ids=["quota", "full", "large", "fault"],
)  # fmt: skip
def test_a_refusal_is_said_and_a_new_try_goes_through(
    uploader: Uploader, tmp_path: Path, status: int, body: dict[str, Any], said: str
) -> None:
    name = f"refused-{body['code']}".replace("_", "-")
    uploader.open(name)
    uploader.choose(make_file(tmp_path, "a.bin", 5))
    answer_once(uploader, "**/api/blobs/missing", status, **body)
    uploader.send()
    uploader.page.wait_for_selector("#said .error")
    assert said in uploader.said(".error")
    uploader.send()
    uploader.arrive(name)


def test_a_refused_commit_leaves_a_failed_run(uploader: Uploader, tmp_path: Path) -> None:
    uploader.open("failing")
    uploader.choose(make_file(tmp_path, "a.bin", 5))
    answer_once(uploader, "**/versions", 403, code="denied", detail="No.", needs="maintainer")
    with uploader.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        uploader.send()
    uploader.page.wait_for_selector("#said .error")
    assert "The portal refused: You may not do this (No.)" in uploader.said()
    runs = uploader.ask("runs?name=model/failing")
    assert [run["status"] for run in runs] == ["failed"]


def test_fields_are_checked_before_anything_is_sent(uploader: Uploader, tmp_path: Path) -> None:
    page = uploader.page
    uploader.open("")
    uploader.send()
    assert uploader.said() == "Choose at least one file."
    uploader.choose(make_file(tmp_path, "a.bin", 5))
    page.fill("#id_aliases", "v1")
    uploader.send()
    page.wait_for_selector("#id_name[aria-invalid=true]")
    assert page.evaluate("document.activeElement.id") == "id_name"
    expect(page.locator("#id_aliases_error").first).to_contain_text("cannot be an alias")
    page.fill("#id_name", "checked")
    page.fill("#id_aliases", "")
    uploader.send()
    uploader.arrive("checked")


def test_limits_and_paths_are_told_before_anything_is_sent(
    uploader: Uploader, tmp_path: Path
) -> None:
    page = uploader.page
    uploader.open("limited")
    make_file(tmp_path / "x", "inside.bin", 5)
    uploader.choose_folder(tmp_path / "x")
    uploader.choose(make_file(tmp_path / "other", "x", 6))
    uploader.send()
    assert uploader.said() == "x/inside.bin lies in x, which is a file."
    page.click("button[aria-label='Remove x']")
    page.evaluate("document.querySelector('#upload').dataset.maxFileBytes = 4")
    uploader.send()
    assert uploader.said() == "A file has at most 4 B here; larger: inside.bin."
    page.evaluate("document.querySelector('#upload').dataset.maxFiles = 0")
    uploader.send()
    assert uploader.said() == "A version has at most 0 files here, not 1."
    assert (uploader.parts, uploader.bundles) == ([], 0)


def test_a_file_that_changed_is_named(uploader: Uploader, tmp_path: Path) -> None:
    path = make_file(tmp_path, "changing.bin", 2 * MIB)
    uploader.open("changed")
    uploader.choose(path)
    uploader.page.wait_for_selector("#list .read")
    path.write_bytes(b"shorter")
    uploader.send()
    uploader.page.wait_for_selector("#said .error")
    assert "changing.bin cannot be read any more" in uploader.said(".error")
    uploader.choose(path)
    assert "Replaced by what you chose last: changing.bin" in uploader.said(".warning")
    uploader.send()
    uploader.arrive("changed")
    assert uploader.contents("changed") == {"changing.bin": b"shorter"}
