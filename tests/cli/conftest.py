"""Running commands, and a portal for them to talk to."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn.cli.main import main
from tests.live import LivePortal
from tests.sdk.peers import Peer, serve_peer

# A job in the background of a script ignores SIGINT, and hands that down.
HEEDING_CTRL_C = ("env", "--default-signal=INT")


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, decoded."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line of standard output."""
        return [line.split() for line in self.out.splitlines()]


RunCommand = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def config_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home for what the client keeps: nobody's own counts in a test."""
    for name in ("config", "cache", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    monkeypatch.delenv("RUNICORN_HOME", raising=False)
    monkeypatch.delenv("RUNICORN_TEAM", raising=False)
    return tmp_path / "config" / "runicorn"


@pytest.fixture
def runicorn(capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Run the command with these arguments."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def portal(live_portal: LivePortal, monkeypatch: pytest.MonkeyPatch) -> LivePortal:
    """The live portal as the one ``RUNICORN_TRACKING_URI`` names."""
    monkeypatch.setenv("RUNICORN_TRACKING_URI", live_portal.url)
    monkeypatch.delenv("RUNICORN_API_KEY", raising=False)
    return live_portal


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A server that answers what the test says."""
    with serve_peer() as running:
        monkeypatch.setenv("RUNICORN_TRACKING_URI", running.url)
        yield running


@pytest.fixture
def name() -> str:
    """An artifact name that no other test uses."""
    return f"thing-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file below ``tmp_path``."""

    def make(path: str, content: bytes = b"content") -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    return make


@pytest.fixture
def logged(portal: LivePortal, name: str, make_file: Callable[..., Path]) -> str:
    """The name of an artifact with two versions; v1 is ``production``."""
    with rn.Run("tests", name="cli") as run:
        first = rn.Artifact(name, description="the first").add_file(make_file("a.bin", b"one"))
        run.log_artifact(first.add_tags("x").add_metadata({"acc": 0.5}), aliases="production")
        second = rn.Artifact(name).add_file(make_file("b.bin", b"x" * 2048), name="deep/b.bin")
        run.log_artifact(second.add_reference("s3://bucket/data", size=5))
    return name
