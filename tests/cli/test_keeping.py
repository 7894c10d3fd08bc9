"""``runicorn sync``, ``runicorn cache`` and ``runicorn artifacts verify``."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.cache import open_cache
from runicorn.home import queue_path
from runicorn.queued import Queue
from tests.cli.conftest import RunCommand
from tests.live import LivePortal

MakeFile = Callable[..., Path]
CONTENT = os.urandom(2048)


@pytest.fixture
def queued(
    portal: LivePortal, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The name of an artifact that was logged offline."""
    with rn.init(project="tests", mode="offline") as run:
        run.log_artifact(rn.Artifact(name).add_file(make_file("m", name.encode())))
    return name


def test_sync_sends_what_is_queued(runicorn: RunCommand, queued: str) -> None:
    outcome = runicorn("sync")
    assert (outcome.code, outcome.out) == (0, f"{queued}:v1\n")
    assert "Sent 3 events, 1 version among them" in outcome.err
    assert runicorn("sync").err.endswith("Sent 0 events, 0 versions among them\n")


def test_sync_can_only_say_what_it_would_do(runicorn: RunCommand, queued: str) -> None:
    outcome = runicorn("sync", "--dry-run", "--json")
    assert (outcome.code, len(outcome.json["waiting"]), outcome.json["sent"]) == (0, 3, [])
    assert "3 events would be sent" in runicorn("sync", "--dry-run").err


def test_sync_names_the_queued_version_that_is_used(runicorn: RunCommand, queued: str) -> None:
    with rn.init(project="tests", mode="offline") as run:
        run.use_artifact(queued)
    waiting = runicorn("sync", "--dry-run", "--json").json["waiting"]
    assert f"use of {queued}:queued by {run.id}" in [one["event"] for one in waiting]
    assert runicorn("sync").code == 0
    assert len(rn.Client().get_run_artifacts(run.id)["used"]) == 1


def test_sync_says_what_failed_and_keeps_it(runicorn: RunCommand, queued: str) -> None:
    queue = Queue(queue_path())
    for one in queue.contents.list_files():
        one.path.unlink()
    outcome = runicorn("sync")
    assert outcome.code == 1
    assert f"Failed: 2  {queued} (model)" in outcome.err
    assert "2 are kept: run it again" in outcome.err
    assert runicorn("sync", "--json").json["failed"][0]["event"].startswith(queued)


def test_what_can_never_be_sent_is_discarded_by_its_number(
    runicorn: RunCommand, queued: str
) -> None:
    queue = Queue(queue_path())
    for one in queue.contents.list_files():
        one.path.unlink()
    failed = runicorn("sync", "--json").json["failed"][0]
    assert "give one up by --discard NUMBER" in runicorn("sync").err
    refused = runicorn("sync", "--discard", str(failed["number"]))
    assert (refused.code, "--yes" in refused.err) == (2, True)
    would = runicorn("sync", "--discard", str(failed["number"]), "--dry-run")
    assert would.out == f"{failed['number']}  {failed['event']}\n"
    assert would.err == "1 event would be forgotten\n"
    done = runicorn("sync", "--discard", str(failed["number"]), "--yes", "--json")
    assert done.err == "Forgot 1 event: nothing of it is sent\n"
    assert [one["event"] for one in done.json["discarded"]] == [failed["event"]]
    assert runicorn("sync", "--without-aliases", str(failed["number"])).code == 2
    assert runicorn("sync").code == 0
    assert queue.list_events() == []
    again = runicorn("sync", "--discard", "99", "--yes")
    assert (again.code, "no event 99" in again.err) == (2, True)
    unasked = runicorn("sync", "--discard", "99")
    assert (unasked.code, "no event 99" in unasked.err) == (2, True)


@pytest.fixture
def cached(logged: str, runicorn: RunCommand, tmp_path: Path) -> str:
    """The name of an artifact whose second version was downloaded."""
    assert runicorn("artifacts", "get", logged, tmp_path / "out").code == 0
    return logged


def test_the_cache_is_listed(runicorn: RunCommand, cached: str) -> None:
    outcome = runicorn("cache", "ls", "--json")
    rows = outcome.json
    (row,) = [one for one in rows if one["version"] is None]
    (record,) = [one for one in rows if one["version"] == "model@everyone@v2"]
    assert (row["size_bytes"], row["is_partial"], row["version"]) == (2048, False, None)
    assert record["digest"] is None
    assert record["size_bytes"] > 0
    assert f"{len(rows)} files, " in outcome.err
    shown = runicorn("cache", "ls").out
    assert row["digest"] in shown
    assert "model@everyone@v2" in shown


def test_the_cache_is_pruned(runicorn: RunCommand, cached: str) -> None:
    assert runicorn("cache", "prune").err.startswith("Removed 0 files")
    rows = runicorn("cache", "ls", "--json").json
    size = sum(row["size_bytes"] for row in rows)
    pruned = runicorn("cache", "prune", "--max-bytes", "0", "--json").json
    assert pruned == {
        "removed_files": len(rows), "removed_bytes": size, "left_files": 0, "left_bytes": 0,
        "removed_downloads": 0, "removed_downloads_bytes": 0,
    }  # fmt: skip
    assert runicorn("cache", "ls", "--json").json == []


def test_downloads_of_ended_processes_are_counted_and_pruned(
    runicorn: RunCommand, logged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_HOME", str(tmp_path / "home"))
    get = f"import runicorn as rn; print(rn.Api().artifact('{logged}').download())"
    done = subprocess.run([sys.executable, "-c", get], capture_output=True, check=True, text=True)
    folder = Path(done.stdout.strip())
    assert (folder / "deep" / "b.bin").stat().st_size == 2048
    assert "1 download that was given no folder, 2.0 KiB" in runicorn("cache", "ls").err
    assert "Removed 1 download that was" in runicorn("cache", "prune").err
    assert list((tmp_path / "home" / "tmp").iterdir()) == []


@pytest.mark.parametrize("text", ["1GB", "-1", "1.5", ""])
def test_what_is_no_number_of_bytes_is_told(runicorn: RunCommand, text: str) -> None:
    outcome = runicorn("cache", "prune", "--max-bytes", text, "--json")
    assert (outcome.code, "a whole number" in outcome.err) == (2, True)


def test_the_cache_is_verified(runicorn: RunCommand, cached: str) -> None:
    assert runicorn("cache", "verify").err.endswith("1 file is intact\n")
    cache = open_cache()
    assert cache is not None
    (one,) = cache.list_files()
    one.path.chmod(0o644)
    one.path.write_bytes(bytes(2048))
    outcome = runicorn("cache", "verify")
    assert (outcome.code, one.digest in outcome.out) == (5, True)
    assert outcome.rows[-1][-1] == "damaged"
    assert outcome.err == "1 of 1 file damaged, and so removed\n"
    assert runicorn("cache", "verify", "--json").json == []


def test_without_a_cache_it_is_said(
    runicorn: RunCommand, portal: LivePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", "0")
    outcome = runicorn("cache", "ls")
    assert (outcome.code, "There is no cache" in outcome.err) == (2, True)


def test_a_folder_is_verified(runicorn: RunCommand, cached: str, tmp_path: Path) -> None:
    outcome = runicorn("artifacts", "verify", cached, tmp_path / "out")
    assert (outcome.code, outcome.out) == (0, "")
    assert f"{cached}:v2: 1 file in" in outcome.err
    (tmp_path / "out" / "deep" / "b.bin").write_bytes(b"changed")
    (tmp_path / "out" / "mine").write_bytes(b"")
    outcome = runicorn("artifacts", "verify", cached, tmp_path / "out")
    assert (outcome.code, outcome.rows) == (5, [["changed", "deep/b.bin"], ["extra", "mine"]])
    answer = runicorn("artifacts", "verify", f"{cached}:v1", tmp_path / "out", "--json").json
    assert (answer["artifact"], answer["missing"]) == (f"{cached}:v1", ["a.bin"])


def test_a_folder_that_is_not_there_is_named(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "verify", logged)
    assert (outcome.code, f"{logged}-v2" in outcome.err) == (1, True)
