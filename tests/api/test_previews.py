"""Looking into a file over HTTP: each kind as the document says, and nothing that is not JSON."""

import json
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion, digest_of
from tests.formats.sources import npz, parquet_file, safetensors, zipped
from tests.formats.test_looking import PNG, element, parquet

ROUTE = "/api/artifacts/model-a/v1/preview"
FILES = {
    "README.md": b"# hello\n",
    "config.json": b'{"lr": 0.1, "nan": NaN}',
    "data/train.csv": b"a,b\n1,2\n",
    "data/train.parquet": parquet([element("schema", children=1), element("id", 2)]),
    "data/many.parquet": parquet_file("many_snappy"),
    "plot.png": PNG,
    "m.safetensors": safetensors({"w": np.zeros((2, 3), np.float32)}, format="pt"),
    "m.npz": npz(w=np.zeros(3)),
    "m.pkl": pickle.dumps({"a": 1}, 4),
    "m.bin": bytes(range(200)),
}


@pytest.fixture
def previews(api: APIClient, make_version: MakeVersion) -> dict[str, Any]:
    """What is said of each."""
    make_version(files=FILES)
    found = {}
    for path in FILES:
        answer = api.get(f"{ROUTE}/{path}")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        found[path] = answer.json()
    return found


def test_each_has_its_kind_and_only_the_key_of_it(previews: dict[str, Any]) -> None:
    kinds = {path: one["kind"] for path, one in previews.items()}
    assert kinds == {
        "README.md": "text", "config.json": "json", "data/train.csv": "table",
        "data/train.parquet": "parquet", "data/many.parquet": "parquet", "plot.png": "image",
        "m.safetensors": "tensors",
        "m.npz": "tensors", "m.pkl": "pickle", "m.bin": "binary",
    }  # fmt: skip
    for path, one in previews.items():
        keys = {"path", "size", "digest", "kind", "truncated", "notes", one["kind"]}
        assert set(one) == keys
        assert (one["path"], one["size"]) == (path, len(FILES[path]))
        assert one["digest"] == digest_of(FILES[path])


def test_what_it_says(previews: dict[str, Any]) -> None:
    said = {path: one[one["kind"]] for path, one in previews.items()}
    assert said["README.md"] == {"text": "# hello\n", "language": "markdown"}
    assert said["config.json"] == {"value": {"lr": 0.1, "nan": "NaN"}}
    assert said["data/train.csv"]["rows"] == [["a", "b"], ["1", "2"]]
    assert said["data/train.parquet"]["num_rows"] == 1000
    many = said["data/many.parquet"]
    assert (many["num_rows"], many["num_columns"], len(many["rows"])) == (200, 5, 50)
    assert many["columns"][1] == {"name": "word", "type": "utf8", "repetition": "optional"}
    assert many["rows"][2] == ["2", None, "1.0", "false", "[0, 1]"]
    assert previews["data/many.parquet"]["truncated"] is True
    assert said["plot.png"] == {"media_type": "image/png", "width": 256, "height": 128}
    assert said["m.safetensors"] == {
        "format": "safetensors",
        "tensors": [{"name": "w", "dtype": "F32", "shape": [2, 3], "size_bytes": 24}],
        "num_tensors": 1,
        "num_parameters": 6,
        "metadata": {"format": "pt"},
    }
    assert said["m.pkl"] == {
        "imports": [], "num_imports": 0, "is_complete": True, "needs_warning": False,
    }  # fmt: skip
    assert said["m.bin"]["lines"][0]["hex"].startswith("00 01 02")


def test_many_tensors_are_cut(api: APIClient, make_version: MakeVersion) -> None:
    many = {f"w{n}": np.zeros(1, np.float32) for n in range(1200)}
    make_version(files={"m.safetensors": safetensors(many)})
    found = api.get(f"{ROUTE}/m.safetensors").json()["tensors"]
    assert (len(found["tensors"]), found["num_tensors"]) == (1000, 1200)


HOSTILE = {
    "bomb.parquet": parquet_file("bomb"),
    "cut.parquet": parquet_file("types")[300:],
    "torn.parquet": parquet_file("types").replace(b"\x15", b"\x16"),
    "deep.json": b"[" * 900_000,
    "surrogate.json": rb'{"a": "\ud800", "b": 1e999}',
    "big.json": b"[" + b"1e400," * 1000 + b"-Infinity]",
    "markup.html": b"<script>alert(1)</script>",
    "claims.safetensors": b"\xff" * 8 + b"{}",
    "name.safetensors": b"\x02\0\0\0\0\0\0\0{}",
    "bomb.npz": zipped({"a.npy": bytes(20_000_000)}, zipfile.ZIP_DEFLATED),
    "evil.pkl": b"\x80\x04\x8c\x03\xed\xa0\x80\x8c\x01x\x93.",
    "a.csv": b'"\0' + b"," * 500_000,
    "nul.txt": b"\0",
    "half.txt": b"\xff\xfe\x00\xd8",
}


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_content_is_told_as_json(
    api: APIClient, make_version: MakeVersion, path: str
) -> None:
    make_version(files={path: HOSTILE[path]})
    answer = api.get(f"{ROUTE}/{path}")
    assert answer.status_code == 200
    json.loads(answer.content, parse_constant=pytest.fail)
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_what_is_not_there_or_not_to_be_read_is_refused(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"a.txt": b"x"})
    for path in ("b.txt", "%00", "a.txt/b"):
        answer = api.get(f"{ROUTE}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    Blob.objects.update(damaged_at=version.created_at)
    assert api.get(f"{ROUTE}/a.txt").json()["code"] == "corrupted"
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert api.get(f"{ROUTE}/a.txt").status_code == 410
