"""Names, aliases, paths and metadata, refused before anything is sent."""

import math
from pathlib import Path, PurePosixPath

import pytest

from runicorn import rules


@pytest.mark.parametrize("name", ["resnet50-model", "模型", "a b", "a.b_c", "x" * 128, "v3", "é"])
def test_check_name_accepts(name: str) -> None:
    assert rules.check_name(name) == name


def test_check_name_normalises_to_nfc() -> None:
    assert rules.check_name("e\u0301") == "\u00e9"


@pytest.mark.parametrize("bad", [*'/\\:*?"<>|', "\x1b", "\n", "\0", "\x85", "\ud800"])
def test_check_name_refuses_characters(bad: str) -> None:
    with pytest.raises(ValueError, match="invalid characters"):
        rules.check_name(f"model{bad}name")


@pytest.mark.parametrize("name", ["", ".hidden", "end.", " a", "a ", "x" * 129, "stats", ".."])
def test_check_name_refuses(name: str) -> None:
    with pytest.raises(ValueError, match="Artifact name"):
        rules.check_name(name)


def test_check_name_refuses_what_is_no_text() -> None:
    with pytest.raises(ValueError, match="non-empty string"):
        rules.check_name(7)


@pytest.mark.parametrize(
    "alias", ["production", "validated", "v-1", "生产", "a.b_c-1", "latest", "हिन्दी"]
)
def test_check_alias_accepts(alias: str) -> None:
    assert rules.check_alias(alias) == alias


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "v3", "V3", "x" * 129, "a:b", "a\n", None])
def test_check_alias_refuses(alias: str | None) -> None:
    with pytest.raises(ValueError, match="Invalid alias"):
        rules.check_alias(alias)


def test_latest_cannot_be_moved_by_hand() -> None:
    with pytest.raises(ValueError, match="kept by the server"):
        rules.check_movable_alias("latest")


@pytest.mark.parametrize(
    "text", ["v0", "v00", "3", "v", "v-1", "v1_0", "v+1", "v" + "9" * 30, "v٣"]
)
def test_check_version_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid version"):
        rules.check_version(text)


def test_check_version_reads_either_case() -> None:
    assert (rules.check_version("v12"), rules.check_version("V3")) == (12, 3)


@pytest.mark.parametrize("text", ["models", "../..", "", "Model"])
def test_check_type_names_the_five(text: str) -> None:
    with pytest.raises(ValueError, match="model, dataset, config, code, custom"):
        rules.check_type(text)


@pytest.mark.parametrize(
    "path", ["a.bin", "a/b/c.bin", "数据/图.png", "a b", ".hidden", "a:b", "…"]
)
def test_check_path_accepts(path: str) -> None:
    assert rules.check_path(path) == path


def test_check_path_takes_a_path_object() -> None:
    assert rules.check_path(PurePosixPath("a/b")) == "a/b"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../a",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "a\0b",
        "x" * 1025,
        "\udcff",
    ],
)
def test_check_path_refuses(path: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid artifact path|not valid Unicode"):
        rules.check_path(path)


def test_check_path_counts_bytes_not_characters() -> None:
    assert rules.check_path("图" * 341)
    with pytest.raises(ValueError, match="longer than 1024 bytes"):
        rules.check_path("图" * 342)


def test_parent_folders_lists_outermost_first() -> None:
    assert rules.parent_folders("a/b/c") == ["a", "a/b"]
    assert rules.parent_folders("a") == []


class Scalar:
    """What NumPy and PyTorch call a zero-dimensional array."""

    ndim = 0

    def __init__(self, plain: object) -> None:
        self.plain = plain

    def item(self) -> object:
        return self.plain


def test_check_metadata_makes_scalars_and_paths_plain() -> None:
    given = {"acc": Scalar(0.5), "n": Scalar(3), "at": Path("a/b"), "shape": (1, 2), "x": None}
    assert rules.check_metadata(given) == {
        "acc": 0.5,
        "n": 3,
        "at": "a/b",
        "shape": [1, 2],
        "x": None,
    }


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Scalar(math.nan)])
def test_check_metadata_refuses_numbers_json_lacks(number: object) -> None:
    with pytest.raises(ValueError, match=r"metadata\.loss\[0\] is -?(nan|inf)"):
        rules.check_metadata({"loss": [number]})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": object()}, r"metadata\.a is of the type object, which is not JSON"),
        ({"a": {1, 2}}, r"metadata\.a is of the type set"),
        ({"a": Scalar(b"x")}, r"metadata\.a is of the type Scalar"),
        ({1: "a"}, r"keys must be text"),
        ({"a": "x\0"}, r"metadata\.a holds a NUL"),
        ({"x\0": 1}, r"metadata holds a NUL"),
        ({"a": "\ud800"}, "not valid Unicode"),
    ],
)
def test_check_metadata_refuses(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rules.check_metadata(value)


def test_check_metadata_refuses_endless_nesting() -> None:
    endless: dict[str, object] = {}
    endless["again"] = endless
    with pytest.raises(ValueError, match="nested deeper"):
        rules.check_metadata(endless)
