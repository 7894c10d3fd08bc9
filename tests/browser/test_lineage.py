"""The pages of lineage in a real browser: what is drawn fits; it moves by mouse, touch and key."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.browser.conftest import Log, look
from tests.browser.seeing import expect, serious
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = "/artifacts/model/resnet50-imagenet/v2/lineage"
MEASURE = """() => [...document.querySelectorAll('.node')].map((node) => {
  const box = node.querySelector('.box').getBBox();
  return [...node.querySelectorAll('text')].map((text) => {
    const it = text.getBBox();
    return [text.textContent, it.x - box.x, box.x + box.width - it.x - it.width];
  });
}).flat()"""

PINCH = """() => {
  const svg = document.querySelector(".lineage-graph");
  const { left, top, width, height } = svg.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const touch = (kind, pointerId, dx) => svg.dispatchEvent(new PointerEvent(kind, {
    pointerId, pointerType: "touch", button: 0, bubbles: true, clientX: x + dx, clientY: y,
  }));
  svg.setPointerCapture = () => {}; // there is no finger to capture
  touch("pointerdown", 11, -50);
  touch("pointerdown", 12, 50);
  touch("pointermove", 11, -100);
  touch("pointermove", 12, 100);
  touch("pointerup", 11, -100);
  touch("pointerup", 12, 100);
}"""

Begin = Callable[..., None]


@pytest.fixture(scope="module")
def begin(team_portal: LivePortal, token: str) -> Begin:
    """Begin a run that uses versions, as a program with the token does."""
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})

    def begin_run(run_id: str, project: str, name: str, *used: str, status: str = "") -> None:
        url = f"{team_portal.url}/api/runs"
        body = {"id": run_id, "project": project, "name": name}
        assert http.request("POST", url, json=body).status in {200, 201}
        for one in used:
            noted = http.request("POST", f"{url}/{run_id}/uses", json={"artifact": one})
            assert noted.status in {200, 201}, noted.data
        if status:
            http.request("PATCH", f"{url}/{run_id}", json={"status": status})

    return begin_run


@pytest.fixture
def story(log: Log, begin: Begin, team_portal: LivePortal, token: str) -> None:
    """Data, code and models of several generations, told once."""
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})
    base = f"{team_portal.url}/api/artifacts"
    if http.request("GET", f"{base}/resnet50-imagenet/v2").status == 200:
        return
    begin("crawl-2026-03", "data", "crawl the web", status="finished")
    log("raw-images", b"raw", type="dataset", run="crawl-2026-03")
    log("label-rules", b"rules", type="config", aliases=["current"])
    begin(
        "label-2026-04",
        "data",
        "label with three annotators",
        "raw-images:v1",
        "label-rules:v1",
        status="finished",
    )
    log("imagenet-subset-with-corrected-labels", b"one", type="dataset", run="label-2026-04")
    log("imagenet-holdout", b"held", type="dataset", run="label-2026-04", aliases=["frozen"])
    log("training-code", b"code", type="code")
    used = ("imagenet-subset-with-corrected-labels:v1", "training-code:v1")
    begin("20260504_091201_5f31aa", "vision", "resnet50 baseline", *used, status="finished")
    log("resnet50-imagenet", b"v1", run="20260504_091201_5f31aa")
    begin(
        "20260506_173412_a81c02",
        "vision",
        "resnet50 cosine schedule",
        *used,
        "resnet50-imagenet:v1",
        status="finished",
    )
    log(
        "resnet50-imagenet", b"v2", run="20260506_173412_a81c02", aliases=["production", "champion"]
    )
    for number in range(1, 9):
        run_id = f"sweep-{number}"
        begin(
            run_id,
            "distil",
            f"student {number}",
            "resnet50-imagenet:v2",
            status="failed" if number == 7 else "finished",
        )
        if number != 7:
            log("student-mobile", b"s%d" % number, run=run_id)
    begin("eval-77", "eval", "evaluate on holdout", "resnet50-imagenet:v2", "imagenet-holdout:v1")
    log("evaluation-report", b"report", type="custom", run="eval-77")
    begin(
        "export-3",
        "ship",
        "quantise and export",
        "resnet50-imagenet:v2",
        "label-rules:v1",
        status="finished",
    )
    log("resnet50-int8", b"int8", run="export-3", aliases=["edge"])
    begin("serve-1", "ship", "canary", "resnet50-int8:v1", status="finished")
    log("canary-metrics", b"canary", type="custom", run="serve-1")
    http.request("DELETE", f"{base}/evaluation-report/v1")


pytestmark = pytest.mark.usefixtures("story")


def box_of(page: "Page") -> tuple[float, ...]:
    """What part of the picture is seen: x, y, width and height."""
    text = page.get_attribute(".lineage-graph", "viewBox")
    assert text
    return tuple(float(number) for number in text.split())


def open_graph(page: "Page", query: str = "?depth=4") -> tuple[float, ...]:
    page.goto(PAGE + query)
    page.wait_for_selector(".lineage-view.live")
    return box_of(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_it_is_shown_in_both_themes_and_on_small_screens(
    page: "Page", theme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for name, url in (
        ("lineage", f"{PAGE}?depth=4"), ("runs", "/runs"), ("run", "/runs/20260506_173412_a81c02"),
    ):  # fmt: skip
        page.goto(url)
        look(page, f"{name}-{theme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious(page) == []


SIZES = pytest.mark.parametrize(("width", "depth"), [(1280, 1), (1280, 4), (1280, 10), (360, 1)])


@SIZES
def test_names_can_be_read_at_first_and_the_version_is_in_sight(
    page: "Page", width: int, depth: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    wide = open_graph(page, f"?depth={depth}")[2]
    frame = page.evaluate("document.querySelector('.lineage-view').clientWidth")
    assert frame / wide >= 0.64
    around = page.locator(".lineage-view").bounding_box()
    root = page.locator(".node.root .box").bounding_box()
    assert around
    assert root
    assert around["x"] <= root["x"]
    assert root["x"] + root["width"] <= around["x"] + around["width"]
    assert around["y"] <= root["y"]
    assert root["y"] + root["height"] <= around["y"] + around["height"]


@SIZES
def test_a_button_shows_all_of_it(page: "Page", width: int, depth: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_graph(page, f"?depth={depth}")
    page.get_by_role("button", name="All of it").click()
    left, top, wide, high = box_of(page)
    svg = "document.querySelector('.lineage-graph')"
    full_width = page.evaluate(f"{svg}.width.baseVal.value")
    full_height = page.evaluate(f"{svg}.height.baseVal.value")
    assert max(left, top) <= 1
    assert left + wide >= full_width - 1
    assert top + high >= full_height - 1


def test_every_text_fits_into_its_node(page: "Page") -> None:
    open_graph(page, "?depth=10")
    texts = page.evaluate(MEASURE)
    assert len(texts) > 40
    assert [one for one in texts if one[1] < 0 or one[2] < 0] == []


def test_keys_move_it_and_change_its_size(page: "Page") -> None:
    x, y, width, height = open_graph(page)
    page.focus(".lineage-view")
    page.keyboard.press("ArrowRight")
    assert box_of(page)[0] > x
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert box_of(page)[0] == pytest.approx(x)
    assert box_of(page)[1] > y
    page.keyboard.press("ArrowUp")
    page.keyboard.press("+")
    assert box_of(page)[2] == pytest.approx(width / 1.25, rel=0.01)
    page.keyboard.press("-")
    assert box_of(page) == pytest.approx((x, y, width, height), abs=0.1)
    page.keyboard.press("0")
    full = page.evaluate("document.querySelector('.lineage-graph').width.baseVal.value")
    left, _, wide, _ = box_of(page)
    assert left <= 1
    assert left + wide >= full - 1


def test_the_mouse_drags_it_and_the_wheel_with_ctrl_zooms(page: "Page") -> None:
    x, _, width, _ = open_graph(page)
    frame = page.locator(".lineage-view").bounding_box()
    assert frame
    start = frame["x"] + 60, frame["y"] + 60
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 90, start[1] + 40, steps=4)
    page.mouse.up()
    assert box_of(page)[0] < x
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    assert box_of(page)[2] < width - 1


def test_a_drag_that_begins_on_a_node_follows_no_link_and_a_click_does(page: "Page") -> None:
    open_graph(page)
    node = page.locator(".node.run", has_text="student 5")
    box = node.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 50, middle[1], steps=5)
    page.mouse.up()
    page.wait_for_url(lambda url: url.endswith(f"{PAGE}?depth=4"))
    node.click()
    page.wait_for_url("**/runs/sweep-5")


def test_the_buttons_change_its_size(page: "Page") -> None:
    width = open_graph(page)[2]
    page.get_by_role("button", name="Larger").click()
    assert box_of(page)[2] < width
    page.get_by_role("button", name="Smaller").click()
    page.get_by_role("button", name="Smaller").click()
    assert box_of(page)[2] > width
    page.get_by_role("button", name="All of it").click()
    full = page.evaluate("document.querySelector('.lineage-graph').width.baseVal.value")
    assert box_of(page)[2] >= full - 1


def test_two_fingers_pinch(page: "Page") -> None:
    width = open_graph(page)[2]
    page.evaluate(PINCH)
    assert box_of(page)[2] == pytest.approx(width / 2, rel=0.05)


def test_a_node_that_the_keyboard_reaches_comes_into_sight(page: "Page") -> None:
    open_graph(page)
    first = page.locator("a.node", has_text="raw-images")
    first.focus()
    frame, box = page.locator(".lineage-view").bounding_box(), first.bounding_box()
    assert frame
    assert box
    assert frame["x"] <= box["x"]
    assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/artifacts/dataset/raw-images/v1/lineage?depth=4")


def test_the_form_swaps_the_graph_and_the_url_follows(page: "Page") -> None:
    open_graph(page)
    page.select_option("#lineage-direction", "downstream")
    page.wait_for_url("**direction=downstream**")
    page.wait_for_selector(".lineage-view.live")
    expect(page.locator(".node.dataset")).to_have_count(0)
    page.select_option("#lineage-depth", "1")
    page.wait_for_url("**depth=1**")
    page.go_back()
    page.wait_for_selector("#lineage-depth option[selected]:text-is('4')", state="attached")
    page.wait_for_selector(".lineage-view.live")


def test_folded_siblings_unfold(page: "Page") -> None:
    open_graph(page)
    expect(page.locator(".node.run", has_text="student")).to_have_count(4)
    page.locator(".node.more").click()
    page.wait_for_url("**expand=**")
    expect(page.locator(".node.run", has_text="student")).to_have_count(8)
    page.click("text=Fold again")
    page.wait_for_selector(".node.more")


def test_without_the_script_the_picture_scrolls_and_the_form_works(
    browser: "Browser", session: Any, team_portal: LivePortal
) -> None:
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{PAGE}?depth=4")
    assert page.locator(".lineage-zoom").is_hidden()
    page.select_option("#lineage-direction", "upstream")
    page.click("#lineage form button")
    page.wait_for_url("**direction=upstream**")
    expect(page.locator(".node.root")).to_have_count(1)
    context.close()
