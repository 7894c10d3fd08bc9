"""What was logged offline is sent: in order, once, and to the portal that it is about."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.config import Config
from runicorn.syncing import discard, leave_aliases_out
from tests.live import LivePortal
from tests.sdk.conftest import digest_of
from tests.sdk.offline import log, queue
from tests.sdk.peers import Peer, json_answer

MakeFile = Callable[..., Path]
DEAD = "http://127.0.0.1:9"


def content_of(name: str, version: int, path: str) -> bytes:
    with rn.Client().open_file(name, version, path) as response:
        return response.read()


@pytest.mark.usefixtures("offline")
def test_versions_are_sent_in_order(name: str, make_file: MakeFile) -> None:
    for number in range(3):
        log(name, make_file(f"m{number}", f"{name}{number}".encode()))
    assert rn.sync().versions == [f"{name}:v{n}" for n in (1, 2, 3)]
    assert content_of(name, 3, "m2") == f"{name}2".encode()


@pytest.mark.usefixtures("offline")
def test_what_fails_is_kept_with_what_depends_on_it(
    name: str, make_file: MakeFile, client: rn.Client
) -> None:
    log(name, make_file("m", b"first"))
    queue().contents.remove(digest_of(b"first"))
    log(name, make_file("n", b"second"))
    with rn.init(project="tests", name="user") as user:
        user.use_artifact(name)
    log(f"{name}-other", make_file("o", b"other"))
    report = rn.sync()
    assert [one.event.split(",")[0] for one in report.failed] == [f"{name} (model)"]
    assert f"waits for {name}" in report.waiting[0].reason
    assert report.versions == [f"{name}-other:v1"]
    with pytest.raises(errors.ArtifactNotFound):
        client.list_versions(name)
    log("unrelated-" + name, make_file("m", b"first"))  # the content is there again
    assert rn.sync().is_complete
    assert [one["version"] for one in client.list_versions(name)] == [1, 2]


@pytest.mark.usefixtures("offline")
def test_without_a_server_everything_waits(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m", b"one"))
    report = rn.sync(rn.Client(Config(DEAD)))
    assert (report.sent, len(report.waiting), report.failed) == ([], 3, [])
    assert "Cannot reach" in report.waiting[0].reason
    assert rn.sync(dry_run=True).waiting[1].event.startswith(f"{name} (model), logged by")
    assert rn.sync().is_complete


@pytest.mark.usefixtures("offline")
def test_only_one_process_sends(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m", b"one"))
    with queue().sending(), pytest.raises(errors.SyncInProgress):
        rn.sync()


KILLED = """
import os, signal, sys
import runicorn as rn
from runicorn import queued, syncing
point, number = sys.argv[1], int(sys.argv[2])
real = getattr(queued.Queue, point)
count = 0
def dying(self, *args, **more):
    global count
    count += 1
    if count == number:
        if more.pop("after", True) and sys.argv[3] == "after":
            real(self, *args, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *args, **more)
setattr(queued.Queue, point, dying)
rn.sync()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sync_that_is_killed_never_sends_twice(
    name: str, make_file: MakeFile, client: rn.Client, when: str
) -> None:
    for number in range(2):
        log(name, make_file(f"m{number}", f"{name}{number}".encode()), "r")
    for point, number in (("remove", 1), ("note_result", 1), ("remove", 1), ("remove", 2)):
        died = subprocess.run(
            [sys.executable, "-c", KILLED, point, str(number), when], check=False, timeout=120
        )
        assert died.returncode == -signal.SIGKILL
    assert rn.sync().is_complete
    assert [one["version"] for one in client.list_versions(name)] == [1, 2]
    assert content_of(name, 2, "m1") == f"{name}1".encode()


@pytest.mark.usefixtures("offline")
def test_a_damaged_event_is_reported_and_kept(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m", b"one"))
    (queue().root / "events" / "000000000002.json").write_text("{torn")
    report = rn.sync()
    assert "is damaged" in report.failed[0].reason
    assert queue().contents.has(digest_of(b"one"))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "said",
    [{"kind": "log", "run": "r", "name": "x"},
     {"kind": "log", "run": "r", "name": "x", "commit": []},
     {"kind": "use", "run": "r"}, {"kind": "run"}, {"kind": "new", "run": "r"},
     {"kind": "log", "run": "r", "name": "x",
      "commit": {"type": "model", "commit_id": "c", "files": [{"digest": "../../x"}]}}],
)  # fmt: skip
def test_an_event_that_makes_no_sense_is_kept_and_holds_up_nothing_else(
    name: str, make_file: MakeFile, said: object
) -> None:
    log(name, make_file("m", name.encode()))
    events = queue().root / "events"
    odd = events / "000000000000.json"
    odd.write_text(json.dumps(said))
    (events / "000000000001 (copy).json").write_text("{}")
    log(name, make_file("n", f"{name}2".encode()))
    report = rn.sync()
    assert report.versions == [f"{name}:v1", f"{name}:v2"]
    assert [one.event for one in report.failed][:1] == [f"damaged event {odd}"]
    assert odd.exists()


@pytest.mark.usefixtures("offline")
def test_a_number_that_one_portal_gave_is_not_used_on_another(
    portal: LivePortal, name: str, make_file: MakeFile, client: rn.Client
) -> None:
    log(name, make_file("m", name.encode()))
    with rn.init(project="tests", name="user") as run:
        run.use_artifact(name)
    late = [event for event in queue().list_events() if event.body["run"] == run.id]
    kept = {event.path: event.path.read_bytes() for event in late}
    for event in late:  # as where the connection breaks after the version
        queue().remove(event)
    assert rn.sync().versions == [f"{name}:v1"]
    commit_id = late[1].body["queued"]
    made = {"artifact": f"everyone/model/{name}:v1"}
    for path, content in kept.items():
        path.write_bytes(content)
    queue().note_result(commit_id, made | {"manifest_digest": digest_of(b"other")})
    report = rn.sync()
    reason = f"{name}:v1 has other content on {portal.url} than the one that was used"
    assert report.failed[0].reason.startswith(reason)
    assert client.get_run_artifacts(run.id)["used"] == []
    version = client.get_version(name, 1)
    queue().note_result(commit_id, made | {"manifest_digest": version["manifest_digest"]})
    assert rn.sync().is_complete
    assert client.get_run_artifacts(run.id)["used"][0]["artifact"] == f"{name}:v1"


def test_a_use_from_the_cache_is_of_that_content_on_another_portal_too(
    portal: LivePortal, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(name, make_file("m", name.encode()))
    with rn.init(project="tests") as online:
        online.use_artifact(name)
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    with rn.init(project="tests", name="user") as run:
        run.use_artifact(name)
    (used,) = [one for one in queue().list_events() if one.kind == "use"]
    theirs = {**used.body, "manifest_digest": digest_of(b"what that portal has as v1")}
    used.path.write_text(json.dumps(theirs))
    report = rn.sync()
    assert [(one.number, one.event) for one in report.failed] == [(used.number, str(used))]
    assert rn.Client().get_run_artifacts(run.id)["used"] == []
    used.path.write_text(json.dumps(used.body))
    assert rn.sync().is_complete
    assert [one["artifact"] for one in rn.Client().get_run_artifacts(run.id)["used"]] == [
        f"{name}:v1"
    ]
    assert portal.url


@pytest.mark.usefixtures("offline")
def test_what_is_discarded_takes_what_is_nothing_without_it(
    name: str, make_file: MakeFile, client: rn.Client
) -> None:
    log(name, make_file("m", b"bad"), "bad")
    with rn.init(project="tests", name="user") as run:
        run.use_artifact(name)
        run.log_artifact(rn.Artifact(name).add_file(make_file("n", name.encode())))
    began, logged, *_ = queue().list_events()
    assert [one.number for one in discard([logged.number], dry_run=True)] == [2, 5]
    assert len(queue().list_events()) == 7
    assert [one.event for one in discard([logged.number])] == [
        str(logged),
        f"use of {name}:queued by {run.id}",
    ]
    assert not queue().contents.has(digest_of(b"bad"))
    assert [one.number for one in discard([began.number])] == [1, 3]
    assert rn.sync().versions == [f"{name}:v1"]
    assert client.get_files(name, 1)["files"][0]["path"] == "n"
    with pytest.raises(ValueError, match="no event 1 in the queue"):
        discard([1])


@pytest.mark.usefixtures("offline")
def test_a_version_of_no_team_yet_is_logged_again_for_no_team(
    name: str, make_file: MakeFile
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("m", name.encode()))
    with rn.init(project="tests") as run:
        run.log_artifact(artifact)
        assert artifact.team is None
        run.log_artifact(artifact)
        run.log_artifact(run.use_artifact(name).add_file(make_file("n", b"more")))
    commits = [event.body["commit"] for event in queue().list_events() if event.kind == "log"]
    assert [commit.get("team") for commit in commits] == [None, None, None]


def test_every_rank_may_send_its_queue(
    portal: LivePortal, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = f"shared-{name}"
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    monkeypatch.setenv("RUNICORN_RUN_ID", run_id)
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("RUNICORN_HOME", str(tmp_path / rank))
        rn.init(project="tests", name="ranks").finish()
    for rank in ("0", "1", "0"):
        monkeypatch.setenv("RUNICORN_HOME", str(tmp_path / rank))
        assert rn.sync().is_complete
    assert rn.Client().get_run(run_id)["status"] == "finished"


@pytest.mark.usefixtures("offline")
def test_a_use_that_is_queued_while_the_version_is_sent_is_sent_too(
    name: str, make_file: MakeFile, client: rn.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(name, make_file("m", name.encode()))
    with rn.init(project="tests", name="user") as run:
        find = run._find_queued  # type: ignore[attr-defined]

        def find_and_wait(spec: object) -> object:
            found = find(spec)
            assert rn.sync().versions == [f"{name}:v1"]  # as another process might, just now
            return found

        monkeypatch.setattr(run, "_find_queued", find_and_wait)
        run.use_artifact(name)
    assert rn.sync().is_complete
    assert [one["artifact"] for one in client.get_run_artifacts(run.id)["used"]] == [f"{name}:v1"]


@pytest.mark.usefixtures("offline")
def test_a_version_is_sent_without_the_aliases_that_are_refused(
    name: str, make_file: MakeFile, client: rn.Client
) -> None:
    log(name, make_file("m", name.encode()), aliases="gold", comment="why")
    leave_aliases_out([2])
    commit = queue().list_events()[1].body["commit"]
    assert (commit["aliases"], "comment" in commit) == ([], False)
    assert rn.sync().is_complete
    assert client.get_version(name, 1)["aliases"] == ["latest"]
    with pytest.raises(ValueError, match="no version with the number 1 in the queue"):
        leave_aliases_out([1])


@pytest.mark.usefixtures("offline")
def test_who_is_not_let_in_is_told_once(
    peer: Peer, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        log(f"{name}-{number}", make_file("m"))
    peer.script(json_answer(401, {"detail": "Say who you are.", "code": "unauthenticated"}))
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url)
    report = rn.sync()
    assert (len(report.failed), len(report.waiting), len(peer.calls)) == (1, 8, 1)
    assert {one.reason for one in report.waiting[2:]} == {"the portal does not let you in"}


@pytest.mark.usefixtures("offline")
def test_content_that_is_logged_again_stays_the_same_file(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m", name.encode()))
    (before,) = queue().contents.list_files()
    inode = before.path.stat().st_ino
    log(name, make_file("m", name.encode()))
    assert before.path.stat().st_ino == inode
    assert list((queue().root / "partial").iterdir()) == []


@pytest.mark.usefixtures("offline")
def test_content_that_is_damaged_in_the_queue_is_healed_by_logging_it_again(
    name: str, make_file: MakeFile
) -> None:
    log(name, make_file("m", name.encode()))
    (blob,) = queue().contents.list_files()
    blob.path.chmod(0o644)
    blob.path.write_bytes(bytes(blob.size_bytes))
    assert "was damaged, and so removed" in rn.sync().failed[0].reason
    log(name, make_file("m", name.encode()))
    assert rn.sync().versions == [f"{name}:v1", f"{name}:v2"]


@pytest.mark.usefixtures("offline")
def test_a_use_that_does_not_say_of_what_is_told_and_sent_still(
    name: str, make_file: MakeFile, client: rn.Client
) -> None:
    run = log(name, make_file("m", name.encode()))
    (logged,) = [one for one in queue().list_events() if one.kind == "log"]
    queue().append("use", run.id, queued=logged.body["commit"]["commit_id"])
    assert str(queue().list_events()[-1]) == f"use of a queued version by {run.id}"
    assert rn.sync().is_complete
    (used,) = client.get_run_artifacts(run.id)["used"]
    assert used["artifact"] == f"{name}:v1"
