"""How much dedup inside files saves, beside what it could save at most, and what it costs.

Run by ``make bench-dedup``. Stores generated files again and again with some bytes new, through the
real services on a store and a PostgreSQL of its own (``--http``: through a server and the SDK).
Exits 1 when the headline stores more than promised, or the statistics and the disk disagree.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from benchmarks.measuring import Rates, compare_reading, disk_bytes, log_series
from benchmarks.portals import Portal, direct_portal, live_portal
from benchmarks.rates import Rate
from benchmarks.revisions import MIB, Series
from benchmarks.series import FROZEN, SERIES

SIZE_MIB = 16
SMALLEST_SCALE = 0.6  # files under 8 MiB are not cut
REVISIONS = 10
READ_LAST = 5
# (how many checkpoints, MiB each): the largest share of their bytes that may be stored
PROMISED = {(20, 16): 0.26, (100, 64): 0.215}
OTHERS_ABOVE_NEW = 0.02  # what another headline may store above the share that is new


def main() -> None:
    """Measure on a portal of its own."""
    chosen = parse_options()
    with (live_portal if chosen.http else direct_portal)() as portal:
        if not chosen.only_headline:
            print_table(portal, chosen.scale)
        kept = [print_headline(portal, headline, http=chosen.http) for headline in chosen.headlines]
        agrees = print_disk(portal)
    sys.exit(0 if agrees and all(kept) else 1)


def parse_options() -> argparse.Namespace:
    """The command line, with ``headlines`` as (count, size in MiB)."""
    options = argparse.ArgumentParser(prog="make bench-dedup", description=__doc__)
    options.add_argument("--scale", type=float, default=1, help="times 16 MiB a file in the table")
    options.add_argument("--count", type=int, help="one headline only: how many checkpoints")
    options.add_argument("--size-mib", type=int, help="and how large each is")
    options.add_argument("--only-headline", action="store_true", help="no table")
    options.add_argument("--http", action="store_true", help="through a server and the SDK")
    chosen = options.parse_args()
    if chosen.scale < SMALLEST_SCALE:
        options.error(f"--scale: {SMALLEST_SCALE} or more, smaller files are not cut")
    given = chosen.count or chosen.size_mib
    chosen.headlines = [(chosen.count or 100, chosen.size_mib or 64)] if given else list(PROMISED)
    return chosen


def print_table(portal: Portal, scale: float) -> None:
    """One line for each kind of file: what its revisions took."""
    size = round(SIZE_MIB * scale * MIB)
    print(
        f"{REVISIONS} revisions of about {size / MIB:.0f} MiB each, and in brackets what could be"
    )
    print(f"{'':32}  logical → stored        saved (limit)")
    for seed, series in enumerate(SERIES):
        print(f"{series.label:32} {table_cell(portal, series, size, seed)}", flush=True)
    print()


def table_cell(portal: Portal, series: Series, size: int, seed: int) -> str:
    """What ``series`` stored, or why it was not measured."""
    if series.needs and not find_spec(series.needs):
        return f"skipped: {series.needs} is not installed"
    revisions = series.make(size, REVISIONS, seed)
    stored, _ = log_series(portal, f"series-{seed}", series.file_name, revisions)
    return str(stored)


def print_headline(portal: Portal, headline: tuple[int, int], *, http: bool) -> bool:
    """Checkpoints with 80 % of the layers frozen; returns whether they kept the promise."""
    count, size_mib = headline
    name = f"headline-{count}-{size_mib}"
    revisions = FROZEN.make(size_mib * MIB, count, count)
    stored, rates = log_series(portal, name, FROZEN.file_name, revisions)
    allowed = PROMISED.get(headline, stored.new_share + OTHERS_ABOVE_NEW)
    kept = stored.share <= allowed
    print(f"{count} checkpoints of {size_mib} MiB, 80 % frozen: {stored}")
    verdict = "kept" if kept else "MISSED"
    print(f"  stored {stored.share:.2%} of the bytes; promised at most {allowed:.1%}: {verdict}")
    print_ingest(rates, http=http)
    print_reading(portal, name, rates)
    print(flush=True)
    return kept


def print_ingest(rates: Rates, *, http: bool) -> None:
    """Each rate, its share of sha256 (on the clock; per processor) and of a durable write."""
    rows = {
        "sha256 alone": rates.hashing,
        "write and fsync alone": rates.writing,
        "log the first version": rates.first,
        "log a next version": rates.following,
    }
    print(f"  {'':30} {'MiB/s':>8} {'of sha256':>10} {'per core':>10} {'of writing':>10}")
    for label, rate in rows.items():
        shares = [
            rate.mib_per_second / rates.hashing.mib_per_second,
            # The server's processors are not ours to count.
            None if http else rate.mib_per_core_second / rates.hashing.mib_per_core_second,
            rate.mib_per_second / rates.writing.mib_per_second,
        ]
        print_rate(label, rate, shares)


def print_rate(label: str, rate: Rate, shares: Sequence[float | None]) -> None:
    """One line."""
    cells = ["-" if share is None else f"{share:.2f}" for share in shares]
    print(f"  {label:30} {rate.mib_per_second:8.0f} {' '.join(f'{cell:>10}' for cell in cells)}")


def print_reading(portal: Portal, name: str, rates: Rates) -> None:
    """The plain first version and the last ones, as shares of reading a plain file."""
    last = dict(list(rates.digests.items())[1:][-READ_LAST:])
    print(f"  {'':30} {'MiB/s':>8} {'of a file':>10}")
    for label, digests in {"the first": {1: rates.digests[1]}, "the last": last}.items():
        whole, plain = compare_reading(portal, name, digests)
        print_rate("read a plain file", plain, [1])
        print_rate(f"read {label}", whole, [whole.mib_per_second / plain.mib_per_second])


def print_disk(portal: Portal) -> bool:
    """Whether the statistics say what the disk says."""
    counted, found = portal.pool_bytes(), disk_bytes(portal)
    verdict = "they agree" if counted == found else "they DISAGREE"
    print(f"the pool has {found} bytes on the disk, {counted} in the statistics: {verdict}")
    return counted == found


if __name__ == "__main__":
    main()
