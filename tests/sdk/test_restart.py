"""The portal dies in the middle of a transfer and comes back."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.config import Config
from tests.breaking import MortalPortal
from tests.live import fresh_database
from tests.sdk.conftest import Ledger

pytestmark = pytest.mark.slow

BIG_BYTES = 64 << 20


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MortalPortal]:
    """A portal of this test's own."""
    with fresh_database() as database_url:
        portal = MortalPortal(tmp_path / "var", DATABASE_URL=database_url)
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
