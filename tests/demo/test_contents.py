"""The files are what their names say, the same each time, and change as files really do."""

import ast
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from examples.demo.models import measure, measure_error
from examples.demo.moments import Facts, Moment, Product
from examples.demo.plots import draw_lines
from examples.demo.projects import products
from examples.demo.sources import RENAMED_IN
from examples.demo.tensors import make_network, write_safetensors
from examples.demo.texts import changed_key, settings_at, to_yaml

PRODUCTS = {product.name: product for product in products()}
MIB = 1 << 20


def make(product: Product, number: int, folder: Path) -> tuple[Facts, dict[str, bytes]]:
    """What is said of a version, and its files."""
    folder.mkdir(parents=True)
    facts = product.make(Moment(product.name, number, folder))
    found = [path for path in folder.rglob("*") if path.is_file()]
    return facts, {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def files_of(name: str, number: int, folder: Path) -> dict[str, bytes]:
    """The files of a version."""
    return make(PRODUCTS[name], number, folder / f"v{number}")[1]


def read_header(content: bytes) -> dict[str, Any]:
    """The header of a file in safetensors."""
    (length,) = struct.unpack("<Q", content[:8])
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    return header


def check_safetensors(content: bytes) -> None:
    header = read_header(content)
    header.pop("__metadata__")
    ends = [0, *(one["data_offsets"][1] for one in header.values())]
    assert [one["data_offsets"][0] for one in header.values()] == ends[:-1]
    (length,) = struct.unpack("<Q", content[:8])
    assert 8 + length + ends[-1] == len(content)
    assert (8 + length) % 8 == 0


def check_png(content: bytes) -> None:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    (size,) = struct.unpack(">I", content[33:37])
    assert content[37:41] == b"IDAT"
    assert len(zlib.decompress(content[41 : 41 + size])) == height * (1 + 3 * width)
    assert content.endswith(b"IEND" + struct.pack(">I", zlib.crc32(b"IEND")))


CHECKS: dict[str, Any] = {
    ".py": ast.parse,
    ".json": json.loads,
    ".jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    ".yaml": yaml.safe_load,
    ".safetensors": check_safetensors,
    ".png": check_png,
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_file_is_what_its_name_says(name: str, tmp_path: Path) -> None:
    for number in (1, 5):
        for path, content in files_of(name, number, tmp_path).items():
            assert content, path
            CHECKS.get(Path(path).suffix, lambda content: None)(content)


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_same_version_has_the_same_bytes(name: str, tmp_path: Path) -> None:
    first = make(PRODUCTS[name], 2, tmp_path / "first")
    again = make(PRODUCTS[name], 2, tmp_path / "again")
    assert first == again


# A guide that tells all in its first version is made once.
@pytest.mark.parametrize("name", sorted(PRODUCTS.keys() - {"about-this-demo"}))
def test_the_next_version_is_another(name: str, tmp_path: Path) -> None:
    assert files_of(name, 1, tmp_path) != files_of(name, 2, tmp_path)


@pytest.mark.parametrize("name", ["base-encoder", "ticket-router", "defect-detector"])
def test_large_models_are_cut_and_keep_most_tensors(name: str, tmp_path: Path) -> None:
    before, after = (files_of(name, number, tmp_path)["model.safetensors"] for number in (2, 3))
    assert min(len(before), len(after)) >= 8 * MIB
    start = 8 + struct.unpack("<Q", before[:8])[0]
    spans = [one["data_offsets"] for key, one in read_header(before).items() if key[0] != "_"]
    there = [before[start + a : start + b] in after for a, b in spans]
    assert not all(there)
    assert sum(there) > len(there) / 2


def test_embeddings_keep_what_was_there(tmp_path: Path) -> None:
    files_of("image-embeddings", 1, tmp_path)
    content = files_of("image-embeddings", 2, tmp_path)["embeddings.npz"]
    assert len(content) >= 8 * MIB
    with (
        np.load(tmp_path / "v1/embeddings.npz") as old,
        np.load(tmp_path / "v2/embeddings.npz") as new,
    ):
        assert (old["part_01"] == new["part_01"]).all()
        assert list(new) == ["part_01", "part_02"]


def test_tables_grow_at_their_end(tmp_path: Path) -> None:
    before, after = (files_of("tickets-raw", n, tmp_path)["export.csv"] for n in (1, 2))
    assert after.startswith(before)
    assert len(after) > len(before)


def test_a_forecast_rolls(tmp_path: Path) -> None:
    before, after = (
        files_of("weekly-forecast", n, tmp_path)["forecast.csv"].splitlines() for n in (1, 2)
    )
    assert len(before) == len(after)
    assert before[36:] == after[1:106]


def test_the_schema_of_the_tickets_moved_as_it_was(tmp_path: Path) -> None:
    before, after = (files_of("tickets-cleaned", n, tmp_path) for n in (4, 5))
    assert before["schema.json"] == after["schema/tickets.schema.json"]
    assert "schema.json" not in after


def test_cleaned_tickets_have_no_gaps(tmp_path: Path) -> None:
    raw = files_of("tickets-raw", 1, tmp_path / "raw")["export.csv"].decode().splitlines()
    clean = files_of("tickets-cleaned", 1, tmp_path / "clean")["tickets.csv"].decode().splitlines()
    assert any(row.split(",")[2] == "" for row in raw)
    assert all(row.split(",")[2] for row in clean)
    assert 100 < len(clean) < len(raw)


def test_a_module_of_the_code_was_renamed(tmp_path: Path) -> None:
    before, after = (files_of("training-code", n, tmp_path) for n in (RENAMED_IN - 1, RENAMED_IN))
    assert before["training/losses.py"] == after["training/objectives.py"]
    assert "training/losses.py" not in after


def test_code_changes_little_by_little(tmp_path: Path) -> None:
    before, after = (files_of("training-code", n, tmp_path) for n in (12, 13))
    changed = [path for path in before if before[path] != after.get(path)]
    assert 1 <= len(changed) <= 3


def test_pictures_stay_in_the_bucket(tmp_path: Path) -> None:
    facts, files = make(PRODUCTS["line-camera-images"], 3, tmp_path / "v3")
    assert len(facts.references) == 4
    assert all(one.uri.startswith("s3://example-") for one in facts.references)
    assert set(files) == {"index.csv", "README.md"}


VALUES = {"a.rate": (1, 2, 3), "a.rows": (10, 20), "b": ("x", "y")}


def test_each_version_of_a_config_changes_one_key() -> None:
    for number in range(2, 12):
        before, after = settings_at(VALUES, number - 1), settings_at(VALUES, number)
        changed = [key for key in VALUES if before[key] != after[key]]
        assert changed == [changed_key(VALUES, number)]
    assert changed_key(VALUES, 1) is None


def test_yaml_says_what_was_meant() -> None:
    value = {"a": {"deep": {"list": [1, 2]}, "flag": True}, "text": "ä: b", "number": 0.5}
    assert yaml.safe_load(to_yaml(value)) == value


def test_figures_develop_with_a_step_back() -> None:
    reached = [measure("m", number, 0.7, 0.95)["accuracy"] for number in range(1, 15)]
    assert reached[0] < 0.75
    assert 0.9 < max(reached) < 1
    assert reached[6] < reached[5]
    errors = [measure_error("m", number, 24, 9)["mape"] for number in range(1, 15)]
    assert errors[0] > 20
    assert errors[-2] < 12


def test_the_first_layers_are_frozen_longest(tmp_path: Path) -> None:
    four, five = (
        make_network(Moment("m", number, tmp_path), layers=4, width=8) for number in (4, 5)
    )
    same = [name for name in four if (four[name] == five[name]).all()]
    assert "encoder.0.weight" in same
    assert "encoder.3.weight" not in same
    assert "head.weight" not in same


def test_safetensors_hold_their_numbers(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    small = np.array([1, -1], np.int8)
    write_safetensors(tmp_path / "m", {"small": small, "values": values}, {"of": "test"})
    content = (tmp_path / "m").read_bytes()
    check_safetensors(content)
    header = read_header(content)
    assert header["values"] == {"dtype": "F32", "shape": [2, 3], "data_offsets": [2, 26]}
    assert np.frombuffer(content[-24:], np.float32).tolist() == list(range(6))


def test_a_flat_line_is_drawn_too(tmp_path: Path) -> None:
    draw_lines(tmp_path / "flat.png", [1.0, 1.0])
    check_png((tmp_path / "flat.png").read_bytes())
