"""``GET …/archive``: the whole version as one zip or tar."""

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.manifest import ManifestReference
from tests.api.conftest import body_of
from tests.conftest import MakeVersion, sha256_of

ROUTE = "/api/artifacts/model-a/v1/archive"
CONTENTS = {
    "a.bin": b"a" * 3_000_000,
    "empty": b"",
    "数据/模型 权重.bin": b"weights",
    "d/" * 100 + "deep.bin": b"deep",
    "e\u0301": b"decomposed",
    "é": b"composed",
}


def test_without_a_format_it_is_a_zip(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    answer = api.get(ROUTE)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"].startswith('attachment; filename="model-a-v1.zip"')
    with zipfile.ZipFile(io.BytesIO(body_of(answer))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS


def test_a_tar_holds_the_same(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files=CONTENTS)
    answer = api.get(f"{ROUTE}?format=tar")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-tar")
    assert answer["Content-Disposition"].startswith('attachment; filename="model-a-v1.tar"')
    with tarfile.open(fileobj=io.BytesIO(body_of(answer))) as archive:
        found = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
    assert found == CONTENTS


def test_the_programs_of_the_system_open_both(
    api: APIClient, make_version: MakeVersion, tmp_path: Path
) -> None:
    contents = {"a/b.bin": b"content", "c": b"2"}
    make_version(files=contents)
    for kind, command in (("tar", ["tar", "-xf"]), ("zip", ["unzip", "-q"])):
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "it").write_bytes(body_of(api.get(f"{ROUTE}?format={kind}")))
        subprocess.run([*command, "it"], cwd=folder, check=True)
        assert {path: (folder / path).read_bytes() for path in contents} == contents


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_one_version_always_gives_the_same_bytes(
    api: APIClient, make_version: MakeVersion, kind: str
) -> None:
    make_version(files={"b": b"2", "a": b"1"})
    route = f"{ROUTE}?format={kind}"
    assert body_of(api.get(route)) == body_of(api.get(route))


def test_a_zip_needs_no_zip64_until_it_is_large(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a": b"1"})
    with zipfile.ZipFile(io.BytesIO(body_of(api.get(ROUTE)))) as archive:
        (info,) = archive.infolist()
    assert (info.extract_version, info.extra, info.compress_type) == (20, b"", zipfile.ZIP_STORED)


def test_a_file_over_the_limit_of_zip_makes_a_zip64(
    api: APIClient, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)  # 2 GiB; nobody waits for that here
    make_version(files={"a": b"1", "b": bytes(2000)})
    with zipfile.ZipFile(io.BytesIO(body_of(api.get(ROUTE)))) as archive:
        assert archive.testzip() is None
        found = {
            info.filename: (info.file_size, info.extract_version) for info in archive.infolist()
        }
    assert found == {"a": (1, 20), "b": (2000, 45)}


@pytest.mark.parametrize("kind", ["ZIP", "rar", "", "%00", "../x"])
def test_another_format_is_refused(api: APIClient, make_version: MakeVersion, kind: str) -> None:
    make_version()
    answer = api.get(f"{ROUTE}?format={kind}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["format"])
    assert answer.json()["detail"].startswith("format: ")


def test_damaged_content_is_refused_before_the_first_byte(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"good": b"1", "bad/one": b"2"})
    Blob.objects.filter(sha256=sha256_of(b"2")).update(damaged_at=version.created_at)
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")
    assert "bad/one" in answer.json()["detail"]


def test_head_sends_nothing_and_promises_no_length(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    head = api.head(ROUTE)
    assert (head.status_code, head["Content-Type"]) == (200, "application/zip")
    assert "Content-Length" not in head


def test_a_version_of_references_gives_an_empty_archive(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(files={}, references=(ManifestReference(uri="s3://bucket/key"),))
    with zipfile.ZipFile(io.BytesIO(body_of(api.get(ROUTE)))) as archive:
        assert archive.namelist() == []


@pytest.mark.parametrize("path", ["data", "data/", "/data/"])
def test_a_folder_alone_keeps_its_paths(
    api: APIClient, make_version: MakeVersion, path: str
) -> None:
    make_version(files={"a": b"1", "data/x": b"2", "data/in/y": b"3", "data-2/z": b"4"})
    answer = api.get(ROUTE, {"path": path})
    assert 'filename="model-a-v1-data.zip"' in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(body_of(answer))) as archive:
        assert archive.namelist() == ["data/in/y", "data/x"]


@pytest.mark.parametrize("path", ["none", "a", "dat", "%", "\0", "../"])
def test_a_folder_that_is_not_there_is_404(
    api: APIClient, make_version: MakeVersion, path: str
) -> None:
    make_version(files={"a": b"1", "data/x": b"2"})
    answer = api.get(ROUTE, {"path": path})
    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")


def test_damage_elsewhere_does_not_keep_a_folder_back(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"a": b"1", "data/x": b"2"})
    Blob.objects.filter(entries__path="a").update(damaged_at=version.created_at)
    assert api.get(ROUTE, {"path": "data"}).status_code == 200
    assert api.get(ROUTE).status_code == 422
