"""``POST …/bundle``: some files of a version as records in one answer."""

import hashlib
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.services.versions import soft_delete_version
from tests.api.conftest import body_of
from tests.conftest import ANYBODY, MakeVersion, digest_of

ROUTE = "/api/artifacts/model-a/v1/bundle"
CONTENTS = {"a": b"one", "d/b": b"two" * 200_000, "empty": b"", "again": b"one"}


def ask(api: APIClient, *contents: bytes, route: str = ROUTE) -> Any:
    digests = [digest_of(content) for content in contents]
    return api.post(route, {"digests": digests}, format="json")


def records_of(answer: Any) -> list[bytes]:
    """The contents of the records, each of which has the digest it says."""
    body, found = body_of(answer), []
    while body:
        length = int.from_bytes(body[32:40], "big")
        content = body[40 : 40 + length]
        assert hashlib.sha256(content).digest() == body[:32]
        found.append(content)
        body = body[40 + length :]
    return found


def test_the_contents_come_as_records(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    answer = ask(api, *CONTENTS.values())
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/octet-stream")
    assert sorted(records_of(answer)) == sorted(set(CONTENTS.values()))


def test_only_what_is_asked_for_comes(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    assert records_of(ask(api, b"one")) == [b"one"]
    assert records_of(ask(api)) == []


def test_content_of_other_versions_is_left_out(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    make_version(files={"other": b"other"})
    assert records_of(ask(api, b"other", b"nowhere", b"one")) == [b"one"]


def test_damaged_content_is_left_out(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    damaged = digest_of(b"one").removeprefix("sha256:")
    Blob.objects.filter(sha256=damaged).update(damaged_at=timezone.now())
    assert records_of(ask(api, b"one", b"")) == [b""]


def test_a_deleted_version_is_gone(api: APIClient, make_version: MakeVersion) -> None:
    soft_delete_version(version=make_version(files=CONTENTS), deleted_by=ANYBODY)
    assert ask(api, b"one").status_code == 410


def test_what_is_not_there_is_404(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    assert ask(api, b"one", route=ROUTE.replace("v1", "v9")).status_code == 404
    assert ask(api, b"one", route=ROUTE.replace("model-a", "nothing")).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, [], {"digests": None}, {"digests": [1]}, {"digests": ["sha256:x"]}]
)
def test_bad_input_is_400(api: APIClient, make_version: MakeVersion, body: object) -> None:
    make_version(files=CONTENTS)
    assert api.post(ROUTE, body, format="json").status_code == 400


def test_too_many_digests_are_400(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    assert ask(api, *([b"one"] * 10_001)).status_code == 400
