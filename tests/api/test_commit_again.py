"""``if_unchanged`` of a commit: a version all the same, or the latest one again."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import MakeVersion, digest_of

ROUTE = "/api/artifacts/model-a/versions"
CONTENT = b"content of a"


def commit(api: APIClient, **said: object) -> Any:
    files = [{"path": "a.bin", "digest": digest_of(CONTENT), "size": len(CONTENT)}]
    return api.post(ROUTE, {"type": "model", "files": files, **said}, format="json")


def test_reuse_answers_200_with_the_latest(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a.bin": CONTENT})
    answer = commit(api, if_unchanged="reuse", aliases=["production"])
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert answer.json()["aliases"] == ["latest", "production"]


@pytest.mark.parametrize("said", [{}, {"if_unchanged": "new"}])
def test_otherwise_a_version_is_made(
    api: APIClient, make_version: MakeVersion, said: dict[str, str]
) -> None:
    make_version(files={"a.bin": CONTENT})
    answer = commit(api, **said)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)


@pytest.mark.parametrize("value", ["skip", "", None, 1])
def test_other_values_are_refused(api: APIClient, make_version: MakeVersion, value: object) -> None:
    make_version(files={"a.bin": CONTENT})
    answer = commit(api, if_unchanged=value)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["if_unchanged"])
