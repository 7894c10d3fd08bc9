"""Ctrl-C: nobody waits for a server that is gone, or that does not answer."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import stopping
from runicorn.config import Config
from runicorn.errors import ServerUnavailable, TransferStopped
from runicorn.transfer import Transfer
from runicorn.transport import Transport
from tests.cli.conftest import HEEDING_CTRL_C
from tests.sdk.peers import Peer, Seen, bytes_answer, hang_up, json_answer, serve_peer
from tests.sdk.test_hostile_server import DETAIL, FILE, RUN

LISTING = {
    "artifact": "m:v1", "files": [FILE], "references": [], "total_size": 7, "total_files": 1,
    "total_references": 0, "is_remote": False,
}  # fmt: skip
LONG = 20.0
"""Seconds that nothing here may take."""


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """SIGINT interrupts, however the tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_leaves_a_thread_behind_that_does_not_end() -> None:
    may_end, ended_by_us = threading.Event(), []

    def read() -> None:
        press_ctrl_c()
        ended_by_us.append(may_end.wait(LONG))

    with pytest.raises(KeyboardInterrupt):
        Transfer().run([read])
    assert ended_by_us == []
    may_end.set()


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_waits_for_threads_that_can_end() -> None:
    transfer, ended = Transfer(), []

    def work() -> None:
        press_ctrl_c()
        try:
            while True:
                transfer.advance(0)
        finally:
            ended.append(1)

    with pytest.raises(KeyboardInterrupt):
        transfer.run([work])
    assert ended == [1]


def test_a_pause_ends_when_the_lot_is_given_up() -> None:
    pausing, seen = threading.Event(), []

    def wait() -> None:
        pausing.set()
        try:
            stopping.pause(LONG)
        except TransferStopped as error:
            seen.append(error)
            raise
        seen.append("slept")

    def fail() -> None:
        assert pausing.wait(LONG)
        raise OSError("disk on fire")

    with pytest.raises(OSError, match="disk on fire"):
        Transfer().run([wait, fail])
    assert [type(one) for one in seen] == [TransferStopped]


def test_elsewhere_a_pause_is_a_pause(pauses: list[float]) -> None:
    stopping.pause(3.0)
    Transfer().run([lambda: stopping.pause(4.0)])
    stopping.pause(5.0)
    assert pauses == [3.0, 4.0, 5.0]


def test_in_a_hurry_a_call_is_made_once(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(hang_up)
    with peer_client.hurrying(), pytest.raises(ServerUnavailable):
        peer_client.get_stats()
    assert len(peer.seen) == 1
    with pytest.raises(ServerUnavailable):
        peer_client.get_stats()
    assert len(peer.seen) == 4


def test_a_hurry_within_a_hurry_does_not_end_it() -> None:
    transport = Transport(Config(url="http://127.0.0.1:1"))
    transport.hurry()
    with transport.hurrying():
        pass
    assert transport._is_hurried


def test_ctrl_c_asks_once_to_end_the_run(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url)
    peer.script(json_answer(201, RUN), hang_up)
    with pytest.raises(KeyboardInterrupt), rn.Run("p"):
        raise KeyboardInterrupt
    assert peer.calls == ["POST /api/runs", "PATCH /api/runs/r"]


@pytest.mark.parametrize("frozen_at", ["headers", "body", "gone"])
def test_ctrl_c_ends_a_download_from_a_server_that_froze(tmp_path: Path, frozen_at: str) -> None:
    asked, ended = threading.Event(), threading.Event()

    def freeze(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        asked.set()
        if frozen_at == "body":
            bytes_answer(200, b"con", length=7)(handler, seen)
            handler.wfile.flush()
        if frozen_at != "gone":
            ended.wait(4 * LONG)
        handler.close_connection = True

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        path = seen.path.partition("?")[0]
        if "/files/" in path:
            freeze(handler, seen)
        elif path.endswith("/files"):
            json_answer(200, LISTING)(handler, seen)
        else:
            json_answer(200, DETAIL)(handler, seen)

    with serve_peer() as peer:
        peer.script(answer)
        code, err = _interrupted(["artifacts", "get", "model/m:v1", str(tmp_path)], peer, asked)
        ended.set()
    assert (code, err) == (130, "Interrupted\n")


def _interrupted(arguments: list[str], peer: Peer, asked: threading.Event) -> tuple[int, str]:
    """Press Ctrl-C once the server was asked; return the exit code and standard error."""
    command = [*HEEDING_CTRL_C, f"RUNICORN_TRACKING_URI={peer.url}", sys.executable]
    with subprocess.Popen(
        [*command, "-m", "runicorn", *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert asked.wait(2 * LONG)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=LONG)
        finally:
            process.kill()
    return process.returncode, err
