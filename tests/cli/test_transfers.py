"""``get`` and ``put``, and what a terminal sees."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.cli.transfers import parse_metadata
from tests.cli.conftest import HEEDING_CTRL_C, RunCommand
from tests.cli.terminal import plain, read_all
from tests.live import LivePortal
from tests.sdk.peers import Peer, Seen, json_answer

MakeFile = Callable[..., Path]


def files_in(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_put_logs_a_version_in_a_run_of_its_own(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile
) -> None:
    outcome = runicorn(
        *("artifacts", "put", name, make_file("a.bin"), "--type", "dataset"),
        *("--alias", "production", "-a", "best", "--tag", "x", "--tag", "y"),
        *("-m", "acc=0.5", "-m", "note=a=b", "-m", "list=[1, 2]", "-m", "odd=NaN"),
        *("--description", "made by hand", "--project", "p", "--run-name", "by-hand"),
    )
    assert (outcome.code, outcome.out) == (0, f"{name}:v1\n")
    detail = rn.Client().get_version(name, 1, artifact_type="dataset")
    assert sorted(detail["aliases"]) == ["best", "latest", "production"]
    assert (detail["tags"], detail["description"]) == (["x", "y"], "made by hand")
    assert detail["metadata"] == {"acc": 0.5, "note": "a=b", "list": [1, 2], "odd": "NaN"}
    run = rn.Client().get_run(str(detail["created_by_run"]))
    assert (run["project"], run["name"], run["status"]) == ("p", "by-hand", "finished")


@pytest.mark.parametrize("has_begun", [False, True])
def test_put_within_a_job_leaves_the_jobs_run_alone(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile,
    monkeypatch: pytest.MonkeyPatch, *, has_begun: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_RUN_ID", f"job-{name}")
    runs = [rn.init(project="training", name="train")] if has_begun else []
    assert runicorn("artifacts", "put", name, make_file("a")).code == 0
    runs += [] if has_begun else [rn.init(project="training", name="train")]
    info = rn.Client().get_run(f"job-{name}")
    runs[0].finish()
    assert (info["project"], info["status"]) == ("training", "running")
    assert rn.Client().get_version(name, 1)["created_by_run"] != info["id"]


def test_put_takes_the_type_before_the_name(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile
) -> None:
    outcome = runicorn("artifacts", "put", f"dataset/{name}", make_file("a.bin"), "--json")
    assert (outcome.json["name"], outcome.json["type"]) == (name, "dataset")


def test_put_in_json_is_the_version(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile
) -> None:
    outcome = runicorn("artifacts", "put", name, make_file("a.bin"), "--json")
    assert outcome.json == rn.Client().get_version(name, 1)
    assert outcome.err == ""


def test_put_puts_a_single_folder_at_the_top(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    for path in ("d/a", "d/deep/b", "d/c.log"):
        make_file(path)
    runicorn("artifacts", "put", name, tmp_path / "d", "--exclude", "*.log")
    assert listed(runicorn, name) == ["a", "deep/b"]


def test_put_keeps_several_paths_apart(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    for path in ("d/a", "e/a", "a"):
        make_file(path)
    runicorn("artifacts", "put", name, tmp_path / "d", f"{tmp_path}/e/", tmp_path / "a")
    assert listed(runicorn, name) == ["a", "d/a", "e/a"]


def test_put_of_the_same_path_twice_is_refused(
    peer: Peer, runicorn: RunCommand, make_file: MakeFile, tmp_path: Path
) -> None:
    folder = make_file("d/a").parent
    outcome = runicorn("artifacts", "put", "m", folder, f"{tmp_path}/d/", "--json")
    assert (outcome.code, peer.seen) == (2, [])
    assert f"{folder} is given twice" in json.loads(outcome.err)["detail"]


def test_put_tells_of_files_whose_names_are_taken(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for path in ("one/d/a", "two/d/a", "two/d/b"):
        make_file(path)
    assert runicorn("artifacts", "put", name, tmp_path / "one/d", tmp_path / "two/d").code == 0
    assert f"There is a file d/a already; what {tmp_path}/two/d has of that name" in caplog.text
    assert listed(runicorn, name) == ["d/a", "d/b"]


def listed(runicorn: RunCommand, name: str) -> list[str]:
    return [one["path"] for one in runicorn("artifacts", "files", name, "--json").json["files"]]


def test_get_fetches_into_a_folder_named_after_the_version(
    runicorn: RunCommand, logged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = runicorn("artifacts", "get", f"{logged}:production")
    assert (outcome.code, outcome.out) == (0, f"artifacts/{logged}-v1\n")
    assert f"{logged}:v1: 1 file, 3 B" in outcome.err
    assert (tmp_path / f"artifacts/{logged}-v1/a.bin").read_bytes() == b"one"


def test_get_in_json(runicorn: RunCommand, logged: str, tmp_path: Path) -> None:
    outcome = runicorn("artifacts", "get", logged, tmp_path / "out", "--json")
    assert outcome.json == {
        "artifact": f"{logged}:v2",
        "type": "model",
        "path": str(tmp_path / "out"),
        "files": 1,
        "size_bytes": 2048,
    }
    assert files_in(tmp_path / "out") == ["deep/b.bin"]


def test_get_into_a_place_that_cannot_be_is_1(
    runicorn: RunCommand, logged: str, make_file: MakeFile
) -> None:
    outcome = runicorn("artifacts", "get", logged, make_file("in-the-way"))
    assert outcome.code == 1
    assert outcome.err.endswith("in-the-way is a file: say a folder to download into\n")


def test_damaged_bytes_are_5(peer: Peer, runicorn: RunCommand, tmp_path: Path) -> None:
    detail = {"name": "m", "type": "model", "version": 1, "description": "", "metadata": {}}
    detail |= {"tags": [], "created_at": 0.0, "updated_at": 0.0}
    file = {"path": "a", "size": 3, "digest": f"sha256:{'0' * 64}"}
    listing = {"files": [file], "references": [], "total_size": 3, "total_files": 1}
    listing |= {"total_references": 0}
    peer.script(json_answer(200, detail), json_answer(200, listing), json_answer(200, "x"))
    outcome = runicorn("artifacts", "get", "model/m:v1", tmp_path / "out")
    assert outcome.code == 5
    assert "does not have the digest" in outcome.err
    assert files_in(tmp_path / "out") == []


AT_ONCE = """
from runicorn import progress
from runicorn.cli.main import main
progress.BAR_AFTER_SECONDS = 0.0  # else how fast the machine is would say whether there is a bar
main()
"""


def at_a_terminal(portal: LivePortal, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Run a command with a terminal; return its exit code and all that was shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", AT_ONCE, *arguments]
    env = os.environ | {"RUNICORN_TRACKING_URI": portal.url, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        shown = plain(read_all(ours))
        os.close(ours)
        return process.wait(30), shown


@pytest.mark.parametrize(("answer", "code", "status"), [("n\n", 1, "ready"), ("y\n", 0, None)])
def test_permanent_delete_asks_at_a_terminal(
    portal: LivePortal, logged: str, answer: str, code: int, status: str | None
) -> None:
    rn.Client().set_alias(logged, "staging", 2)
    ended, shown = at_a_terminal(
        portal, "artifacts", "delete", f"{logged}:v2", "--permanent", answer=answer
    )
    assert (ended, "It will be purged" in shown) == (code, True)
    assert "Aliases that go too: staging (v2)" in shown
    left = [one["status"] for one in rn.Client().list_versions(logged) if one["version"] == 2]
    assert left == ([status] if status else [])


def test_a_transfer_shows_a_bar(
    portal: LivePortal, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    path = make_file("big.bin", os.urandom(8 << 20))
    ended, shown = at_a_terminal(portal, "artifacts", "put", name, str(path))
    assert (ended, "Uploading" in shown) == (0, True)
    assert shown.rstrip().endswith(f"{name}:v1")
    ended, shown = at_a_terminal(portal, "artifacts", "get", name, str(tmp_path / "out"))
    assert (ended, "Downloading" in shown) == (0, True)


@pytest.mark.parametrize(("options", "said"), [([], "Interrupted"), (["--json"], '"aborted"')])
def test_ctrl_c_ends_an_upload_tidily(
    peer: Peer, make_file: MakeFile, options: list[str], said: str
) -> None:
    statuses: list[str] = []
    reached: list[str] = []

    def slowly(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        if seen.method == "PATCH":
            statuses.append(seen.json["status"])
        elif seen.path == "/api/blobs/missing":
            reached.append(seen.path)
            time.sleep(2)
        status = statuses[-1] if statuses else "running"
        run = {"id": "r", "project": "p", "name": "n", "status": status}
        json_answer(201, run | {"missing": []})(handler, seen)

    peer.script(slowly)
    command = [*HEEDING_CTRL_C, sys.executable, "-m", "runicorn"]
    command += ["artifacts", "put", "model/m", str(make_file("a")), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not reached and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err
    assert statuses == ["failed"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("7", 7),
        ("true", True),
        ("null", None),
        ('"7"', "7"),
        ('{"a": [1]}', {"a": [1]}),
        ("AdamW", "AdamW"),
        ("1e5", 100000.0),
        ("v1.2", "v1.2"),
        ("-Infinity", "-Infinity"),
        ("", ""),
    ],
)
def test_a_metadata_value_is_json_or_else_text(text: str, value: object) -> None:
    assert parse_metadata([f"key={text}"]) == {"key": value}


@pytest.mark.parametrize(
    ("mode", "shown", "said"),
    [
        ("offline", "{name}:queued\n", "`runicorn sync` sends it; its type is model\n"),
        ("disabled", "{name}\n", "RUNICORN_MODE=disabled: nothing is logged\n"),
    ],
)
def test_put_heeds_the_mode(
    runicorn: RunCommand, name: str, make_file: MakeFile, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, mode: str, shown: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNICORN_MODE", mode)
    done = runicorn("artifacts", "put", name, str(make_file("a")))
    assert (done.code, done.out, done.err) == (0, shown.format(name=name), said)


def test_what_was_put_offline_is_sent_by_sync(
    portal: LivePortal, runicorn: RunCommand, name: str, make_file: MakeFile, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    queued = runicorn("artifacts", "put", name, str(make_file("a")), "--json", "-a", "first")
    assert queued.json == {"artifact": f"{name}:queued", "queued": True}
    monkeypatch.delenv("RUNICORN_MODE")
    assert runicorn("sync").out == f"{name}:v1\n"
    assert rn.Client().get_version(name, 1)["aliases"] == ["latest", "first"]
