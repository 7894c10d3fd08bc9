"""Requests that reach the portal before any check of ours, or past it: never a 500."""

from base64 import b64encode
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.api.conftest import Commit
from tests.conftest import MakeVersion


def basic(user: str, password: str) -> str:
    """An ``Authorization`` header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("password", ["\0", "rn_\0", "rn_" + "x" * 10_000])
def test_a_strange_token_is_no_token(store: Store, password: str) -> None:
    answer = APIClient(headers={"authorization": basic("x", password)}).get("/api/artifacts")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_nul_in_a_session_cookie_is_bad_input(store: Store, team: None) -> None:
    client = APIClient()
    client.cookies["sessionid"] = "\0aaaaaaaaaaaa"
    answer = client.get("/api/artifacts")
    assert (answer.status_code, answer.json()["code"]) in {
        (400, "invalid"),
        (401, "unauthenticated"),
    }


@pytest.mark.parametrize("parts", [65, 2000])
def test_a_metadata_key_nested_too_deeply_is_bad_input(
    api: APIClient, store: Store, parts: int
) -> None:
    answer = api.get("/api/artifacts", {"metadata." + ".".join("a" * parts): "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
def test_the_documents_answer_other_methods_in_json(api: APIClient, path: str) -> None:
    answer = api.options(path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_flag_given_twice_is_bad_input(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    answer = api.delete("/api/artifacts/model-a/v1?permanent=false&permanent=true")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["permanent"])
    assert api.get("/api/artifacts/model-a/v1").json()["status"] == "ready"


def test_a_commit_id_used_for_other_content_is_a_conflict(commit: Commit) -> None:
    commit_id = str(uuid4())
    assert commit(files={"a": b"one"}, commit_id=commit_id).status_code == 201
    assert commit(files={"a": b"one"}, commit_id=commit_id).status_code == 200
    assert commit(files={"a": b"two"}, commit_id=commit_id).status_code == 409


@pytest.mark.parametrize("alias", [".", ".."])
def test_an_alias_that_urls_cannot_name_is_refused(commit: Commit, alias: str) -> None:
    assert commit(aliases=[alias]).status_code == 400


def test_an_unknown_type_in_a_body_lists_the_five(commit: Commit) -> None:
    answer = commit(type="weights")
    assert answer.status_code == 400
    assert "model, dataset, config, code, custom" in answer.json()["detail"]


def test_where_the_storage_is_stays_in_the_log(api: APIClient, store: Store) -> None:
    (store.root / "store.json").rename(store.root / "gone.json")
    answer = api.get("/api/health")
    assert answer.status_code == 503
    assert str(store.root) not in answer.content.decode()
