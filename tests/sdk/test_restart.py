"""The portal dies in the middle of a transfer and comes back."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.config import Config
from tests.live import fresh_database, spawn_serve, start_portal
from tests.sdk.conftest import Ledger

pytestmark = pytest.mark.slow

BIG_BYTES = 64 << 20


class MortalPortal:
    """A portal that can be killed and started again under the same address."""

    def __init__(self, data_dir: Path, database_url: str) -> None:
        self._database_url = database_url
        # A portal dies with the thread that spawned it, and those of a transfer end with it.
        self._spawner = ThreadPoolExecutor(1)
        self._portal = start_portal(data_dir, DATABASE_URL=database_url)
        self._process = self._portal.process
        self.url = self._portal.url

    def kill_and_restart(self) -> None:
        """Kill it at once and start it again; it is not ready yet on return."""
        self._portal.stop(signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._process = self._spawner.submit(
            spawn_serve,
            self._portal.data_dir,
            self._portal.log,
            DATABASE_URL=self._database_url,
            RUNICORN_PORT=self.url.rpartition(":")[2],
        ).result()

    def stop(self) -> None:
        """End it for good."""
        self._process.terminate()
        self._process.wait(60)
        self._portal.stop()
        self._spawner.shutdown()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MortalPortal]:
    """A portal of this test's own."""
    with fresh_database() as database_url:
        portal = MortalPortal(tmp_path / "var", database_url)
        yield portal
        portal.stop()


def killing_at(mortal: MortalPortal, phase: str, size_bytes: int) -> Ledger:
    """A ledger that kills the portal once, when so much of ``phase`` is done."""
    killed = threading.Event()

    def watch(what: str) -> None:
        if what == phase and ledger.done[what] >= size_bytes and not killed.is_set():
            killed.set()
            mortal.kill_and_restart()

    ledger = Ledger(on_advance=watch)
    return ledger


def test_transfers_survive_a_portal_that_is_killed(
    mortal: MortalPortal, make_file: Callable[..., Path], tmp_path: Path
) -> None:
    content = os.urandom(BIG_BYTES)
    run = rn.Run("tests", client=rn.Client(Config(url=mortal.url)))
    artifact = rn.Artifact("big").add_file(make_file("big.bin", content))
    upload = killing_at(mortal, "Uploading", BIG_BYTES // 2)
    assert run.log_artifact(artifact, progress=upload) == 1
    download = killing_at(mortal, "Downloading", BIG_BYTES // 2)
    target = artifact.download(tmp_path / "out", progress=download)
    assert (target / "big.bin").read_bytes() == content
    assert download.done["Downloading"] == BIG_BYTES
