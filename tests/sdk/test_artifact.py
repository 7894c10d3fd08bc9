"""The artifact before it is logged."""

from typing import Any

import pytest

import runicorn as rn


def test_a_new_artifact_is_not_loaded() -> None:
    artifact = rn.Artifact("m", type="dataset", description="d", metadata={"a": 1})
    assert (artifact.name, artifact.type, artifact.description) == ("m", "dataset", "d")
    assert artifact.metadata == {"a": 1}
    assert (artifact.version, artifact.is_loaded) == (None, False)
    assert artifact.full_name == str(artifact) == "m:unstaged"
    assert repr(artifact) == "<Artifact m type=model (unstaged)>".replace("model", "dataset")


def test_the_type_is_model_unless_said() -> None:
    assert rn.Artifact("m").type == "model"
    assert rn.Artifact("m", rn.ArtifactType.CODE).type == "code"


def test_a_wrong_type_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="Unknown artifact type"):
        rn.Artifact("m", type="../..")


def test_a_wrong_name_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="invalid characters"):
        rn.Artifact("a/b")


def test_the_metadata_given_is_copied() -> None:
    given = {"a": 1}
    rn.Artifact("m", metadata=given).add_metadata({"b": 2})
    assert given == {"a": 1}


def test_everything_can_be_chained() -> None:
    artifact = (
        rn.Artifact("m")
        .add_metadata({"a": 1, "b": 1})
        .add_metadata({"b": 2})
        .add_tags("x", "y", "x", "")
        .add_reference("s3://bucket/data", checksum="md5:0", size=5, name="data", region="eu")
    )
    assert artifact.metadata == {"a": 1, "b": 2}
    assert artifact.tags == ["x", "y"]
    assert artifact.get_references() == [
        rn.ReferenceEntry("s3://bucket/data", "md5:0", 5, {"region": "eu"}, "data")
    ]


def test_metadata_that_is_not_json_is_refused_at_once() -> None:
    artifact = rn.Artifact("m")
    with pytest.raises(ValueError, match="loss is nan"):
        artifact.add_metadata({"loss": float("nan")})
    assert artifact.metadata == {}


@pytest.mark.parametrize(
    "wrong", [{"uri": ""}, {"uri": "s3://a", "size": -1}, {"uri": "s3://a", "x": float("inf")}]
)
def test_a_reference_outside_the_rules_is_refused(wrong: dict[str, Any]) -> None:
    artifact = rn.Artifact("m")
    with pytest.raises(ValueError, match=r"needs a URI|not be negative|is inf"):
        artifact.add_reference(**wrong)
    assert artifact.get_references() == []


def test_nothing_can_be_read_before_it_is_stored() -> None:
    artifact = rn.Artifact("m")
    assert artifact.get_metadata() is None
    assert artifact.get_manifest() is None
    with pytest.raises(RuntimeError, match="not loaded"):
        artifact.download()
    with pytest.raises(RuntimeError, match="not loaded"):
        artifact.get_file_path("a")


def test_an_empty_artifact_is_no_draft() -> None:
    with pytest.raises(ValueError, match="no files or references"):
        rn.Artifact("m").draft((), None)


def test_values_of_a_version_do_not_change() -> None:
    entry = rn.FileEntry("a", 1, "sha256:0")
    with pytest.raises(AttributeError):
        entry.path = "b"  # type: ignore[misc]
    assert entry.to_dict() == {
        "path": "a",
        "size": 1,
        "digest": "sha256:0",
        "modified_at": None,
    }
