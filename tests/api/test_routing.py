"""What is no route, no method or no body of ours is refused in JSON."""

import json

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.conftest import MakeVersion

UNKNOWN = [
    "/api",
    "/api/",
    "/api/nothing",
    "/api/artifacts/",
    "/api/artifacts/model-a",
    "/api/artifacts/model-a/",
    "/api/artifacts/model-a/v1/",
    "/api/artifacts/model-a/v1/files/",
    "/api/artifacts/model-a/v1/nothing",
    "/api/artifacts/model-a/v",
    "/api/artifacts/model-a/1",
    "/api/artifacts/model-a/versions/",
    "/api/artifacts/model-a/aliases/",
    "/api/artifacts/stats/",
    "/api/artifacts//v1",
    "/api/health/",
    "/api/runs/",
    "/api/blobs/",
    "/api/../api/nothing",
    "/api/\u6a21\u578b",
    "/api/%ff",
    "/api/%00",
]
ALLOWED = {
    "/api/health": "GET, HEAD, OPTIONS",
    "/api/artifacts": "GET, HEAD, OPTIONS",
    "/api/artifacts/stats": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/versions": "GET, POST, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1": "GET, PATCH, DELETE, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/files": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/files/a.bin": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/archive": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/impact": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/lineage": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/v1/restore": "POST, OPTIONS",
    "/api/artifacts/model-a/aliases": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/aliases/production": "GET, PUT, DELETE, HEAD, OPTIONS",
    "/api/artifacts/model-a/aliases/production/history": "GET, HEAD, OPTIONS",
    "/api/artifacts/model-a/aliases/production/rollback": "POST, OPTIONS",
    "/api/audit": "GET, HEAD, OPTIONS",
    "/api/blobs": "POST, OPTIONS",
    "/api/blobs/missing": "POST, OPTIONS",
    "/api/blobs/sha256:0": "GET, PUT, HEAD, OPTIONS",
    "/api/runs": "GET, POST, HEAD, OPTIONS",
    "/api/runs/r": "GET, PATCH, HEAD, OPTIONS",
    "/api/runs/r/uses": "POST, OPTIONS",
    "/api/runs/r/artifacts": "GET, HEAD, OPTIONS",
    "/api/tokens": "GET, POST, HEAD, OPTIONS",
    "/api/tokens/1": "DELETE, OPTIONS",
    "/api/whoami": "GET, HEAD, OPTIONS",
}
JSON_BODIES = [
    ("POST", "/api/blobs/missing"),
    ("POST", "/api/runs"),
    ("POST", "/api/tokens"),
    ("POST", "/api/artifacts/model-a/versions"),
    ("PATCH", "/api/artifacts/model-a/v1"),
    ("PUT", "/api/artifacts/model-a/aliases/production"),
    ("POST", "/api/artifacts/model-a/aliases/production/rollback"),
]


@pytest.mark.parametrize("route", UNKNOWN)
def test_an_unknown_route_is_404_in_json_and_never_a_redirect(
    api: APIClient, db: None, route: str
) -> None:
    for method in ("GET", "POST", "DELETE", "PUT"):
        answer = api.generic(method, route)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
        assert (answer.json()["code"], set(answer.json())) == ("not_found", {"detail", "code"})


@pytest.mark.parametrize(("route", "allowed"), ALLOWED.items())
def test_a_method_that_is_none_is_405_and_says_which_are(
    api: APIClient, db: None, route: str, allowed: str
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - set(
        allowed.split(", ")
    ):
        answer = api.generic(method, route)
        assert (answer.status_code, answer["Allow"]) == (405, allowed)
        assert (answer["Content-Type"], answer.json()["code"]) == (
            "application/json",
            "method_not_allowed",
        )


@pytest.mark.parametrize("route", ALLOWED)
def test_options_answers_json(api: APIClient, db: None, route: str) -> None:
    answer = api.options(route)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(("method", "route"), JSON_BODIES)
def test_a_body_that_is_not_called_json_is_415(
    api: APIClient, make_version: MakeVersion, method: str, route: str
) -> None:
    make_version()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        answer = api.generic(method, route, "{}", content_type=kind)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


NO_JSON = [
    " ",
    "{",
    '{"a": 1,}',
    "{'a': 1}",
    '{"a": NaN}',
    '{"a": Infinity}',
    '{"a": -Infinity}',
    '{"a": 1e999}',
    '{"a": ' + "9" * 5000 + "}",
    '{"a": "\t"}',
    '\ufeff{"a": 1}',
    '{"a": 1} {"b": 2}',
    '{"a": 1, "a": 2}',
    "[" * 100_000,
    '{"a":' * 100_000,
]


@pytest.mark.parametrize(("method", "route"), JSON_BODIES)
def test_what_is_no_json_is_400(
    api: APIClient, make_version: MakeVersion, method: str, route: str
) -> None:
    make_version()
    for body in NO_JSON:
        answer = api.generic(method, route, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "parse_error"), body[:40]


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16"), b"\x00"])
def test_a_body_that_is_not_utf8_is_400(api: APIClient, db: None, body: bytes) -> None:
    answer = api.generic("POST", "/api/runs", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize(("method", "route"), JSON_BODIES)
def test_anything_but_an_object_is_400(
    api: APIClient, make_version: MakeVersion, method: str, route: str
) -> None:
    make_version()
    for body in ([], [{}], None, 5, "text", True):
        answer = api.generic(method, route, json.dumps(body), content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), body
        assert answer.json()["detail"]


@pytest.mark.parametrize("query", ["%ff", "a=%ff", "type=%c3%28", "name=%ed%a0%80", "a=1&%80=2"])
@pytest.mark.parametrize("route", ["/api/artifacts", "/api/health", "/api/nothing"])
def test_a_query_that_is_not_utf8_is_400(
    api: APIClient, store: Store, route: str, query: str
) -> None:
    answer = api.get(f"{route}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "query" in answer.json()["detail"]


def test_a_query_of_thousands_of_fields_is_400(api: APIClient, store: Store) -> None:
    answer = api.get("/api/artifacts?" + "a=1&" * 2000)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png;q=0.1"])
def test_whatever_is_accepted_the_answer_is_json(api: APIClient, store: Store, accept: str) -> None:
    for route in ("/api/artifacts", "/api/nothing", "/api/artifacts/x/v1"):
        assert api.get(route, HTTP_ACCEPT=accept)["Content-Type"] == "application/json"


def test_errors_show_chinese_as_it_is(api: APIClient, db: None) -> None:
    answer = api.get("/api/artifacts/模型/v1")
    assert answer.json()["detail"] == "Artifact not found: 模型"
    assert "模型".encode() in answer.content
