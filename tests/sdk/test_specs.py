"""``[type/]name[:ref]``."""

import pytest

from runicorn.specs import Spec, parse_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("m", Spec("m", "latest")),
        ("m:latest", Spec("m", "latest")),
        ("m:production", Spec("m", "production")),
        ("m:validated", Spec("m", "validated")),
        ("m:v3", Spec("m", "v3")),
        ("m:V3", Spec("m", "v3")),
        ("m:v003", Spec("m", "v3")),
        ("model/m:v3", Spec("m", "v3", "model")),
        ("dataset/数据:生产", Spec("数据", "生产", "dataset")),
    ],
)
def test_parse_spec_reads(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec


def test_spec_knows_its_number() -> None:
    assert parse_spec("m:v3").version == 3
    assert parse_spec("m:prod").version is None


def test_spec_is_written_without_its_type() -> None:
    assert str(parse_spec("model/m:v3")) == "m:v3"


def test_type_may_be_said_apart() -> None:
    assert parse_spec("m:v3", "dataset").artifact_type == "dataset"
    assert parse_spec("model/m:v3", "model").artifact_type == "model"


@pytest.mark.parametrize("text", ["m:v0", "m:V0", "m:v" + "9" * 40])
def test_parse_spec_refuses_impossible_versions(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid version"):
        parse_spec(text)


@pytest.mark.parametrize("text", ["", ":v3", "m:", "m:a:b", "m:a b", "a/b/c", "plane/m", "/m"])
def test_parse_spec_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid alias|Artifact name|Unknown artifact type"):
        parse_spec(text)


def test_two_different_types_are_refused() -> None:
    with pytest.raises(ValueError, match="Two types"):
        parse_spec("model/m:v3", "dataset")
