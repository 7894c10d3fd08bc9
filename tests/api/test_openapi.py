"""``docs/openapi.yml``: valid, complete, and what the code says."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from tests.api.conftest import API_ROUTES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yml"
UNDOCUMENTED = {"/api/schema", "/api/docs"}


@pytest.fixture(scope="module")
def document() -> Any:
    """The document in the repository."""
    return yaml.safe_load(DOCUMENT.read_text())


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_and_what_the_code_says(tmp_path: Path) -> None:
    target = tmp_path / "openapi.yml"
    call_command("spectacular", file=str(target), validate=True, fail_on_warn=True)
    assert target.read_text() == DOCUMENT.read_text(), "run `make schema`"


def test_every_route_is_in_it(document: Any) -> None:
    ours = {path for _, path in API_ROUTES} - UNDOCUMENTED
    assert len(document["paths"]) == len(ours)
    assert len(operations(document)) == len(
        [one for one in API_ROUTES if one[1] not in UNDOCUMENTED]
    )


def test_every_operation_has_a_name_and_a_sentence(document: Any) -> None:
    found = [operation for _, _, operation in operations(document)]
    assert all(operation["description"] for operation in found)
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)


def test_every_refusal_has_the_one_error_body(document: Any) -> None:
    refusals = [
        (path, status, answer)
        for _, path, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status[0] in "45" and path not in {"/api/health"}
    ]
    assert len(refusals) > 100
    for path, status, answer in refusals:
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (path, status)


def test_no_route_demands_a_login_in_open_mode(document: Any) -> None:
    assert all({} in operation.get("security", [{}]) for _, _, operation in operations(document))


def test_the_portal_serves_it(api: APIClient, db: None) -> None:
    answer = api.get("/api/schema")
    assert yaml.safe_load(answer.content) == yaml.safe_load(DOCUMENT.read_text())
    as_json = api.get("/api/schema?format=json")
    assert as_json["Content-Type"].startswith("application/vnd.oai.openapi+json")


def test_there_is_a_page_to_try_it_on(api: APIClient, db: None) -> None:
    answer = api.get("/api/docs")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    script = api.get("/api/docs?script=")
    assert b"/api/schema" in script.content
    assert b"cdn" not in answer.content


@pytest.mark.parametrize(("theme", "said"), [("dark", b'data-theme="dark"'), ("", b"light dark")])
def test_the_page_leads_back_and_has_the_theme_of_the_reader(
    client: Client, db: None, theme: str, said: bytes
) -> None:
    client.post("/preferences/theme", {"theme": theme})
    page = client.get("/api/docs").content
    assert b'<a href="/">' in page
    assert said in page
