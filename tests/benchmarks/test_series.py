"""The benchmark's data is what its table says: the same each time, with known new bytes."""

import gzip
import io
import json
import tarfile
from importlib.util import find_spec
from itertools import pairwise

import pytest

from benchmarks.checkpoints import Training, make_checkpoints, to_safetensors
from benchmarks.revisions import Revision, Series, pick_blocks, random_bytes, random_source
from benchmarks.series import SERIES

SIZE = 1 << 20
MADE_HERE = [series for series in SERIES if not series.needs or find_spec(series.needs)]


def revisions(series: Series, seed: int = 1) -> list[Revision]:
    return list(series.make(SIZE, 3, seed))


def find(label: str) -> Series:
    (series,) = [series for series in SERIES if series.label.startswith(label)]
    return series


def tensors_of(content: bytes) -> dict[str, bytes]:
    """What a reader of safetensors sees."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    places = {name: one["data_offsets"] for name, one in header.items() if name != "__metadata__"}
    assert sorted(places.values())[-1][1] == len(content) - start
    return {name: content[start + a : start + b] for name, (a, b) in places.items()}


@pytest.mark.parametrize("series", MADE_HERE, ids=lambda series: series.label)
def test_every_series_is_the_same_each_time(series: Series) -> None:
    assert revisions(series) == revisions(series)


@pytest.mark.parametrize("series", MADE_HERE, ids=lambda series: series.label)
def test_another_seed_makes_other_bytes(series: Series) -> None:
    assert revisions(series)[0].content != revisions(series, seed=2)[0].content


@pytest.mark.parametrize("series", MADE_HERE, ids=lambda series: series.label)
def test_every_revision_is_about_as_large_as_asked(series: Series) -> None:
    assert all(0.7 < len(one.content) / SIZE < 1.4 for one in revisions(series))


@pytest.mark.parametrize("series", MADE_HERE, ids=lambda series: series.label)
def test_the_first_revision_is_all_new(series: Series) -> None:
    first = revisions(series)[0]
    assert first.new_bytes == pytest.approx(len(first.content), rel=0.06)  # tar's own headers


@pytest.mark.parametrize("series", MADE_HERE, ids=lambda series: series.label)
def test_no_revision_has_more_new_bytes_than_bytes(series: Series) -> None:
    assert all(0 < one.new_bytes <= len(one.content) for one in revisions(series))


def test_checkpoints_read_as_safetensors_and_keep_their_frozen_layers() -> None:
    make = make_checkpoints(Training(frozen=0.8))
    first, second = (tensors_of(one.content) for one in make(SIZE, 2, 1))
    kept = [name for name in first if first[name] == second[name]]
    assert kept == sorted(first)[:16]
    assert len(first) == 20


def test_the_header_of_checkpoints_grows_so_that_all_tensors_move() -> None:
    make = make_checkpoints(Training(frozen=0.8))
    starts = [int.from_bytes(one.content[:8], "little") for one in make(SIZE, 4, 1)]
    assert all(earlier < later for earlier, later in pairwise(starts))


def test_the_new_bytes_of_a_checkpoint_are_its_trained_layers_and_the_header() -> None:
    _, second = make_checkpoints(Training(frozen=0.8))(SIZE, 2, 1)
    assert second.new_bytes == pytest.approx(0.2 * len(second.content), rel=0.02)


def test_optimizer_states_are_new_in_each_checkpoint() -> None:
    first, second = make_checkpoints(Training(frozen=0.8, states=2))(SIZE, 2, 1)
    tensors = tensors_of(first.content)
    assert len([name for name in tensors if name.startswith("optimizer.")]) == 8
    assert second.new_bytes / len(second.content) == pytest.approx(12 / 28, rel=0.02)


def test_a_full_fine_tuning_keeps_nothing() -> None:
    first, second = make_checkpoints(Training(frozen=0))(SIZE, 2, 1)
    kept = set(tensors_of(first.content).values()) & set(tensors_of(second.content).values())
    assert kept == set()
    assert second.new_bytes == len(second.content)


def test_the_header_of_safetensors_is_padded_to_eight_bytes() -> None:
    for text in ("", "1", "12", "1234567"):
        content = to_safetensors({"a": b"\0" * 1024}, {"note": text})
        assert int.from_bytes(content[:8], "little") % 8 == 0


@pytest.mark.parametrize("label", ["CSV", "JSON lines"])
def test_new_bytes_of_a_text_are_its_lines_that_were_not_there(label: str) -> None:
    first, second, _ = revisions(find(label))
    known = set(first.content.splitlines())
    new = [line for line in second.content.splitlines() if line not in known]
    assert sum(len(line) + 1 for line in new) == second.new_bytes


def test_json_lines_parse_and_grow() -> None:
    first, second, _ = revisions(find("JSON lines"))
    lines = second.content.splitlines()
    assert all(json.loads(line)["scores"] for line in lines)
    assert len(lines) > len(first.content.splitlines())


def test_new_bytes_of_a_tar_are_its_files_that_were_not_there() -> None:
    first, second, _ = (unpack(one.content) for one in revisions(find("tar of")))
    new = sum(len(content) for name, content in second.items() if name not in first)
    assert new == revisions(find("tar of"))[1].new_bytes


def unpack(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def test_the_compressed_tar_holds_the_tar() -> None:
    packed = [gzip.decompress(one.content) for one in revisions(find("tar.gz"))]
    assert all(unpack(content) for content in packed)


def test_blocks_never_overlap_and_never_pass_the_end() -> None:
    places = pick_blocks(random_source(1), total=1000, blocks=20, block=30)
    assert all(later - earlier >= 30 for earlier, later in pairwise(places))
    assert places[-1] + 30 <= 1000


def test_fewer_blocks_where_there_is_no_room_for_all() -> None:
    assert pick_blocks(random_source(1), total=100, blocks=20, block=30) == [0, 30, 60]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 1001])
def test_random_bytes_are_as_many_as_asked(size: int) -> None:
    assert len(random_bytes(random_source(3), size)) == size
