"""Uploading from the browser: what was chosen is what the version holds."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import PASSWORD, SECRET, look
from tests.browser.seeing import expect, serious
from tests.browser.uploading import PART_BYTES, Uploader, make_file
from tests.live import LivePortal, run_manage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SAMPLE_SECONDS = 0.05
VIEWER = """
from accounts.models import User
from accounts.roles import Role
from tests.people import make_user
vera = make_user("vera", Role.VIEWER)
vera.set_password("{password}")
vera.save()
"""


@pytest.fixture
def uploader(page: "Page") -> Iterator[Uploader]:
    """The page, at work for ``boss``; nothing goes against the content policy."""
    work = Uploader(page)
    yield work
    assert work.troubles == []


def test_a_folder_arrives_byte_by_byte(uploader: Uploader, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    large = make_file(folder, "weights.bin", 3 << 20)
    contents = {"weights.bin": large.read_bytes(), "sub/deep/ü ber.txt": b"hi", "sub/none": b""}
    for path, content in {**contents, ".DS_Store": b"x", "sub/.git/config": b"x"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    uploader.open("folder")
    uploader.choose_folder(folder)
    expect(uploader.page.locator("#sum").first).to_have_text("3 files, 3.0 MiB")
    assert "2 (checkpoint/.DS_Store, checkpoint/sub/.git/config)" in uploader.said(".warning")
    look(uploader.page, "upload-chosen")
    uploader.send()
    uploader.arrive("folder")
    assert uploader.contents("folder") == contents
    modified = {one["path"]: one["modified_at"] for one in uploader.files("folder")}
    assert modified["weights.bin"] == pytest.approx(large.stat().st_mtime, abs=0.01)


def test_what_the_form_says_is_kept(uploader: Uploader, tmp_path: Path) -> None:
    uploader.open("described")
    uploader.choose(make_file(tmp_path, "a.bin", 10))
    said = {
        "aliases": "staging", "tags": "one, two", "description": "# Read me",
        "metadata": '{"n": 12345678901234567890, "loss": 0.10}', "project": "hand",
        "comment": "the first",
    }  # fmt: skip
    for field, text in said.items():
        uploader.page.fill(f"#id_{field}", text)
    uploader.send()
    uploader.arrive("described")
    text = uploader.page.request.get("/api/artifacts/described/v1").text()
    assert '"n":12345678901234567890' in text.replace(" ", "")
    version = uploader.ask("artifacts/described/v1")
    assert (version["tags"], version["aliases"]) == (["one", "two"], ["latest", "staging"])
    assert (version["description"], version["metadata"]["loss"]) == ("# Read me", 0.1)
    history = uploader.ask("artifacts/described/aliases/staging/history")
    assert history[0]["comment"] == "the first"
    run = uploader.ask(f"runs/{version['created_by_run']}")
    assert run["id"].startswith("manual_")
    assert (run["project"], run["name"], run["status"]) == ("hand", "model/described", "finished")


def test_the_second_version_sends_only_what_is_new(uploader: Uploader, tmp_path: Path) -> None:
    files = [make_file(tmp_path, f"{name}.bin", 2 << 20) for name in "ab"]
    twin = tmp_path / "twin.bin"
    twin.write_bytes(files[0].read_bytes())
    uploader.open("again")
    uploader.choose(files[0], twin)
    uploader.send()
    uploader.arrive("again")
    assert len(uploader.parts) == 2, "the question and the part of one of the two"
    uploader.parts.clear()
    uploader.open("again")
    uploader.page.wait_for_selector("#next:has-text('latest version is v1')")
    uploader.choose(*files)
    uploader.page.route("**/versions", lambda route: time.sleep(1) or route.continue_())  # type: ignore[func-returns-value]
    uploader.send()
    uploader.page.wait_for_selector("#list .there")
    uploader.arrive("again", 2)
    assert uploader.parts == ["bytes */2097152", "bytes 0-2097151/2097152"]
    assert uploader.contents("again", 2) == {path.name: path.read_bytes() for path in files}


def test_many_small_files_share_requests(uploader: Uploader, tmp_path: Path) -> None:
    files = [make_file(tmp_path, f"{number}.bin", 100 + number) for number in range(300)]
    uploader.open("small")
    uploader.choose(*files)
    expect(uploader.page.locator("#more").first).to_have_text("and 100 more")
    uploader.send()
    uploader.arrive("small")
    assert (uploader.bundles, uploader.parts) == (1, [])
    assert uploader.contents("small") == {path.name: path.read_bytes() for path in files}


def test_what_falls_on_the_page_is_taken(uploader: Uploader) -> None:
    uploader.open("dropped")
    uploader.drop(**{"a.txt": "one", "b.txt": "two"})
    uploader.page.wait_for_selector("#list tr:nth-child(2) .read")
    uploader.page.click("button[aria-label='Remove b.txt']")
    assert uploader.states() == {"a.txt": "ready"}
    uploader.send()
    uploader.arrive("dropped")
    assert uploader.contents("dropped") == {"a.txt": b"one"}


def test_the_name_of_the_folder_may_stay(uploader: Uploader, tmp_path: Path) -> None:
    make_file(tmp_path / "run1", "a.bin", 5)
    uploader.open("kept")
    uploader.choose_folder(tmp_path / "run1")
    assert list(uploader.states()) == ["a.bin"]
    uploader.page.check("#keep-folder")
    assert list(uploader.states()) == ["run1/a.bin"]
    uploader.page.uncheck("#keep-folder")
    uploader.choose(make_file(tmp_path, "beside.bin", 5))
    assert list(uploader.states()) == ["run1/a.bin", "beside.bin"], "as with artifacts put"


def test_hidden_files_are_taken_on_request(uploader: Uploader, tmp_path: Path) -> None:
    make_file(tmp_path / "code", ".gitattributes", 5)
    make_file(tmp_path / "code", "main.py", 5)
    uploader.open("hidden")
    uploader.choose_folder(tmp_path / "code")
    assert list(uploader.states()) == ["main.py"]
    uploader.page.click("text=Take them too")
    assert list(uploader.states()) == ["main.py", ".gitattributes"]
    assert uploader.said() == ""


def test_all_of_it_works_by_keyboard(uploader: Uploader, tmp_path: Path) -> None:
    page = uploader.page
    path = make_file(tmp_path, "keys.bin", 50)
    uploader.open("")
    with page.expect_file_chooser() as chooser:
        page.locator("#pick-files").press("Enter")
    chooser.value.set_files(path)
    page.wait_for_selector("#list .read")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "pick-folder"
    seen = []
    while "id_name" not in seen:
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.ariaLabel"))
        assert len(seen) < 10, seen
    assert {"clear", "Remove keys.bin", "id_type", "id_team"} < set(seen)
    page.keyboard.type("keys")
    page.keyboard.press("Enter")
    uploader.arrive("keys")
    assert uploader.contents("keys") == {"keys.bin": path.read_bytes()}


def test_suggestions_and_the_url_follow_the_name(uploader: Uploader, tmp_path: Path) -> None:
    uploader.open("suggest-me")
    uploader.choose(make_file(tmp_path, "a.bin", 5))
    uploader.send()
    uploader.arrive("suggest-me")
    uploader.open("")
    uploader.page.fill("#id_name", "suggest")
    uploader.page.wait_for_selector("#names option[value='suggest-me']", state="attached")
    expect(uploader.page.locator("#next").first).to_contain_text("new artifact")
    uploader.page.wait_for_url(lambda url: "name=suggest" in url)


def browser_memory(root: int) -> dict[int, int]:
    """The resident bytes of every process of the browser that ``root`` began, by its id."""
    parents, resident = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
            if b"chromium" in (folder / "cmdline").read_bytes():
                pages = int((folder / "statm").read_text().split()[1])
                resident[int(folder.name)] = pages * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue  # it is gone

    def is_below(pid: int) -> bool:
        while pid not in {0, root} and pid in parents:
            pid = parents[pid]
        return pid == root

    return {pid: size for pid, size in resident.items() if is_below(pid)}


def test_memory_does_not_grow_with_the_file(uploader: Uploader, tmp_path: Path) -> None:
    """Of the browser's processes none takes as much more as the file is large."""
    path = make_file(tmp_path, "large.bin", 256 << 20)
    uploader.open("large")
    before, peaks = browser_memory(os.getpid()), {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for pid, size in browser_memory(os.getpid()).items():
                peaks[pid] = max(size, peaks.get(pid, 0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    uploader.choose(path)
    uploader.send()
    uploader.page.wait_for_url("**/model/large/v1", timeout=120_000)
    over.set()
    watcher.join()
    assert len(uploader.parts) == 1 + path.stat().st_size // PART_BYTES
    grown = {pid: size - before[pid] for pid, size in peaks.items() if pid in before}
    assert 0 < max(grown.values()) < path.stat().st_size / 2


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_serious(
    browser: "Browser",
    session: Any,
    team_portal: LivePortal,
    tmp_path: Path,
    scheme: Any,
    width: int,
) -> None:
    viewport: Any = {"width": width, "height": 800}
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, viewport=viewport, color_scheme=scheme
    )
    work = Uploader(context.new_page())
    work.open("looked-at")
    work.choose_folder(make_file(tmp_path / "folder", "a.bin", 5).parent)
    work.page.fill("#id_metadata", "{")
    work.send()
    work.page.wait_for_selector("#id_metadata[aria-invalid=true]")
    look(work.page, f"upload-{scheme}")
    assert work.page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(work.page) == []
    context.close()
    assert work.troubles == []


def test_a_viewer_reads_why_not(browser: "Browser", team_portal: LivePortal) -> None:
    made = run_manage(
        "shell", team_portal.data_dir, "--no-imports", "-c", VIEWER.format(password=PASSWORD),
        DATABASE_URL=team_portal.database_url or "", RUNICORN_ACCESS="team",
        RUNICORN_SECRET_KEY=SECRET,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    context = browser.new_context(base_url=team_portal.url)
    page = context.new_page()
    page.goto("/login?next=/upload")
    page.fill("#id_username", "vera")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload")
    expect(page.locator(".notice").first).to_contain_text("Yours is viewer")
    expect(page.locator("#upload")).to_have_count(0)
    look(page, "upload-viewer")
    context.close()
