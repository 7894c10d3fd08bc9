"""Run ids and written references."""

from datetime import UTC, datetime

import pytest

from lineage.references import VersionReference, check_run_id, parse_reference

MAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", VersionReference("m", None, "latest", None)),
        ("m:latest", VersionReference("m", None, "latest", None)),
        ("m:production", VersionReference("m", None, "production", None)),
        ("m:validated", VersionReference("m", None, "validated", None)),
        ("m:v3", VersionReference("m", 3, "", None)),
        ("dataset/m:v12", VersionReference("m", 12, "", "dataset")),
        ("code/m", VersionReference("m", None, "latest", "code")),
        ("数据集:生产", VersionReference("数据集", None, "生产", None)),
        ("my model.2:v1", VersionReference("my model.2", 1, "", None)),
        ("m@v2:latest", VersionReference("m@v2", None, "latest", None)),
        ("m:p@2026-05-01", VersionReference("m", None, "p", None, None, MAY)),
        ("a/code/m:p@2026-05-01T02:00+02:00", VersionReference("m", None, "p", "code", "a", MAY)),
    ],
)
def test_a_reference_is_read(text: str, expected: VersionReference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":v1",
        "m:",
        "m:v1:v2",
        "m:v01",
        "m:a b",
        "weights/m:v1",
        "/m:v1",
        "model/",
        "model/a/b:v1",
        "../m:v1",
        "m\0:v1",
        "m\n",
        "stats:v1",
        "\ud800",
        "m:v1@2026-05-01",
        "m:p@",
        "m:p@tomorrow",
        "m:p@2026-05-01T12:00",
        "m:@2026-05-01",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|reserved|is not a"):
        parse_reference(text)


def test_the_refusal_names_the_part() -> None:
    with pytest.raises(ValueError, match="the alias 'a b' must be 1 to 128 letters"):
        parse_reference("m:a b")


@pytest.mark.parametrize(
    "text", ["a", "20250114_120000_abc123", "x" * 128, "运行-1", "प्रयोग-1", "...", ".a"]
)
def test_a_run_id_may_be(text: str) -> None:
    assert check_run_id(text) == text


def test_a_run_id_is_kept_in_nfc() -> None:
    assert check_run_id("no\u0301") == "n\u00f3"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a b", "a/b", "a:b", "x" * 129, "a\0", "a\n", "\ud800", "a%2F"]
)
def test_a_run_id_may_not_be(text: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 128"):
        check_run_id(text)
