"""One file in two versions: its text, and its tensors, also where content lies in several files."""

import random

import numpy as np
import pytest
from rest_framework.test import APIClient

from artifacts.errors import Corrupted, FileNotFound, NotComparable
from artifacts.formats.tensors import Tensors
from artifacts.models import Blob, Version
from artifacts.services.compare_contents import (
    MAX_TEXT_BYTES,
    FilePair,
    diff_tensors,
    diff_text,
    find_pair,
)
from artifacts.services.entries import find_readme, require_entry
from artifacts.services.preview import preview_entry
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion, digest_of
from tests.crash.acts import commit
from tests.formats.sources import MIB, npz, safetensors


def pair_of(make_version: MakeVersion, old: bytes, new: bytes, path: str = "a.txt") -> FilePair:
    before, after = make_version(files={path: old}), make_version(files={path: new})
    return find_pair(before=before, after=after, path=path)


def test_a_text_differs_by_lines(make_version: MakeVersion) -> None:
    found = diff_text(pair_of(make_version, b"a\nb\nc\n", b"a\nB\nc\nd\n"))
    assert (found.num_added, found.num_removed, found.num_lines) == (2, 1, 6)
    assert [line.text for line in found.lines if line.kind == "added"] == ["B", "d"]
    assert not found.pair.is_same_content


def test_a_file_of_one_version_only_is_added_or_removed(make_version: MakeVersion) -> None:
    before, after = make_version(files={"a": b"1\n"}), make_version(files={"b": b"2\n"})
    added = diff_text(find_pair(before=before, after=after, path="b"))
    removed = diff_text(find_pair(before=before, after=after, path="a"))
    assert (added.num_added, added.num_removed) == (1, 0)
    assert (removed.num_added, removed.num_removed) == (0, 1)
    moved = find_pair(before=before, after=after, path="b", old_path="a")
    assert (diff_text(moved).num_added, diff_text(moved).num_removed) == (1, 1)
    for path, old_path in (("c", None), ("b", "c"), ("c", "a"), ("\0", None)):
        with pytest.raises(FileNotFound):
            find_pair(before=before, after=after, path=path, old_path=old_path)


def test_what_is_the_same_is_not_even_read(make_version: MakeVersion) -> None:
    pair = pair_of(make_version, b"\0" * 10, b"\0" * 10)
    assert pair.is_same_content
    assert diff_text(pair).lines == ()


@pytest.mark.parametrize("content", [bytes(10), b"x" * (MAX_TEXT_BYTES + 1), b"\n" * 10_001])
def test_what_is_no_small_text_is_refused(make_version: MakeVersion, content: bytes) -> None:
    for pair in (
        pair_of(make_version, content, b"text"),
        pair_of(make_version, b"text", content),
    ):
        with pytest.raises(NotComparable):
            diff_text(pair)


def test_a_long_diff_is_cut(make_version: MakeVersion) -> None:
    old, new = (b"".join(b"%s%d\n" % (one, n) for n in range(3000)) for one in (b"a", b"b"))
    found = diff_text(pair_of(make_version, old, new))
    assert (len(found.lines), found.num_lines, found.num_added) == (2000, 6001, 3000)


def test_tensors_that_changed(make_version: MakeVersion) -> None:
    zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
    old, new = safetensors({"a": zeros, "b": zeros}), safetensors({"a": zeros, "b": ones})
    found = diff_tensors(pair_of(make_version, old, new, "m.safetensors"))
    assert [(one.name, one.change) for one in found.rows] == [("b", "changed")]
    assert (found.counts["unchanged"], found.num_rows) == (1, 1)
    few = diff_tensors(pair_of(make_version, old, new, "m.safetensors"), max_bytes=16)
    assert few.counts["uncompared"] == 1


def test_the_same_file_has_no_changed_tensor(make_version: MakeVersion) -> None:
    content = npz(a=np.zeros(4))
    found = diff_tensors(pair_of(make_version, content, content, "m.npz"), max_bytes=0)
    assert (found.rows, found.counts["unchanged"]) == ((), 1)


@pytest.mark.parametrize("path", ["m.safetensors", "m.npz", "m.bin"])
def test_what_is_no_file_of_tensors_is_refused(make_version: MakeVersion, path: str) -> None:
    with pytest.raises(NotComparable):
        diff_tensors(pair_of(make_version, b"neither", b"nor", path))


def test_tensors_need_both_files_whole(make_version: MakeVersion) -> None:
    content = npz(a=np.zeros(4))
    before, after = make_version(files={"a.npz": content}), make_version(files={"b.npz": content})
    with pytest.raises(NotComparable, match="both"):
        diff_tensors(find_pair(before=before, after=after, path="b.npz"))
    Blob.objects.update(damaged_at=before.created_at)
    with pytest.raises(Corrupted):
        diff_tensors(find_pair(before=before, after=after, path="b.npz", old_path="a.npz"))
    with pytest.raises(Corrupted):
        preview_entry(entry=require_entry(before, "a.npz"))


def tensors_of(seed: int, frozen: bytes) -> bytes:
    """A model of 9 MiB, nearly all of it the same."""
    own = random.Random(seed).randbytes(MIB)  # noqa: S311 - no secret
    arrays = {"own": np.frombuffer(own, np.int64), "frozen": np.frombuffer(frozen, np.int64)}
    return safetensors(arrays, step="1" * seed)


@pytest.fixture
def leaning(store: Store) -> tuple[Version, Version]:
    """Two versions of a model, of which the second keeps most bytes in the first."""
    frozen = random.Random("frozen").randbytes(9 * MIB)  # noqa: S311 - no secret
    contents = [tensors_of(seed, frozen) for seed in (1, 2)]
    versions = []
    for content in contents:
        upload_for(content)
        versions.append(commit("model-a", {"m.safetensors": content}))
    return versions[0], versions[1]


def upload_for(content: bytes) -> None:
    route = f"/api/blobs/{digest_of(content)}?artifact=model/model-a"
    answer = APIClient().put(route, content, content_type="application/octet-stream")
    assert answer.status_code == 201


def test_content_in_several_files_is_read_by_range(leaning: tuple[Version, Version]) -> None:
    before, after = leaning
    blob = require_entry(after, "m.safetensors").blob
    assert blob.layout == "extents"
    found = diff_tensors(find_pair(before=before, after=after, path="m.safetensors"))
    assert [(one.name, one.change) for one in found.rows] == [("own", "changed")]
    assert found.counts["unchanged"] == 1
    preview = preview_entry(entry=require_entry(after, "m.safetensors"))
    assert isinstance(preview.content, Tensors)
    assert [one.name for one in preview.content.tensors] == ["own", "frozen"]
    assert (preview.digest, preview.size_bytes) == (blob.digest, blob.size_bytes)


def test_the_readme_is_found(make_version: MakeVersion) -> None:
    version = make_version(files={"a/README.md": b"1", "readme.md": b"2", "README.md": b"3"})
    found = find_readme(version)
    assert found is not None
    assert (found.path, found.blob.size_bytes) == ("README.md", 1)
    assert find_readme(make_version(files={"docs/README.md": b"1"})) is None
