"""Markdown that somebody else wrote, as HTML that may stand in a page.

HTML in it is shown as text, what is rendered is sanitised besides, and no picture is loaded: one
becomes a link with its text, for the policy of the pages lets nothing come from other hosts, and a
picture would tell its host who reads. Links say ``nofollow noopener``; relative ones lead to files
of the version, where there are such, and are plain text otherwise.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import unquote, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.token import Token

from artifacts.names import check_path

FindFiles = Callable[[set[str]], Mapping[str, str]]
"""Gives, for paths of files, the URLs of those that there are."""

MAX_CHARACTERS = 1 << 15
MAX_MARKS = 3000
"""Of a longer text, or one with more marks, only the beginning is rendered.

It is the marks that cost: up to 50 µs each, however they stand, and 300 times what a letter costs.
People who write write one in thirty letters or so.
"""

_MARK = re.compile(r"[\[\]*_`!<&|~\\\n]")

SCHEMES = frozenset({"http", "https", "mailto"})
HEADINGS_BELOW = 2
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render_markdown(text: str, find_files: FindFiles | None = None) -> SafeString:
    """The HTML of ``text``, safe to show; headings begin at ``h3``.

    ``find_files`` is asked once, with every path that a relative link or picture names, relative to
    where ``text`` lies; without it they lead nowhere.
    """
    tokens = _PARSER.parse(beginning(text))
    children = [token.children for token in tokens if token.children]
    paths = {path for some in children for target in _targets(some) if (path := _path_in(target))}
    files = find_files(paths) if find_files and paths else {}
    for token in tokens:
        if token.children:
            token.children = list(_rewritten(token.children, files))
        _lower_heading(token)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return mark_safe(_sanitise(html))  # noqa: S308 - sanitised in the same breath


def beginning(text: str) -> str:
    """So much of ``text`` as is rendered: all of it, unless it is long or full of marks."""
    part = text[:MAX_CHARACTERS]
    first_over = next(islice(_MARK.finditer(part), MAX_MARKS, None), None)
    return part[: first_over.start()] if first_over else part


def _sanitise(html: str) -> str:
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(SCHEMES),
        link_rel="nofollow noopener",
    )  # fmt: skip


def _targets(tokens: Iterable[Token]) -> Iterator[str]:
    """Where the links and pictures lead."""
    for token in tokens:
        name = {"link_open": "href", "image": "src"}.get(token.type)
        if name:
            yield str(token.attrGet(name) or "")


def _path_in(target: str) -> str | None:
    """The file that a relative ``target`` names; None for what names none of this version's."""
    try:
        parts = urlsplit(target)
        path = check_path(posixpath.normpath(unquote(parts.path)))
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc or path == "." else path


def _rewritten(tokens: list[Token], files: Mapping[str, str]) -> Iterator[Token]:
    """Links that lead somewhere, the others as their text; pictures as links."""
    opened: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            url = _url(str(token.attrGet("href") or ""), files)
            opened.append(url is not None)
            if url is not None:
                token.attrSet("href", url)
                yield token
        elif token.type == "link_close":
            if opened.pop():
                yield token
        elif token.type == "image":
            yield from _picture(token, files, is_in_link=any(opened))
        else:
            yield token


def _url(target: str, files: Mapping[str, str]) -> str | None:
    path = _path_in(target)
    if path is not None:
        return files.get(path)
    try:
        return target if urlsplit(target).scheme.lower() in SCHEMES else None
    except ValueError:
        return None


def _picture(token: Token, files: Mapping[str, str], *, is_in_link: bool) -> Iterator[Token]:
    """Its text, as a link to it: no link can stand in another."""
    words = _text(token.content.strip() or gettext("picture"))
    url = None if is_in_link else _url(str(token.attrGet("src") or ""), files)
    if url is None:
        yield words
        return
    yield Token("link_open", "a", 1, attrs={"href": url})
    yield words
    yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _lower_heading(token: Token) -> None:
    """``h1`` and ``h2`` are the page's own."""
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1:]) + HEADINGS_BELOW)}"
