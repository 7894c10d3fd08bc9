"""Content that lies in several files goes out like any other."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from artifacts.models import Blob, BlobBase, Version
from artifacts.services.space import VersionSpace, measure_version
from artifacts.services.trees import build_version_tree, built_folder
from artifacts.storage.layout import Store, physical_path
from tests.api.conftest import body_of
from tests.checkpoints import checkpoint
from tests.conftest import ANYBODY, digest_of
from tests.crash.acts import commit, upload
from tests.leaning import BLOCK, blocks, lean, row

PLAIN, LEANING = blocks("abcd"), blocks("xbcdy")
ROUTE = f"/api/blobs/{digest_of(LEANING)}"
FILES = "/api/artifacts/model-a/v1/files"


@pytest.fixture
def version(store: Store) -> Version:
    """``leaning.bin`` keeps three blocks in the content of ``plain.bin``."""
    upload(PLAIN)
    lean("xbcdy", "abcd")
    made = commit("model-a", {"plain.bin": PLAIN, "leaning.bin": LEANING})
    build_version_tree(made.pk)
    return made


def test_two_checkpoints_sent_for_an_artifact_come_back(api: APIClient, store: Store) -> None:
    contents = [checkpoint(number) for number in range(2)]
    for content in contents:
        route = f"/api/blobs/{digest_of(content)}?artifact=model/model-a"
        assert api.put(route, content, content_type="application/octet-stream").status_code == 201
    commit("model-a", {f"{number}.bin": content for number, content in enumerate(contents)})
    blob = Blob.objects.order_by("pk").last()
    assert blob is not None
    assert blob.physical_bytes < 0.3 * blob.size_bytes
    assert body_of(api.get(f"/api/blobs/{blob.digest}")) == contents[1]
    part = api.get(f"{FILES}/1.bin", HTTP_RANGE="bytes=500-5000000")
    assert (part.status_code, body_of(part)) == (206, contents[1][500:5000001])
    assert read_zip(api) == read_tar(api) == {"0.bin": contents[0], "1.bin": contents[1]}


def read_zip(api: APIClient) -> dict[str, bytes]:
    body = body_of(api.get("/api/artifacts/model-a/v1/archive"))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_tar(api: APIClient) -> dict[str, bytes]:
    body = body_of(api.get("/api/artifacts/model-a/v1/archive?format=tar"))
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        files = {one.name: archive.extractfile(one) for one in archive}
        return {name: file.read() for name, file in files.items() if file}


def test_it_has_the_headers_of_any_content(api: APIClient, version: Version) -> None:
    for answer in api.get(ROUTE), api.head(ROUTE), api.get(f"{FILES}/leaning.bin"):
        assert answer.status_code == 200
        assert answer["Content-Length"] == str(len(LEANING))
        assert answer["ETag"] == f'"{digest_of(LEANING)}"'
    assert body_of(api.get(f"{FILES}/leaning.bin")) == LEANING
    known = api.get(ROUTE, HTTP_IF_NONE_MATCH=f'"{digest_of(LEANING)}"')
    assert known.status_code == 304


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (BLOCK - 1, BLOCK + 1),
        (BLOCK, 2 * BLOCK),
        (10, 4 * BLOCK + 10),
        (4 * BLOCK - 1, 5 * BLOCK),
        (5 * BLOCK - 1, 5 * BLOCK),
    ],
)
def test_every_range_is_right(api: APIClient, version: Version, start: int, end: int) -> None:
    answer = api.get(ROUTE, HTTP_RANGE=f"bytes={start}-{end - 1}")
    assert (answer.status_code, body_of(answer)) == (206, LEANING[start:end])


def test_a_range_outside_of_it_is_416(api: APIClient, version: Version) -> None:
    assert api.get(ROUTE, HTTP_RANGE=f"bytes={len(LEANING)}-").status_code == 416


def test_archives_hold_it(api: APIClient, version: Version) -> None:
    assert read_zip(api) == read_tar(api) == {"leaning.bin": LEANING, "plain.bin": PLAIN}


def test_an_archive_asks_once_for_each_content_that_leans(api: APIClient, version: Version) -> None:
    with CaptureQueriesContext(connection) as captured:
        body_of(api.get("/api/artifacts/model-a/v1/archive"))
    assert len(captured) == 6  # four for any archive, one for all that lean, one for this one


@pytest.mark.parametrize("which", ["abcd", "xbcdy"])
def test_nothing_of_it_is_sent_where_a_file_is_gone(
    api: APIClient, version: Version, store: Store, which: str
) -> None:
    physical_path(store, row(which).place).unlink()
    for route in (ROUTE, f"{FILES}/leaning.bin", "/api/artifacts/model-a/v1/archive"):
        answer = api.get(route)
        assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")
    if which == "xbcdy":
        assert body_of(api.get(f"{FILES}/plain.bin")) == PLAIN


def test_remains_are_404(api: APIClient, version: Version) -> None:
    Blob.objects.filter(pk=row("abcd").pk).update(layout="remains")
    answer = api.get(f"/api/blobs/{digest_of(PLAIN)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "blob_not_found")


def test_the_folder_is_complete_without_it(api: APIClient, version: Version) -> None:
    folder = built_folder(version)
    assert folder is not None
    found = {path.name for path in (folder / "files").iterdir()}
    assert found == {"plain.bin"}
    paths = {one["path"]: one["absolute_path"] for one in api.get(FILES).json()["files"]}
    assert paths["leaning.bin"] is None
    assert Path(paths["plain.bin"]).read_bytes() == PLAIN


def test_the_folder_gets_it_once_it_is_one_file(
    api: APIClient, version: Version, django_capture_on_commit_callbacks: Any
) -> None:
    Blob.objects.filter(pk=row("xbcdy").pk).update(damaged_at=version.created_at)
    with django_capture_on_commit_callbacks(execute=True):
        upload(LEANING)
    paths = {one["path"]: one["absolute_path"] for one in api.get(FILES).json()["files"]}
    assert Path(paths["leaning.bin"]).read_bytes() == LEANING


def test_a_version_says_what_it_takes_and_what_it_shares(api: APIClient, version: Version) -> None:
    found = api.get("/api/artifacts/model-a/v1").json()
    assert found["size_bytes"] == 9 * BLOCK
    assert found["physical_bytes"] == len(PLAIN) + row("xbcdy").physical_bytes
    assert found["shared_bytes"] == 3 * BLOCK


def test_what_another_version_holds_is_shared_whole(version: Version) -> None:
    upload(b"more")
    other = commit("model-b", {"again.bin": PLAIN, "more": b"more"})
    assert measure_version(version, ANYBODY).shared_bytes == len(PLAIN) + 3 * BLOCK
    assert measure_version(other, ANYBODY) == VersionSpace(len(PLAIN) + 4, len(PLAIN))


def test_content_that_a_version_has_twice_takes_its_space_once(store: Store) -> None:
    upload(PLAIN)
    made = commit("model-a", {"a": PLAIN, "b": PLAIN})
    assert measure_version(made, ANYBODY) == VersionSpace(len(PLAIN), 0)
    assert not BlobBase.objects.exists()
