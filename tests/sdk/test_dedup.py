"""Large files against a live portal: only new bytes travel, also from clients that are killed."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import upload
from runicorn.config import Config
from runicorn.hashing import SourceFile, hash_file
from runicorn.resume import PART_BYTES
from tests.live import LivePortal
from tests.sdk.conftest import Ledger
from tests.sdk.peers import Meter, metering_proxy

MakeFile = Callable[..., Path]

SIZE = 12 << 20
HEADERS = 100_000
"""More than the requests and lists of chunks of one upload have."""


@pytest.fixture
def meter(portal: LivePortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """Counts what clients of ``RUNICORN_TRACKING_URI`` send."""
    with metering_proxy(portal.url) as meter:
        monkeypatch.setenv("RUNICORN_TRACKING_URI", meter.url)
        yield meter


@pytest.fixture
def uncut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the SDK do without the wheels."""

    def hash_only(path: Path, advance: Callable[[int], None]) -> SourceFile:
        found = hash_file(path, advance)
        return SourceFile(found.path, found.size, found.mtime_ns, found.digest)

    monkeypatch.setattr(upload, "hash_file", hash_only)


def log(name: str, path: Path, ledger: Ledger | None = None) -> int:
    with rn.Run("tests", client=rn.Client()) as run:
        return run.log_artifact(rn.Artifact(name).add_file(path, name="f"), progress=ledger)


def stored(portal: LivePortal, name: str, version: int) -> bytes:
    response = rn.Client(Config(url=portal.url)).open_file(name, version, "f")
    return response.read()


def test_a_second_version_sends_only_what_is_new(
    meter: Meter, portal: LivePortal, name: str, make_file: MakeFile
) -> None:
    first = os.urandom(SIZE)
    second = b"a longer header" + first[: SIZE // 2] + os.urandom(1 << 20) + first[SIZE // 2 :]
    assert log(name, make_file("a", first)) == 1
    sent_before = meter.sent
    ledger = Ledger()
    assert log(name, make_file("a", second), ledger) == 2
    assert meter.sent - sent_before < (2 << 20) + HEADERS
    assert ledger.done["Uploading"] == ledger.totals["Uploading"] == len(second)
    assert stored(portal, name, 2) == second


def test_without_the_wheels_all_of_it_is_sent_in_parts(
    meter: Meter, uncut: None, portal: LivePortal, name: str, make_file: MakeFile
) -> None:
    first = os.urandom(SIZE)
    log(name, make_file("a", first))
    sent_before = meter.sent
    assert log(name, make_file("a", first + b"end")) == 2
    assert SIZE < meter.sent - sent_before < SIZE + HEADERS
    assert stored(portal, name, 2) == first + b"end"


def test_content_of_chunks_that_are_all_known_sends_none(
    meter: Meter, portal: LivePortal, name: str, make_file: MakeFile
) -> None:
    first = os.urandom(SIZE)
    log(name, make_file("a", first))
    sent_before = meter.sent
    assert log(name, make_file("a", first + first)) == 2
    assert meter.sent - sent_before < (1 << 20) + HEADERS
    assert stored(portal, name, 2) == first + first


def spawn_client(path: Path, name: str, url: str) -> subprocess.Popen[bytes]:
    """Log ``path`` from a process of its own."""
    script = (
        "import runicorn as rn, sys\n"
        "run = rn.Run('tests')\n"
        "run.log_artifact(rn.Artifact(sys.argv[2]).add_file(sys.argv[1], name='f'))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), name],
        env=os.environ | {"RUNICORN_TRACKING_URI": url},
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.parametrize("has_base", [False, True])
def test_killed_clients_send_at_most_one_part_twice(
    meter: Meter, portal: LivePortal, name: str, make_file: MakeFile, *, has_base: bool
) -> None:
    chance = random.Random(hashlib.sha256(name.encode()).digest())  # noqa: S311 no secret
    shared = os.urandom(SIZE)
    if has_base:
        log(name, make_file("base", shared))
    new = os.urandom(2 * SIZE)
    path = make_file("a", (shared + new) if has_base else new)
    start = meter.sent
    kills = 3
    for number in range(kills):
        client = spawn_client(path, name, meter.url)
        kill_at = meter.sent + chance.randrange(1 << 20, len(new) // kills)
        while meter.sent < kill_at and client.poll() is None:
            time.sleep(0.001)
        assert client.poll() is None, f"it ended before kill {number}"
        client.send_signal(signal.SIGKILL)
        client.communicate()
    assert log(name, path) == (2 if has_base else 1)
    assert meter.sent - start <= len(new) + PART_BYTES + (kills + 1) * HEADERS
    assert stored(portal, name, 2 if has_base else 1) == path.read_bytes()


def test_many_clients_may_log_the_same_content_at_once(
    portal: LivePortal, name: str, make_file: MakeFile
) -> None:
    path = make_file("a", os.urandom(SIZE))
    clients = [spawn_client(path, name, portal.url) for _ in range(3)]
    ended = [(client.communicate()[1], client.returncode) for client in clients]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert [stored(portal, name, version) for version in (1, 2, 3)] == [path.read_bytes()] * 3


@pytest.mark.slow
def test_memory_is_bounded(portal: LivePortal, name: str, tmp_path: Path) -> None:
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.write(os.urandom(1 << 20))
        file.truncate(256 << 20)
    script = (
        "import resource, runicorn as rn, sys\n"
        "import runicorn.chunking; runicorn.chunking._load_tools(); rn.Client().get_stats()\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "rn.Run('tests').log_artifact(rn.Artifact(sys.argv[2]).add_file(sys.argv[1]))\n"
        "print((peak() - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), name],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert int(done.stdout) < 32  # MiB
