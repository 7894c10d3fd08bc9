"""``runicorn import runicorn`` where something stops it, or its report cannot be written."""

import json
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.cli.conftest import HEEDING_CTRL_C, RunCommand
from tests.conftest import digest_of
from tests.legacy.plain import write_run, write_version
from tests.live import LivePortal
from tests.sdk.peers import Answer, Peer, Seen, json_answer
from tests.sdk.test_hostile_server import RUN


@pytest.fixture
def root(tmp_path: Path, name: str) -> Path:
    """A small store: two versions of an artifact that no other test has, and a run."""
    folder = tmp_path / "root"
    write_version(folder, name, 1, run=f"{name}-made")
    write_version(folder, name, 3, files={"b.bin": b"b" * 1000})
    write_run(folder, f"{name}-made", project=name, made=[(name, 1)])
    return folder


def answering(missing: Answer, standing: Answer | None = None) -> Answer:
    """A portal that knows nothing yet; ``missing`` answers which contents it lacks."""
    new = {"outcome": "new", "status": None, "manifest_digest": None, "aliases": []}

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        if seen.path == "/api/blobs/missing":
            missing(handler, seen)
        elif seen.path.startswith("/api/runs/"):
            json_answer(201, {"run": RUN, "missing": []})(handler, seen)
        elif standing is not None and "lost" in seen.json:
            standing(handler, seen)
        else:
            json_answer(200, new)(handler, seen)

    return answer


def test_content_that_is_refused_skips_its_version_alone(
    peer: Peer, runicorn: RunCommand, root: Path, name: str
) -> None:
    def missing(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        full = json_answer(507, {"detail": "over the quota", "code": "quota_exceeded"})
        is_first = digest_of(b"content of a") in seen.json["digests"]
        (full if is_first else json_answer(200, {"missing": []}))(handler, seen)

    def standing(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        made = {"outcome": "imported", "status": "ready", "manifest_digest": "x", "aliases": []}
        json_answer(201, made)(handler, seen)

    peer.script(answering(missing, standing))
    done = runicorn("import", "runicorn", root, "--json")
    assert (done.code, done.err) == (1, "")
    report = done.json
    assert report["versions"] == {"imported": 1, "skipped": 1}
    skipped = [one for one in report["findings"] if one["about"] == f"model/{name}:v1"]
    assert [(one["kind"], one["text"]) for one in skipped] == [("skipped", "over the quota")]
    assert report["complete"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_ctrl_c_leaves_the_report(peer: Peer, root: Path, options: list[str]) -> None:
    asked, ended = threading.Event(), threading.Event()

    def never_answers(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        asked.set()
        ended.wait(60)
        handler.close_connection = True

    peer.script(answering(never_answers))
    command = [*HEEDING_CTRL_C, sys.executable, "-m", "runicorn", "import", "runicorn"]
    with subprocess.Popen(
        [*command, str(root), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            ended.set()
            process.kill()
    assert (process.returncode, "Traceback" in err) == (130, False)
    is_complete = json.loads(out)["complete"] if options else "NOT COMPLETE" not in out
    assert not is_complete


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_report_that_cannot_be_written_is_printed_and_said(
    portal: LivePortal, runicorn: RunCommand, root: Path, options: list[str]
) -> None:
    file = root / "nowhere" / "report.json"
    done = runicorn("import", "runicorn", root, "--report", file, *options)
    assert (done.code, f"Cannot write {file}: No such file" in done.err) == (1, True)
    assert done.json["complete"] if options else "Signed off" in done.out


def test_what_stopped_it_is_said_where_its_report_cannot_be_written_either(
    peer: Peer, runicorn: RunCommand, root: Path
) -> None:
    peer.script(json_answer(403, {"detail": "not for you", "code": "denied"}))
    done = runicorn("import", "runicorn", root, "--report", root / "nowhere" / "report.json")
    assert (done.code, done.err) == (4, "not for you\n")
    assert "NOT COMPLETE" in done.out
