"""Bodies, paths and archives made to harm."""

import gzip
import io
import tarfile
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.api.conftest import body_of, file_row, nothing_kept
from tests.conftest import MakeVersion, digest_of

OUT = ["../a", "a/../../b", "/etc/passwd", "a//b", "..", ".", "a/./b", "a\\..\\b", "C:\\a", "\0"]
ZEROS = bytes(1 << 20)
PACKED = {"gzip": gzip.compress(ZEROS), "deflate": zlib.compress(ZEROS)}


@pytest.mark.parametrize("path", OUT)
def test_a_path_that_leads_out_is_refused(api: APIClient, store: Store, path: str) -> None:
    body = {"type": "model", "files": [file_row(path, b"x")]}
    with nothing_kept(store):
        answer = api.post("/api/artifacts/m/versions", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("name", ["..", "../m", "a/../b", "a\\b", ".hidden", "a."])
def test_a_name_that_leads_out_is_refused(api: APIClient, store: Store, name: str) -> None:
    body = {"type": "model", "references": [{"uri": "s3://a"}]}
    with nothing_kept(store):
        answer = api.post(f"/api/artifacts/{quote(name, safe='')}/versions", body, format="json")
    assert answer.status_code in {400, 404}


@pytest.mark.parametrize("path", [quote("../../store.json", safe=""), "%2e%2e/%2e%2e/store.json"])
def test_no_download_leads_out(api: APIClient, make_version: MakeVersion, path: str) -> None:
    make_version()
    for url in (f"/api/artifacts/model-a/v1/files/{path}", f"/static/{path}", f"/api/blobs/{path}"):
        assert api.get(url).status_code in {400, 404}


def test_an_archive_unpacks_into_its_own_folder(
    api: APIClient, make_version: MakeVersion, tmp_path: Path
) -> None:
    make_version(files={"a/b": b"1", " ..": b"2", "...": b"3", "C:a": b"4", "-rf": b"5"})
    raw = body_of(api.get("/api/artifacts/model-a/v1/archive?format=tar"))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        archive.extractall(tmp_path / "tar", filter="data")
        assert all(one.isreg() for one in archive)
    raw = body_of(api.get("/api/artifacts/model-a/v1/archive"))
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert not [name for name in packed.namelist() if name.startswith(("/", "../"))]
    assert sorted(path.name for path in (tmp_path / "tar").iterdir())[:1] == [" .."]


@pytest.mark.parametrize("coding", PACKED)
def test_a_compressed_body_stays_compressed(api: APIClient, store: Store, coding: str) -> None:
    """What is said of a coding is not heeded: these bytes are the content, and small."""
    packed = PACKED[coding]
    headers = {"Content-Encoding": coding}
    kind = "application/octet-stream"
    wrong = f"/api/blobs/{digest_of(ZEROS)}"
    assert api.generic("PUT", wrong, packed, kind, headers=headers).status_code == 422
    right = f"/api/blobs/{digest_of(packed)}"
    assert api.generic("PUT", right, packed, kind, headers=headers).status_code == 201
    assert Blob.objects.get().size_bytes == len(packed)


@pytest.mark.parametrize("coding", PACKED)
def test_compressed_json_is_not_json(api: APIClient, store: Store, coding: str) -> None:
    answer = api.generic(
        "POST", "/api/runs", PACKED[coding], "application/json",
        headers={"Content-Encoding": coding},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
