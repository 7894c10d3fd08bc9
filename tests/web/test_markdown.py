"""Markdown of others in a page: it reads well, and does nothing but that."""

import time

import pytest

from artifacts.web.markdown import MAX_CHARACTERS, MAX_MARKS, beginning, render_markdown

LINK = 'rel="nofollow noopener"'


def files(paths: set[str]) -> dict[str, str]:
    """What a version with two files says."""
    there = {"docs/use.md", "plot one.png"}
    return {path: f"/files/{path}" for path in paths & there}


def test_it_is_rendered() -> None:
    html = render_markdown("A **fine** model with `code` and ~~errors~~.\n\n1. one\n2. two")
    assert html == (
        "<p>A <strong>fine</strong> model with <code>code</code> and <s>errors</s>.</p>\n"
        "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"
    )


def test_tables_are_rendered_without_inline_style() -> None:
    html = render_markdown("|a|b|\n|:-:|-:|\n|1|2|")
    assert "<td>1</td>" in html
    assert "style" not in html


@pytest.mark.parametrize(("written", "shown"), [("# A", "h3"), ("## A", "h4"), ("###### A", "h6")])
def test_headings_stand_below_those_of_the_page(written: str, shown: str) -> None:
    assert render_markdown(written) == f"<{shown}>A</{shown}>\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](java\tscript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        "<javascript:alert(1)>",
        "![a](javascript:alert(1))",
        "![a](data:image/svg+xml;base64,PHN2Zz4=)",
        "[a]: javascript:alert(1)\n\n[a]",
        '[a](https://x.example "x" onclick=alert(1))',
        "<svg/onload=alert(1)>",
        "<a href='javascript:alert(1)'>a</a>",
        "<style>*{display:none}</style>",
        "<!-- <script> -->",
        "<iframe src=//evil.example>",
        "```<script>\n</script>\n```",
        "|<script>|\n|-|\n|<b onclick=x>|",
    ],
)
def test_nothing_of_it_runs(hostile: str) -> None:
    html = render_markdown(hostile, files)
    for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<!--"):
        assert tag not in html
    for attribute in ('="javascript', '="data', '="vbscript', " onclick=alert(1)>"):
        assert attribute not in html.lower()
    assert "onerror=alert(1)>" not in html.replace("&gt;", "")


def test_links_say_that_the_portal_vouches_for_nothing() -> None:
    html = render_markdown('[a](https://x.example "t") <https://y.example>')
    assert html.count(LINK) == html.count("<a ") == 2


def test_a_picture_becomes_a_link_and_loads_nothing() -> None:
    html = render_markdown("![a plot](https://x.example/a.png)")
    assert html == f'<p><a href="https://x.example/a.png" {LINK}>a plot</a></p>\n'


def test_a_picture_in_a_link_is_its_text() -> None:
    html = render_markdown("[![build](https://x.example/b.svg)](https://ci.example)")
    assert html == f'<p><a href="https://ci.example" {LINK}>build</a></p>\n'


def test_a_picture_without_words_says_what_it_is() -> None:
    assert "picture" in render_markdown("![](https://x.example/a.png)")


def test_relative_links_lead_to_files_of_the_version() -> None:
    html = render_markdown("[use](./docs/use.md#how) ![p](plot%20one.png)", files)
    assert f'<a href="/files/docs/use.md" {LINK}>use</a>' in html
    assert 'href="/files/plot%20one.png"' in html or 'href="/files/plot one.png"' in html


@pytest.mark.parametrize(
    "target",
    ["absent.md", "../use.md", "/docs/use.md", "//evil.example/docs/use.md", "#here", "", "?a=b",
     "docs/../../use.md", "ftp://x.example/a", "https://[", "%00"],
)  # fmt: skip
def test_a_link_that_leads_nowhere_here_is_text(target: str) -> None:
    html = render_markdown(f"[words]({target})", files)
    assert "href" not in html
    assert "words" in html


def test_files_are_looked_for_once() -> None:
    asked: list[set[str]] = []
    render_markdown("[a](a.md) [b](b.md)\n\n![c](c.png)", lambda paths: asked.append(paths) or {})
    assert asked == [{"a.md", "b.md", "c.png"}]


@pytest.mark.parametrize("text", ["[", "![", "*a_ ", "`", "<", "[a](<b", "> ", "|a", "- "])
def test_what_is_made_to_take_long_does_not(text: str) -> None:
    begun = time.process_time()
    html = render_markdown(text * (2 * MAX_CHARACTERS))
    assert time.process_time() - begun < 5
    assert len(html) <= 6 * MAX_CHARACTERS


MARKS = "[]*_`!<&|~\\\n"


@pytest.mark.parametrize(
    "text", ["[", "![", "*a", "* a\n", "|a|\n|-|\n", "[a\n", "_*", "`\n", "\\"]
)
def test_of_what_is_full_of_marks_only_the_beginning_is_rendered(text: str) -> None:
    part = beginning(text * MAX_CHARACTERS)
    marks = sum(map(part.count, MARKS))
    assert marks == MAX_MARKS
    assert len(render_markdown(text * MAX_CHARACTERS)) <= 40 * MAX_MARKS


def test_what_people_write_is_rendered_to_its_end() -> None:
    row = "| `learning_rate` | how fast it learns, from the first step to the last | 0.001 |\n"
    text = (
        "# Net\n\nIt *does* **what** [it says](https://x.example).\n\n" * 100
        + row * 200
        + "the end"
    )
    assert len(text) > 20_000
    assert beginning(text) == text
    assert "the end" in render_markdown(text)


def test_a_long_text_of_letters_is_cut_where_it_is_long() -> None:
    assert len(beginning("a" * MAX_CHARACTERS * 2)) == MAX_CHARACTERS


def test_no_path_is_asked_for_that_none_can_have() -> None:
    asked: list[set[str]] = []
    render_markdown("[a](%00) [b](a%5Cb) [c](/etc/passwd) [d](ok)", lambda p: asked.append(p) or {})
    assert asked == [{"ok"}]
