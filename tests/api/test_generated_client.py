"""A client made by openapi-python-client from ``docs/openapi.yml`` works with a running portal."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
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
    return importlib.import_module(f"portal_client.api.artifacts.{operation}").sync_detailed(
        *args, **options
    )


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
