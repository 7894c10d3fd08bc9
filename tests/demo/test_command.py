"""``make demo``: which portal is filled, when one is started, and what is refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import runicorn as rn
from examples.demo.__main__ import main
from examples.demo.filling import State, find_state
from examples.demo.serving import NotStarted, find_address, is_running, serve
from runicorn.config import Config
from tests.live import MANAGE, LivePortal, free_port
from tests.sdk.peers import Peer, json_answer, serve_peer

SECONDS = 150


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A portal that holds what the test says."""
    with serve_peer() as running:
        monkeypatch.setenv("RUNICORN_TRACKING_URI", running.url)
        yield running


def holding(peer: Peer, *names: str) -> Peer:
    """Let ``peer`` have artifacts of these names."""
    peer.script(json_answer(200, [{"name": name} for name in names]))
    return peer


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ([], State.EMPTY),
        (["churn-model"], State.TAKEN),
        (["churn-model", "tickets-raw"], State.BROKEN_OFF),
        (["tickets-raw", "about-this-demo"], State.COMPLETE),
    ],
)
def test_what_a_portal_has_is_told_by_its_names(peer: Peer, names: list[str], state: State) -> None:
    holding(peer, *names)
    assert find_state(rn.Client(Config(url=peer.url))) is state


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["churn-model"], "RUNICORN_PORT=23301 make demo"),
        (["tickets-raw"], "a demo that broke off"),
    ],
)
def test_a_portal_that_holds_something_is_left_alone(
    peer: Peer, names: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    holding(peer, *names)
    assert main([]) == 1
    assert said in capsys.readouterr().err
    assert {seen.method for seen in peer.seen} == {"GET"}


def test_a_portal_that_has_the_demo_is_no_failure(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    holding(peer, "about-this-demo")
    assert main([]) == 0
    assert "nothing is added" in capsys.readouterr().out
    assert {seen.method for seen in peer.seen} == {"GET"}


def test_a_portal_that_asks_for_a_login_is_told_of(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.script(json_answer(401, {"code": "not_authenticated", "detail": "Who are you?"}))
    assert main([]) == 1
    assert "runicorn login" in capsys.readouterr().err


def test_no_portal_is_started_for_an_address_that_was_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    assert main([]) == 1
    assert "No portal answers" in capsys.readouterr().err


@pytest.mark.parametrize("scale", ["0", "-1", "1.5", "much"])
def test_a_scale_that_makes_no_sense_is_refused(
    scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--scale", scale])
    assert stopped.value.code == 2
    assert "--scale" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:23300"),
        ({"RUNICORN_PORT": "23301"}, "http://127.0.0.1:23301"),
        ({"RUNICORN_HOST": "::1"}, "http://[::1]:23300"),
        ({"RUNICORN_HOST": "localhost", "RUNICORN_PORT": "1"}, "http://localhost:1"),
        ({"RUNICORN_TRACKING_URI": "http://a", "RUNICORN_PORT": "1"}, "http://a"),
    ],
)
def test_the_address_is_the_one_that_make_run_would_serve(
    environ: dict[str, str], address: str
) -> None:
    assert find_address(environ) == address


def test_a_portal_runs_or_does_not(live_portal: LivePortal) -> None:
    assert is_running(Config(url=live_portal.url))
    assert not is_running(Config(url=f"http://127.0.0.1:{free_port()}"))


def test_a_portal_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("RUNICORN_PORT", "no port")
    config = Config(url=f"http://127.0.0.1:{port}")
    with pytest.raises(NotStarted, match="RUNICORN_PORT"), serve(config, tmp_path / "var"):
        pytest.fail("it has started")


@pytest.mark.slow
def test_one_command_starts_fills_and_serves_until_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("RUNICORN_", "DATABASE_URL"))}
    environ = ours | {"RUNICORN_PORT": str(port), "RUNICORN_DATA_DIR": str(tmp_path / "var")}
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "examples.demo", "--scale", "0.01"],
            cwd=MANAGE.parent,
            env=environ,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_said(log, f"Serving {url} until Ctrl-C.", process)
        assert rn.Client(Config(url=url)).get_stats()["total_artifacts"] == 60
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert "Logged 60 versions of 60 artifacts" in log.read_text()
    assert not is_running(Config(url=url))


def wait_until_said(log: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for a line in what the command says."""
    deadline = time.monotonic() + SECONDS
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
