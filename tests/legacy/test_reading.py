"""What is read of a store, and what of it is refused, noted or left out."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runicorn.legacy import json_files
from runicorn.legacy.checking import Odd
from runicorn.legacy.json_files import Unreadable
from runicorn.legacy.reading import Renames, is_store
from runicorn.legacy.runs import read_runs
from tests.legacy.conftest import edit
from tests.legacy.plain import write_run, write_version
from tests.legacy.read import Reading


def test_the_artifacts_of_a_written_store_are_read(written_store: Path) -> None:
    reading = Reading(written_store)
    lines = [line for line in reading.artifacts if "bad-" not in line]
    assert lines == [
        "code/settings", "config/settings", "custom/report", "custom/settings", "custom/table",
        "dataset/only-links", "dataset/语料-corpus", "model/ensemble", "model/from-pruned",
        "model/left-model", "model/pruned", "model/right-model",
    ]  # fmt: skip


def test_a_version_of_a_written_store_has_every_field(written_store: Path) -> None:
    folder = written_store / "artifacts/dataset/语料-corpus/v2"
    metadata = json.loads((folder / "metadata.json").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    past = Reading(written_store).load("dataset/语料-corpus", 2)
    assert (past.number, past.description) == (2, metadata["description"])
    assert (past.created_at, past.updated_at) == (metadata["created_at"], metadata["updated_at"])
    assert past.run == metadata["created_by_run"]
    assert (list(past.tags), dict(past.metadata)) == (["raw", "中文", "n2"], metadata["metadata"])
    assert [vars(one) | {"places": None} for one in past.files] == [
        row | {"places": None} for row in manifest["files"]
    ]
    (reference,) = past.references
    assert (reference.uri, reference.checksum, reference.size, dict(reference.metadata)) == (
        "s3://bucket/corpus", "etag:abc", 1 << 40, {"region": "eu", "parts": [1, 2]},
    )  # fmt: skip


def test_only_the_map_of_the_index_says_where_aliases_are(written_store: Path) -> None:
    reading = Reading(written_store)
    assert reading.artifacts["model/left-model"].aliases == {
        "production": 4, "staging": 6, "生产": 2
    }  # fmt: skip
    assert [one.name for one in reading.load("model/left-model", 4).aliases] == ["production"]
    assert reading.load("model/left-model", 1).aliases == ()


def test_numbers_keep_their_gaps_and_deleted_ones_their_mark(written_store: Path) -> None:
    reading = Reading(written_store)
    pruned = reading.artifacts["model/pruned"]
    assert (pruned.numbers, pruned.last_number) == ([1, 2, 4, 5, 6], 6)
    deleted = [n for n in pruned.numbers if reading.load("model/pruned", n).deleted_at]
    assert deleted == [2, 6]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("torn-manifest", "manifest.json is torn"),
        ("torn-metadata", "metadata.json is torn"),
        ("lost-folder", "its folder is gone"),
        ("no-manifest", "manifest.json: is missing"),
        ("bad-path", "no '.' and no '..'"),
        ("bad-size", "'many' is no number of bytes"),
    ],
)
def test_a_version_that_cannot_be_read_says_why(written_store: Path, kind: str, text: str) -> None:
    reading = Reading(written_store)
    with pytest.raises((Odd, Unreadable), match=text):
        reading.load(f"dataset/bad-{kind}", 2)
    assert reading.load(f"dataset/bad-{kind}", 3).number == 3


def test_what_the_store_does_not_know_is_skipped_and_said(written_store: Path) -> None:
    skipped = "\n".join(Reading(written_store).said("skipped"))
    for text in (
        "checkpoint/odd-type: Unknown artifact type", "dataset/bad-torn-index: versions.json is",
        "dataset/bad-unknown-version:v2: the index does not know it",
        "bad-old-aliases:v3: the alias is left out", "bad-old-aliases:gone: the alias points at 9",
        "bad-old-aliases:text: the alias points at 2, no version",
    ):  # fmt: skip
        assert text in skipped


def test_values_around_the_content_are_left_out_alone(written_store: Path) -> None:
    reading = Reading(written_store)
    past = reading.load("dataset/bad-bad-created", 2)
    row = reading.artifacts["dataset/bad-bad-created"].rows[2]
    assert (past.created_at, past.description, past.tags) == (row["created_at"], "", ())
    assert len(reading.said("note")) == 3


def test_nan_is_kept_as_text(written_store: Path) -> None:
    reading = Reading(written_store)
    past = reading.load("dataset/bad-nan", 2)
    assert dict(past.metadata) == {"loss": "NaN", "ok": 1}
    assert reading.said("note") == [
        "dataset/bad-nan:v2: metadata.json: NaN is no JSON number; kept as text"
    ]


def test_runs_are_read_with_their_links(written_store: Path) -> None:
    runs = {run.name: run for run in read_runs(Reading(written_store).reader)}
    two, ensemble = runs["two"], runs["ensemble"]
    assert (two.project, two.status, [str(one) for one in two.used]) == (
        "vision", "failed", ["model/ensemble:v1"],
    )  # fmt: skip
    assert [str(one) for one in two.made] == ["custom/report:v1", "custom/table:v1"]
    assert {str(one) for one in ensemble.used} == {"model/left-model:v6", "model/right-model:v6"}
    assert two.finished_at is not None
    assert two.finished_at > two.created_at


def test_names_that_are_allowed_there_and_not_here_are_said_with_what_is(root: Path) -> None:
    for name in ("stats", ".hidden-not", "ends.", "x" * 129):
        write_version(root, name)
    reading = Reading(root)
    assert reading.artifacts == {}
    assert len(reading.said("skipped")) == 3  # hidden folders are nobody's artifact
    assert all("--rename model/" in text for text in reading.said("skipped"))


def test_a_rename_and_another_type_lead_elsewhere(root: Path) -> None:
    write_version(root, "stats")
    write_version(root, "net", type="checkpoint")
    renames = Renames.parse(["model/stats=figures"], ["checkpoint=model"])
    assert list(Reading(root, renames=renames).artifacts) == ["model/net", "model/figures"]


@pytest.mark.parametrize("text", ["stats", "model/a", "model/a=", "=b", "model/a=nix/b", "a/=b"])
def test_a_rename_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"TYPE/OLD|type"):
        Renames.parse([text], [])


def test_a_name_that_is_not_nfc_is_one_here(root: Path) -> None:
    write_version(root, "e\u0301tude")
    reading = Reading(root)
    assert list(reading.artifacts) == ["model/\u00e9tude"]
    assert "Unicode NFC" in reading.said("note")[0]


def test_paths_written_on_windows_get_slashes(root: Path, write: Callable[..., Path]) -> None:
    folder = write(files={"sub/a.txt": b"x"})
    rows = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder / "manifest.json", files=[rows[0] | {"path": "sub\\a.txt"}])
    assert [one.path for one in Reading(root).load().files] == ["sub/a.txt"]


def test_a_file_whose_name_has_a_backslash_is_refused(
    root: Path, write: Callable[..., Path]
) -> None:
    write(files={"a\\b": b"x"})
    with pytest.raises(Odd, match="backslash"):
        Reading(root).load()


def test_a_manifest_digest_that_differs_is_noted(root: Path, write: Callable[..., Path]) -> None:
    write(manifest_digest="0" * 64)
    reading = Reading(root)
    reading.load()
    assert "not the one whose digest" in reading.said("note")[0]


def test_line_ends_of_windows_are_no_difference(root: Path, write: Callable[..., Path]) -> None:
    path = write() / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    reading = Reading(root)
    reading.load()
    assert reading.said("note") == []


@pytest.mark.parametrize("what", ["", "artifacts/model", "artifacts/model/model-a"])
def test_links_are_not_followed(root: Path, tmp_path: Path, what: str) -> None:
    write_version(tmp_path / "other", "model-a")
    (root / "artifacts/model").mkdir(parents=True)
    write_version(root, "own")
    target = root / (what or "artifacts/model/v")
    if target.is_dir():
        shutil.rmtree(target)
    target.symlink_to(tmp_path / "other" / (what or "artifacts/model/model-a"))
    reading = Reading(root)
    assert "model/model-a" not in reading.artifacts
    assert any("is a link" in text for text in reading.said("skipped"))


def test_a_link_in_the_place_of_a_version_is_refused(
    root: Path, write: Callable[..., Path]
) -> None:
    folder = write()
    folder.rename(root / "elsewhere")
    folder.symlink_to(root / "elsewhere")
    with pytest.raises(Unreadable, match="its folder is gone"):
        Reading(root).load()


def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(
    root: Path, write: Callable[..., Path]
) -> None:
    path = write() / "metadata.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Unreadable, match="no plain file"):
        Reading(root).load()


@pytest.mark.parametrize("file", ["metadata.json", "manifest.json"])
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_folder_or_a_link_in_the_place_of_a_file_is_refused(
    root: Path, write: Callable[..., Path], file: str, kind: str
) -> None:
    path = write() / file
    path.rename(root / "moved")
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(root / "moved")
    with pytest.raises(Unreadable, match=r"no plain file|is a link"):
        Reading(root).load()


def test_a_file_that_is_too_large_is_not_read(
    root: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setattr(json_files, "MAX_BYTES", 1000)
    (root / "artifacts/model/model-a/v1/metadata.json").write_text(" " * 1001)
    with pytest.raises(Unreadable, match="at most 1000 are read"):
        Reading(root).load()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"{}" * 2],
)
@pytest.mark.parametrize("file", ["metadata.json", "manifest.json"])
def test_what_is_no_json_object_is_refused(
    root: Path, write: Callable[..., Path], file: str, content: bytes
) -> None:
    (write() / file).write_bytes(content)
    with pytest.raises(Unreadable, match=file.replace(".", r"\.")):
        Reading(root).load()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["a/b", "..", "sha256:" + "0" * 64, "\0", 1 << 70, -1, "v1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["path", "size", "digest", "uri", "a"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


KEYS = st.sampled_from(
    [
        "files", "references", "created_at", "updated_at", "metadata", "tags", "description",
        "created_by_run", "created_by_user", "version", "manifest_digest", "status",
    ]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(changes=st.dictionaries(KEYS, JSON, max_size=4))
def test_no_value_breaks_the_reader(root: Path, changes: dict[str, Any]) -> None:
    if not (root / "artifacts").exists():
        write_version(root)
        shutil.copytree(root / "artifacts/model/model-a/v1", root / "original")
    folder = root / "artifacts/model/model-a/v1"
    for file in ("metadata.json", "manifest.json"):
        shutil.copy(root / "original" / file, folder / file)
        edit(folder / file, **changes)
    try:
        past = Reading(root).load()
    except (Odd, Unreadable):
        return
    assert all(one.size >= 0 and ".." not in one.path.split("/") for one in past.files)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(versions=JSON, aliases=JSON)
def test_no_index_breaks_the_reader(root: Path, versions: Any, aliases: Any) -> None:
    if not (root / "artifacts").exists():
        write_version(root)
    edit(root / "artifacts/model/model-a/versions.json", versions=versions, aliases=aliases)
    assert Reading(root).artifacts["model/model-a"].last_number >= 1


def test_what_is_a_store(root: Path, written_store: Path) -> None:
    assert is_store(written_store)
    assert not is_store(root)
    write_run(root, "run-1")
    assert is_store(root)
