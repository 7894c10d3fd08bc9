"""What a test reads of a page: its elements, not its bytes."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

RUNNING = ("script", "iframe", "object", "embed", "base", "style")
"""Elements that no text of somebody's may bring into a page."""


class PageElements(HTMLParser):
    """The start tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep it, with one space for any."""
        self.text += f"{' '.join(data.split())} " if data.strip() else ""

    def values(self, tag: str, name: str) -> list[str]:
        """The attribute ``name`` of every ``tag`` that has it."""
        return [attrs[name] for found, attrs in self.tags if found == tag and name in attrs]


def read(client: Client, url: str, status: int = 200, **query: Any) -> PageElements:
    """The page at ``url``; fails where the status is another, or something in it may run."""
    answer = client.get(url, query or None)
    assert answer.status_code == status, answer.content[:2000]
    return elements_of(answer)


def elements_of(answer: Any) -> PageElements:
    """The elements of an answer; fails where something in it may run that is not the portal's."""
    page = PageElements(answer.content.decode())
    for tag, attrs in page.tags:
        own = tag == "script" and attrs.get("src", "").startswith("/static/")
        assert own or tag not in RUNNING, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on") or name == "style"], attrs
        for name in ("href", "src", "action", "formaction"):
            assert not attrs.get(name, "").strip().lower().startswith(("javascript:", "data:"))
    return page
