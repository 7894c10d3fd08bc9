"""A portal that ``rn.init`` finds, peers that misbehave, and a clock that does not wait."""

import hashlib
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.config import Config
from runicorn.stopping import Stop
from tests.live import LivePortal
from tests.sdk.peers import Peer, serve_peer


@pytest.fixture(autouse=True)
def config_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home for what the client keeps: nobody's own counts in a test."""
    for name in ("config", "cache", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    monkeypatch.delenv("RUNICORN_HOME", raising=False)
    monkeypatch.delenv("RUNICORN_TEAM", raising=False)
    return tmp_path / "config" / "runicorn"


@pytest.fixture
def portal(
    live_portal: LivePortal,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LivePortal]:
    """The live portal as the one ``RUNICORN_TRACKING_URI`` names; nothing of ours is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
    monkeypatch.setenv("RUNICORN_TRACKING_URI", live_portal.url)
    monkeypatch.delenv("RUNICORN_API_KEY", raising=False)
    yield live_portal
    while rn.get_active_run():
        rn.finish()


@pytest.fixture
def offline(portal: LivePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline by the environment; the portal is there all the same, for sync."""
    monkeypatch.setenv("RUNICORN_MODE", "offline")


@pytest.fixture
def client(portal: LivePortal) -> rn.Client:
    """The portal's API."""
    return rn.Client()


@pytest.fixture
def peer(pauses: list[float]) -> Iterator[Peer]:
    """A server that does what the test says; nobody waits between attempts."""
    with serve_peer() as running:
        yield running


@pytest.fixture
def peer_client(peer: Peer) -> rn.Client:
    """The SDK talking to ``peer``."""
    return rn.Client(Config(url=peer.url))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Stop the clock: what would have been slept is noted instead."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    monkeypatch.setattr(Stop, "wait", lambda stop, seconds: noted.append(seconds))
    return noted


@pytest.fixture
def name() -> str:
    """An artifact name that no other test uses."""
    return f"thing-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file below ``tmp_path``."""

    def make(path: str, content: bytes = b"content") -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    return make


@dataclass
class Ledger:
    """A reporter that remembers; ``on_start`` may do something when a phase begins."""

    totals: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    on_start: Callable[[str], None] = lambda what: None
    on_advance: Callable[[str], None] = lambda what: None
    phase: str = ""

    def start(self, what: str, total_bytes: int) -> None:
        """Note the phase."""
        self.phase = what
        self.totals[what] = total_bytes
        self.done[what] = 0
        self.on_start(what)

    def advance(self, size_bytes: int) -> None:
        """Note the bytes."""
        self.done[self.phase] += size_bytes
        self.on_advance(self.phase)


def digest_of(content: bytes) -> str:
    """The digest as the API writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
