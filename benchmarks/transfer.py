"""How fast content goes in and out through the real SDK and the real server, beside sha256 alone.

Run by ``make bench``. Everything is hashed by the client and by the server, both ways, so sha256 of
the same bytes is the natural baseline.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import runicorn as rn
from tests.live import start_portal

MIB = 1 << 20


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def hash_file(path: Path) -> None:
    """The baseline: read the file and hash it."""
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def make_files(folder: Path, size_mib: int, small: int) -> tuple[Path, Path]:
    """One large file of random bytes, and a folder of ``small`` files of 4 KiB."""
    large = folder / "large.bin"
    with large.open("wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(MIB))
    many = folder / "many"
    many.mkdir()
    for number in range(small):
        (many / f"{number:06}.bin").write_bytes(os.urandom(4096))
    return large, many


def measure(folder: Path, size_mib: int, small: int) -> None:
    """Log, log again and download; print each beside the baseline."""
    large, many = make_files(folder, size_mib, small)
    hash_file(large)  # warm the page cache, for all alike
    baseline = seconds(lambda: hash_file(large))
    with rn.init(project="benchmark", name="transfer") as run:

        def log() -> None:
            run.log_artifact(rn.Artifact("large", type="dataset").add_file(large))

        def log_many() -> None:
            run.log_artifact(rn.Artifact("many", type="dataset").add_dir(many))

        def fetch() -> None:
            run.use_artifact("large:latest").download(folder / "out")

        print(f"one file of {size_mib} MiB; {small} files of 4 KiB")
        print(f"{'baseline: sha256 alone':36} {size_mib / baseline:8.0f} MiB/s  1.00")
        for label, work in (("log", log), ("log again", log), ("download", fetch)):
            took = seconds(work)
            print(f"{label:36} {size_mib / took:8.0f} MiB/s {baseline / took:5.2f}")
        for label in ("log many files", "log many files again"):
            print(f"{label:36} {small / seconds(log_many):8.0f} files/s")


def main() -> None:
    """Measure on a portal of its own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size-mib", type=int, default=512)
    options.add_argument("--small", type=int, default=5000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        portal = start_portal(Path(folder) / "var", RUNICORN_LOG_LEVEL="WARNING")
        os.environ["RUNICORN_TRACKING_URI"] = portal.url
        os.environ["RUNICORN_HOME"] = str(Path(folder) / "home")
        try:
            measure(Path(folder), chosen.size_mib, chosen.small)
        finally:
            portal.stop()


if __name__ == "__main__":
    main()
