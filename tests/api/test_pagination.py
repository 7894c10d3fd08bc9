"""``?limit=&offset=``: bare arrays with ``X-Total-Count`` and ``Link``."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.conftest import MakeVersion

LISTS = [
    "/api/artifacts",
    "/api/artifacts/model-a/versions",
    "/api/artifacts/model-a/aliases",
    "/api/artifacts/model-a/aliases/production/history",
    "/api/runs",
]


@pytest.fixture
def seven(api: APIClient, make_version: MakeVersion) -> None:
    """Seven rows in each list."""
    for number in range(6):
        make_version(f"other-{number}")
        api.post("/api/runs", {"project": "p", "name": str(number)}, format="json")
    api.post("/api/runs", {"project": "p", "name": "7"}, format="json")
    for number in range(1, 8):
        make_version(aliases=["production"] if number == 1 else [f"alias-{number}"])
        if number > 1:
            body = {"version": number}
            api.put("/api/artifacts/model-a/aliases/production", body, format="json")
    api.delete("/api/artifacts/model-a/aliases/alias-2")


def links(answer: Any) -> dict[str, str]:
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.get("Link", ""))
    return {rel: url for url, rel in found}


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("route", LISTS)
def test_walking_by_next_and_prev_shows_every_row_once(api: APIClient, route: str) -> None:
    whole = api.get(route)
    assert (len(whole.json()), whole["X-Total-Count"], links(whole)) == (7, "7", {})
    page = api.get(f"{route}?limit=3")
    seen = page.json()
    while following := links(page).get("next"):
        page = api.get(following)
        assert page["X-Total-Count"] == "7"
        seen += page.json()
    assert seen == whole.json()
    while before := links(page).get("prev"):
        page = api.get(before)
    assert page.json() == seen[:3]


def test_links_keep_the_filters(api: APIClient, make_version: MakeVersion) -> None:
    for number in range(3):
        make_version(f"模型 {number}", tags=["a&b"])
    answer = api.get("/api/artifacts", {"tag": "a&b", "limit": "1", "offset": "1"})
    following, before = links(answer)["next"], links(answer)["prev"]
    assert parse_qs(urlsplit(following).query) == {"tag": ["a&b"], "limit": ["1"], "offset": ["2"]}
    assert parse_qs(urlsplit(before).query) == {"tag": ["a&b"], "limit": ["1"]}
    assert urlsplit(following).path == "/api/artifacts"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("limit=2", [1, 2]),
        ("limit=2&offset=2", [3]),
        ("limit=2&offset=3", []),
        ("offset=1", [2, 3]),
        ("offset=99", []),
        ("limit=99", [1, 2, 3]),
    ],
)
def test_the_total_is_that_of_all_rows(
    api: APIClient, make_version: MakeVersion, query: str, numbers: list[int]
) -> None:
    for _ in range(3):
        make_version()
    answer = api.get(f"/api/artifacts/model-a/versions?{query}")
    assert [item["version"] for item in answer.json()] == numbers
    assert answer["X-Total-Count"] == "3"


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    "text", ["-1", "x", "1.5", "1e3", "+1", "1_0", "\u0661", "\0", " 1", "9" * 20, "9" * 5000, ""]
)
def test_what_is_no_number_is_refused(api: APIClient, store: Store, name: str, text: str) -> None:
    answer = api.get("/api/artifacts", {name: text})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])
    assert answer.json()["detail"].startswith(f"{name}: ")


def test_a_page_of_nothing_is_refused(api: APIClient, store: Store) -> None:
    assert api.get("/api/artifacts?limit=0").status_code == 400
