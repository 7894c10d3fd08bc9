"""Many small files up and down: beside one request for each, in the same moments.

The baselines use the same server, client and number of connections: ``PUT /api/blobs/{digest}``
and ``GET …/files/{path}`` for each file, and the same files on the disk.

    python -m benchmarks.many_files --count 10000
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import runicorn as rn
from runicorn.transport import WORKERS
from tests.live import start_portal

SIZE_BYTES = 4096


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_files(folder: Path, count: int) -> Path:
    """``count`` files of random bytes, 100 in each folder."""
    for number in range(count):
        path = folder / f"{number // 100:04}" / f"{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(SIZE_BYTES))
    return folder


def send_singly(client: rn.Client, folder: Path, connections: int) -> None:
    """The baseline up: hash and send each file in a request of its own."""

    def send(path: Path) -> None:
        content = path.read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        client.put_blob(digest, len(content), lambda: content)

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(send, [path for path in folder.rglob("*") if path.is_file()]))


def fetch_singly(client: rn.Client, name: str, folder: Path, connections: int) -> None:
    """The baseline down: fetch and hash each file in a request of its own."""

    def fetch(path: str) -> None:
        with client.open_file(name, 1, path) as response:
            content = response.read()
        hashlib.sha256(content).hexdigest()
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    paths = [one["path"] for one in client.get_files(name, 1)["files"]]
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(fetch, paths))


def measure(folder: Path, count: int) -> float:
    """Print rates and ratios; return the smallest ratio to one request after the other."""
    client = rn.Client()
    singly = count // 10  # their rate does not depend on how many there are
    many = write_files(folder / "many", count)
    few = {n: write_files(folder / f"few-{n}", singly) for n in (1, WORKERS)}
    with rn.init(project="benchmark", name="many-files") as run:
        alone = {n: singly / seconds(lambda n=n: send_singly(client, few[n], n)) for n in few}
        artifact = rn.Artifact("many", type="dataset").add_dir(many)
        up = show("up", alone, count / seconds(lambda: run.log_artifact(artifact)))
        run.log_artifact(rn.Artifact("few", type="dataset").add_dir(few[1]))
        alone = {
            n: singly / seconds(lambda n=n: fetch_singly(client, "few", folder / f"out-{n}", n))
            for n in few
        }
        down = show("down", alone, count / seconds(lambda: artifact.download(folder / "out")))
    return min(up, down)


def show(way: str, alone: dict[int, float], together: float) -> float:
    """Print one way; return how much faster it is than one request after the other."""
    for connections, rate in alone.items():
        print(
            f"{way:4} one request each, {connections} at a time: {rate:6.0f}/s;"
            f" SDK: {together:6.0f}/s, {together / rate:5.1f} times"
        )
    return together / alone[1]


def main() -> None:
    """Measure on a portal of its own; exit with 1 below ten times."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    count = options.parse_args().count
    print(f"{count} files of {SIZE_BYTES} bytes")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RUNICORN_HOME"] = str(Path(folder) / "home")
        portal = start_portal(Path(folder) / "var", RUNICORN_LOG_LEVEL="WARNING")
        os.environ["RUNICORN_TRACKING_URI"] = portal.url
        try:
            ratio = measure(Path(folder), count)
        finally:
            portal.stop()
    sys.exit(0 if ratio >= 10 else 1)


if __name__ == "__main__":
    main()
