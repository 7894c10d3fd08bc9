"""What browsers are told: nothing inline runs, nothing is guessed, downloads are saved."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn_site.headers import PAGE_POLICY
from tests.api.conftest import body_of
from tests.conftest import MakeVersion, digest_of

pytestmark = pytest.mark.django_db

PAGES = ["/api/docs", "/admin/login/", "/nothing", "/login", "/settings"]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"--></title>"
HOSTILE = [
    "a\r\nSet-Cookie: x=1",
    'a"; filename="b.html',
    "a\0b",
    "\u202egnp.exe",
    "a;b=c\\",
    MARKUP,
]


class Inline(HTMLParser):
    """Collects what a page has inline, which the policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [name for name in names if name.startswith("on") or name == "style"]
        self.inside = tag if tag == "style" or (tag == "script" and "src" not in names) else ""

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.found.append(data)
        self.inside = ""


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_the_policy_and_nothing_that_it_forbids(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Content-Security-Policy"] == PAGE_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    page = Inline()
    page.feed(answer.content.decode())
    assert page.found == []


def test_the_policy_lets_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in PAGE_POLICY
    assert "http" not in PAGE_POLICY
    rules = dict(rule.split(" ", 1) for rule in PAGE_POLICY.split("; "))
    assert (rules["default-src"], rules["frame-ancestors"]) == ("'none'", "'none'")
    assert (rules["script-src"], rules["base-uri"]) == ("'self'", "'none'")


def test_the_admin_itself_has_nothing_inline(admin_client: Client) -> None:
    for path in ("/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/"):
        answer = admin_client.get(path)
        page = Inline()
        page.feed(answer.content.decode())
        assert (answer.status_code, page.found) == (200, [])
        assert answer["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize(
    "path",
    ["/api/health", "/api/nothing", "/api/artifacts?type=" + MARKUP, "/static/runicorn/docs.css"],
)
def test_every_other_answer_has_the_policy_too(client: Client, store: Any, path: str) -> None:
    answer = client.get(path)
    assert answer["Content-Security-Policy"] == PAGE_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer["Content-Type"].startswith("text/html")
    answer.close()


@pytest.mark.parametrize("path", [f"/{quote(MARKUP)}", f"/admin/{quote(MARKUP)}/"])
def test_markup_in_a_url_is_text_in_the_error_page(client: Client, path: str) -> None:
    answer = client.get(path, follow=True)
    assert "<script>alert" not in answer.content.decode()
    assert "<img src=x" not in answer.content.decode()


@pytest.mark.parametrize("query", ["", "&script="])
def test_markup_in_the_query_stays_text_in_the_documentation(client: Client, query: str) -> None:
    answer = client.get(f"/api/docs?lang={quote(MARKUP)}&x={quote(MARKUP)}{query}")
    assert "<script>alert" not in answer.content.decode()


def downloads(api: APIClient) -> list[Any]:
    digest = digest_of(b"<script>alert(1)</script>")
    paths = ["v1/files/page.html", "v1/archive", "v1/archive?format=tar"]
    return [
        api.get(f"/api/blobs/{digest}"),
        *(api.get(f"/api/artifacts/model-a/{path}") for path in paths),
    ]


def test_downloads_are_saved_and_never_shown(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"page.html": b"<script>alert(1)</script>"})
    for answer in downloads(api):
        assert (answer.status_code, bool(body_of(answer))) == (200, True)
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Type"].startswith("application/")


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\0" not in name])
def test_a_file_name_adds_no_header(api: APIClient, make_version: MakeVersion, name: str) -> None:
    name = name.replace("/", "_")
    make_version(files={name.replace("\\", "_"): b"x"})
    answer = api.get(f"/api/artifacts/model-a/v1/files/{quote(name.replace(chr(92), '_'))}")
    assert (answer.status_code, body_of(answer)) == (200, b"x")
    header = answer["Content-Disposition"]
    assert "Set-Cookie" not in answer
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_an_artifact_name_adds_no_header(api: APIClient, store: Any, name: str) -> None:
    url = f"/api/artifacts/{quote(name, safe='')}/versions"
    reference = {"type": "model", "references": [{"uri": "s3://a"}]}
    answer = api.post(url, reference, format="json")
    assert answer.status_code in {201, 400, 404}
    if answer.status_code == 201:
        header = api.get(url.replace("versions", "v1/archive"))["Content-Disposition"]
        assert header.isascii()
        assert header.count('"') == 2


def test_stored_markup_is_json_and_nothing_else(api: APIClient, make_version: MakeVersion) -> None:
    make_version(
        files={"README.md": MARKUP.encode()}, description=MARKUP, tags=[MARKUP],
        metadata={MARKUP: MARKUP},
    )  # fmt: skip
    for path in (
        "",
        "/model-a/versions",
        "/model-a/v1",
        "/model-a/v1/files",
        "/model-a/v1/lineage",
    ):
        answer = api.get(f"/api/artifacts{path}", HTTP_ACCEPT="text/html")
        assert answer["Content-Type"] == "application/json"
        assert answer["Content-Security-Policy"] == PAGE_POLICY
