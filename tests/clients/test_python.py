"""A client made by openapi-python-client from ``docs/openapi.yml`` works with a running portal."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from tests.api.conftest import file_row
from tests.conftest import digest_of
from tests.live import LivePortal

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yml"


CONFIG = """
post_hooks: []
content_type_overrides:
  application/zip: application/octet-stream
  application/x-tar: application/octet-stream
"""


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the package ``portal_client``."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yml").write_text(CONFIG)
    target = folder / "portal_client"
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    options = {"path": DOCUMENT, "output-path": target, "meta": "none", "config": "config.yml"}
    given = [f"--{name}={value}" for name, value in options.items()]
    subprocess.run([*command, *given], cwd=folder, check=True)
    return folder


@pytest.fixture
def client(
    generated: Path, live_portal: LivePortal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A client of the running portal."""
    monkeypatch.syspath_prepend(generated)
    with importlib.import_module("portal_client").Client(live_portal.url) as client:
        yield client


def call(operation: str, *args: Any, **options: Any) -> Any:
    tag = "blobs" if operation.endswith(("_blob", "_blobs")) else "artifacts"
    module = importlib.import_module(f"portal_client.api.{tag}.{operation}")
    return module.sync_detailed(*args, **options)


def model(name: str, values: dict[str, Any]) -> Any:
    return getattr(importlib.import_module("portal_client.models"), name).from_dict(values)


def upload(client: Any, content: bytes) -> dict[str, Any]:
    """Send it if it is missing; the row of a commit."""
    row = file_row("model.pth", content)
    asked = model("DigestsIn", {"digests": [row["digest"]]})
    assert call("missing_blobs", client=client, body=asked).parsed.missing == [row["digest"]]
    file = importlib.import_module("portal_client.types").File(BytesIO(content))
    assert call("upload_blob", row["digest"], client=client, body=file).status_code == 201
    return row


@pytest.fixture
def name(live_portal: LivePortal) -> str:
    """The name of an artifact with two versions."""
    content, name = uuid4().bytes, f"模型 {uuid4()}"
    row = file_row("model.pth", content)
    http = urllib3.PoolManager()
    http.request("PUT", f"{live_portal.url}/api/blobs/{digest_of(content)}", body=content)
    for _ in range(2):
        body = {"type": "model", "files": [row], "metadata": {"accuracy": 0.9}}
        answer = http.request("POST", f"{live_portal.url}/api/artifacts/{name}/versions", json=body)
        assert answer.status == 201
    http.clear()
    return name


def test_it_lists(client: Any, name: str) -> None:
    answer = call("list_artifacts", client=client, name=name)
    (item,) = answer.parsed
    assert (item.name, item.num_versions, item.latest_version) == (name, 2, 2)
    assert item.aliases.additional_properties == {"latest": 2}
    assert [one.version for one in call("list_versions", name, client=client).parsed] == [1, 2]


def test_it_filters(client: Any, name: str) -> None:
    types = importlib.import_module("portal_client.models").ListArtifactsType
    assert call("list_artifacts", client=client, name=name, type_=types.CODE).parsed == []
    (item,) = call("list_artifacts", client=client, name=name, type_=types.MODEL).parsed
    assert item.type_ == "model"


def test_it_uploads_and_commits(client: Any, name: str) -> None:
    row = upload(client, f"new {name}".encode())
    body = model("CommitIn", {"type": "model", "files": [row], "tags": ["a"], "aliases": ["new"]})
    made = call("commit_version", name, client=client, body=body)
    assert (made.status_code, made.parsed.version, made.parsed.tags) == (201, 3, ["a"])
    assert call("get_alias", name, "new", client=client).parsed.version == 3


def test_it_moves_an_alias(client: Any, name: str) -> None:
    for number in (1, 2):
        body = model("AliasMoveIn", {"version": number, "comment": "it is better"})
        assert call("move_alias", name, "best", client=client, body=body).parsed.version == number
    moves = call("list_alias_history", name, "best", client=client).parsed
    assert {(one.from_version, one.to_version) for one in moves} == {(None, 1), (1, 2)}


def test_it_reads(client: Any, name: str) -> None:
    version = call("get_version", name, 2, client=client).parsed
    assert (version.status, version.metadata.additional_properties) == ("ready", {"accuracy": 0.9})
    (file,) = call("list_files", name, 2, client=client).parsed.files
    assert (file.path, file.size) == ("model.pth", 16)
    assert call("get_stats", client=client).parsed.total_artifacts >= 1


def test_it_downloads(client: Any, name: str) -> None:
    answer = call("download_file", name, 2, "model.pth", client=client)
    assert (answer.status_code, len(answer.parsed.payload.read())) == (200, 16)


def test_it_deletes(client: Any, name: str) -> None:
    deleted = call("delete_version", name, 2, client=client, permanent=False).parsed
    assert deleted.message == f"Soft deleted {name}:v2 locally"
    assert call("get_version", name, 2, client=client).parsed.status == "deleted"
    deleted = call("delete_version", name, 2, client=client, permanent=True).parsed
    assert deleted.message == f"Permanently deleted {name}:v2 locally"


def test_it_understands_a_refusal(client: Any, name: str) -> None:
    answer = call("get_version", name, 999, client=client)
    assert (answer.status_code, answer.parsed.code) == (404, "version_not_found")
    assert answer.parsed.detail == f"Version not found: {name}:v999"


def test_it_is_told_what_is_missing(client: Any, name: str) -> None:
    row = file_row("model.pth", uuid4().bytes)
    body = model("CommitIn", {"type": "model", "files": [row]})
    answer = call("commit_version", name, client=client, body=body)
    assert type(answer.parsed).__name__ == "ErrorOut"
    assert (answer.status_code, answer.parsed.code) == (409, "missing_blobs")
    assert answer.parsed.missing == [row["digest"]]


def test_every_operation_types_its_refusals(generated: Path) -> None:
    operations = list((generated / "portal_client" / "api").glob("*/[a-z]*.py"))
    assert len(operations) > 30
    untyped = {one.stem for one in operations if "ErrorOut" not in one.read_text()}
    assert untyped == {"get_health"}
