"""What a break in the middle of a transfer costs: the client, the server or the network dies.

Each round sends a file and fetches it again with the real command through a proxy, and breaks both
transfers at a random point. Said is how many bytes passed more than in a transfer that nothing
breaks; the file that comes back is compared with the one that was sent.

    python -m benchmarks.broken_transfers --size-mib 1024 --count 50
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.breaking import KINDS, Outcome, Trial, trial

MIB = 1 << 20


def rounds(one: Trial, count: int) -> Iterable[Outcome]:
    """Break ``count`` uploads and as many downloads, each kind in turn."""
    for number in range(count):
        yield from one.run(KINDS[number % len(KINDS)])


def main() -> None:
    """Run the rounds; exit with 1 where a file came back changed, or too much was repeated."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size-mib", type=int, default=64)
    options.add_argument("--count", type=int, default=6)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    worst, failed = 0.0, 0
    with (
        tempfile.TemporaryDirectory() as folder,
        trial(Path(folder), chosen.size_mib * MIB, chosen.seed) as one,
    ):
        for outcome in rounds(one, chosen.count):
            repeated = outcome.repeated_bytes / MIB
            worst = max(worst, repeated)
            failed += not outcome.is_good
            print(
                f"{outcome.way:8} {outcome.kind:7} broken at {outcome.at_bytes / MIB:7.1f} MiB: "
                f"{repeated:5.2f} MiB repeated, {outcome.seconds:5.1f} s"
                f"{'' if outcome.is_good else '  FAILED'}",
                flush=True,
            )
    print(
        f"{2 * chosen.count} transfers of {chosen.size_mib} MiB, at most {worst:.2f} MiB repeated"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
