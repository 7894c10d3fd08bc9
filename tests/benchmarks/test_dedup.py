"""What the benchmark says and when it fails, without a portal to measure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.dedup import parse_options, table_cell
from benchmarks.measuring import Stored, compare_reading, log_series
from benchmarks.rates import Rate, hash_file, read_file, write_file
from benchmarks.revisions import MIB, Revision, Series, make_unrelated
from tests.conftest import sha256_of


class Plain:
    """A portal that keeps every file whole."""

    def __init__(self, folder: Path) -> None:
        self.store_root = folder / "store"
        self.kept: list[bytes] = []

    def log(self, name: str, path: Path, sha256: str) -> None:
        assert sha256 == hash_file(path)
        self.kept.append(path.read_bytes())

    @contextmanager
    def reading(self, name: str, number: int) -> Iterator[Callable[[], object]]:
        yield lambda: self.fetch(name, number)

    def fetch(self, name: str, number: int) -> bytes:
        return self.kept[number - 1]

    def pool_bytes(self) -> int:
        return sum(map(len, self.kept))


@pytest.fixture
def plain(tmp_path: Path) -> Plain:
    return Plain(tmp_path)


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("sys.argv", ["dedup"])
    return monkeypatch


def test_a_share_is_of_what_was_logged() -> None:
    stored = Stored(logical=200, new=50, physical=60)
    assert (stored.share, stored.new_share) == (0.3, 0.25)
    assert str(Stored(200 * MIB, 50 * MIB, 60 * MIB)) == "   200 →    60.0 MiB   70.0% (75.0%)"


def test_only_the_growth_of_the_pool_counts(plain: Plain) -> None:
    plain.kept.append(b"from before")
    revisions = [Revision(b"one", 3), Revision(b"onetwo", 3)]
    stored, rates = log_series(plain, "a", "a.bin", revisions)
    assert (stored.logical, stored.new, stored.physical) == (9, 6, 9)
    assert rates.digests == {1: sha256_of(b"one"), 2: sha256_of(b"onetwo")}


def test_the_first_version_and_the_next_ones_are_timed_apart(plain: Plain) -> None:
    _, rates = log_series(plain, "a", "a.bin", [Revision(b"1", 1), Revision(b"22", 2)])
    assert (rates.first.num_bytes, rates.following.num_bytes) == (1, 2)
    assert rates.hashing.num_bytes == 3


def test_other_bytes_than_were_logged_are_an_error(plain: Plain) -> None:
    log_series(plain, "a", "a.bin", [Revision(b"content", 7)])
    whole, file = compare_reading(plain, "a", {1: sha256_of(b"content")})
    assert (whole.num_bytes, file.num_bytes) == (7, 7)
    with pytest.raises(ValueError, match="a:v1"):
        compare_reading(plain, "a", {1: sha256_of(b"other")})


def test_a_row_whose_package_is_absent_says_so(plain: Plain) -> None:
    series = Series("odd", "odd.bin", make_unrelated, needs="no_such_package")
    assert table_cell(plain, series, 10, 0) == "skipped: no_such_package is not installed"
    assert plain.kept == []


def test_rates_add_up_and_are_zero_before_anything_was_measured() -> None:
    rate = Rate()
    assert (rate.mib_per_second, rate.mib_per_core_second) == (0, 0)
    rate.add(Rate(num_bytes=4 * MIB, clock=2, cores=1))
    rate.add(Rate(num_bytes=4 * MIB, clock=2, cores=1))
    assert (rate.mib_per_second, rate.mib_per_core_second) == (2, 4)


def test_the_baselines_read_and_write_all(tmp_path: Path) -> None:
    content = b"x" * (MIB + 5)
    write_file(tmp_path / "file", content)
    assert read_file(tmp_path / "file") == len(content)
    assert hash_file(tmp_path / "file") == sha256_of(content)


def test_both_promised_headlines_are_measured_unless_told(arguments: pytest.MonkeyPatch) -> None:
    assert parse_options().headlines == [(20, 16), (100, 64)]


def test_a_headline_may_be_chosen(arguments: pytest.MonkeyPatch) -> None:
    arguments.setattr("sys.argv", ["dedup", "--count", "30", "--size-mib", "32"])
    assert parse_options().headlines == [(30, 32)]


def test_a_scale_at_which_nothing_is_cut_is_refused(arguments: pytest.MonkeyPatch) -> None:
    arguments.setattr("sys.argv", ["dedup", "--scale", "0.5"])
    with pytest.raises(SystemExit):
        parse_options()
