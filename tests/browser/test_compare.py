"""The comparison of two versions in a real browser: what changed opens in place, and fits."""

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.browser.conftest import look
from tests.browser.seeing import expect, serious
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = "/artifacts/model/compared/compare/v1...v2"


def png(shade: int) -> bytes:
    """A picture of one pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + end

    header = struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade, shade, shade]))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.fixture(scope="module")
def versions(team_portal: LivePortal, token: str) -> None:
    """Two versions with a picture, a long text and many files."""
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})
    for number in (1, 2):
        contents = {
            "a/plot.png": png(number * 90),
            "code.py": f"seed = {number}\n".encode(),
            "long.txt": "".join(f"{number} {n}\n" for n in range(400)).encode(),
            **{f"many/{n:02}": f"{number} {n}".encode() for n in range(45)},
        }
        files = []
        for path, content in contents.items():
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            http.request("PUT", f"{team_portal.url}/api/blobs/{digest}", body=content)
            files.append({"path": path, "digest": digest, "size": len(content)})
        body = {"type": "model", "files": files, "metadata": {"lr": number}, "tags": [f"t{number}"],
                "description": f"Number {number}"}  # fmt: skip
        url = f"{team_portal.url}/api/artifacts/compared/versions"
        assert http.request("POST", url, json=body).status == 201


@pytest.mark.usefixtures("versions")
def test_what_changed_opens_by_keyboard_where_the_file_is_listed(page: "Page") -> None:
    page.goto(PAGE)
    page.locator("summary", has_text="code.py").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".diff tr.added >> text=seed = 2")
    page.wait_for_url(lambda url: url.endswith(PAGE))
    look(page, "compare")


@pytest.mark.usefixtures("versions")
def test_pictures_are_really_shown(page: "Page") -> None:
    page.goto(PAGE)
    page.locator("summary", has_text="plot.png").click()
    page.locator(".pictures img").last.wait_for()
    widths = page.evaluate("""() => Promise.all(
      [...document.querySelectorAll(".pictures img")].map(async (one) => {
        one.loading = "eager";
        await one.decode();
        return one.naturalWidth;
      }))""")
    assert widths == [1, 1]


@pytest.mark.usefixtures("versions")
def test_the_rest_of_a_long_text_is_added_below(page: "Page") -> None:
    page.goto(PAGE)
    page.locator("summary", has_text="long.txt").click()
    page.wait_for_selector(".changes .diff tr.removed")
    before = page.locator(".changes .diff tr").count()
    page.click(".next a")
    page.wait_for_selector(".next", state="detached")
    expect(page.locator(".changes .diff tr")).to_have_count(before + 301)


@pytest.mark.usefixtures("versions")
def test_pages_and_kinds_are_swapped_in_and_stay_in_the_url(page: "Page") -> None:
    page.goto(PAGE)
    page.locator("#files .pager [rel=next]").click()
    page.wait_for_url("**?page=2")
    expect(page.locator(".changes > li")).to_have_count(8)
    page.locator("#files .tabs a", has_text="changed").click()
    page.wait_for_url("**?change=changed")
    page.go_back()
    page.wait_for_url("**?page=2")


@pytest.mark.usefixtures("versions")
def test_the_form_leads_to_another_pair_and_the_swap_back(page: "Page") -> None:
    page.goto(PAGE)
    page.select_option("#pick-to", "v1")
    page.click("form.toolbar button")
    page.wait_for_url("**/compare/v1...v1")
    page.goto(PAGE)
    page.locator("a", has_text="Swap").click()
    page.wait_for_url("**/compare/v2...v1")


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("rest", ["", "/file?path=code.py", "?all=1"])
def test_nothing_serious_stands_in_the_way_of_anybody(page: "Page", scheme: str, rest: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(PAGE + rest)
    if not rest:
        page.locator("summary", has_text="code.py").click()
        page.wait_for_selector(".diff tr.added")
    assert serious(page) == []


@pytest.mark.usefixtures("versions")
def test_it_fits_a_telephone_and_works_without_javascript(
    browser: "Browser", session: object, team_portal: LivePortal
) -> None:
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, java_script_enabled=False,
        viewport={"width": 360, "height": 700},
    )  # fmt: skip
    window = context.new_page()
    window.goto(PAGE)
    width = window.locator("html").bounding_box()
    assert width is not None
    assert width["width"] <= 360
    window.locator("summary", has_text="code.py").click()
    window.locator("details[open] >> text=Show what changed").click()
    window.wait_for_url("**/file?path=code.py")
    expect(window.locator("main").first).to_contain_text("seed = 2")
    context.close()
