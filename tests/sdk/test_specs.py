"""``[[team/]type/]name[:ref]``."""

from datetime import UTC, datetime

import pytest

from runicorn.specs import Spec, parse_name, parse_spec


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
        ("vision/model/m:v3", Spec("m", "v3", "model", "vision")),
        ("everyone/model/m", Spec("m", "latest", "model", "everyone")),
        ("m@2026:p", Spec("m@2026", "p")),
        ("m:p@2026-05-01", Spec("m", "p", at=datetime(2026, 5, 1, tzinfo=UTC))),
        ("m:p@2026-05-01T02:00+02:00", Spec("m", "p", at=datetime(2026, 5, 1, tzinfo=UTC))),
    ],
)
def test_parse_spec_reads(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec


def test_spec_knows_its_number() -> None:
    assert parse_spec("m:v3").version == 3
    assert parse_spec("m:prod").version is None


def test_spec_is_written_without_its_type() -> None:
    assert str(parse_spec("model/m:v3")) == "m:v3"


def test_spec_is_written_with_its_time() -> None:
    assert str(parse_spec("m:p@2026-05-01")) == "m:p@2026-05-01T00:00:00+00:00"
    assert parse_spec(str(parse_spec("m:p@2026-05-01"))) == parse_spec("m:p@2026-05-01")


@pytest.mark.parametrize("text", ["m:v3@2026-05-01", "m:p@", "m:p@soon", "m:p@2026-05-01T10:00"])
def test_parse_spec_refuses_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"take no time|Invalid time"):
        parse_spec(text)


def test_type_may_be_said_apart() -> None:
    assert parse_spec("m:v3", "dataset").artifact_type == "dataset"
    assert parse_spec("model/m:v3", "model").artifact_type == "model"


@pytest.mark.parametrize("text", ["m:v0", "m:V0", "m:v" + "9" * 40])
def test_parse_spec_refuses_impossible_versions(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid version"):
        parse_spec(text)


@pytest.mark.parametrize(
    "text",
    ["", ":v3", "m:", "m:a:b", "m:a b", "a/b/c", "plane/m", "/m", "/model/m", "Vision/model/m"],
)
def test_parse_spec_refuses(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"Invalid alias|Artifact name|Unknown artifact type|Invalid team"
    ):
        parse_spec(text)


@pytest.mark.parametrize(
    ("text", "type_", "expected"),
    [
        ("m", None, ("m", None, None)),
        ("m", "code", ("m", "code", None)),
        ("dataset/数据", None, ("数据", "dataset", None)),
        ("code/m", "code", ("m", "code", None)),
        ("vision/code/m", None, ("m", "code", "vision")),
    ],
)
def test_parse_name_reads(
    text: str, type_: str | None, expected: tuple[str, str | None, str | None]
) -> None:
    assert parse_name(text, type_) == expected


@pytest.mark.parametrize("text", ["", "/m", "model/", "plane/m", "a/b/c", "m:v3"])
def test_parse_name_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"Artifact name|Unknown artifact type"):
        parse_name(text)


def test_two_different_types_are_refused() -> None:
    with pytest.raises(ValueError, match="Two types"):
        parse_spec("model/m:v3", "dataset")
    with pytest.raises(ValueError, match="Two types"):
        parse_name("model/m", "dataset")


def test_the_team_may_be_said_apart_and_only_one() -> None:
    assert parse_name("m", None, "vision") == ("m", None, "vision")
    assert parse_spec("vision/model/m:v3", team="vision").team == "vision"
    with pytest.raises(ValueError, match="Two teams are given: vision and speech"):
        parse_name("vision/model/m", None, "speech")
    for team in ("", "Vision", "a" * 64):
        with pytest.raises(ValueError, match="Invalid team"):
            parse_name("m", None, team)


def test_a_reference_has_the_team_where_it_is_said() -> None:
    assert parse_spec("vision/model/m:v3").reference == "vision/model/m:v3"
    assert parse_spec("model/m:v3").reference == "m:v3"
    with pytest.raises(ValueError, match="Say the type too: vision/TYPE/m:v3"):
        _ = parse_spec("m:v3", team="vision").reference
