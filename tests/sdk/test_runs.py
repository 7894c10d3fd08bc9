"""Runs: begun, used, finished, and finished by what happens to the program."""

import multiprocessing
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.config import Config
from tests.live import LivePortal
from tests.sdk.peers import Peer, hang_up, json_answer

MakeFile = Callable[..., Path]


def status_of(run: rn.Run) -> str:
    return rn.Client().get_run(run.id)["status"]


def test_a_run_is_known_to_the_server_at_once(portal: LivePortal) -> None:
    run = rn.init(project="vision", name="resnet50")
    info = rn.Client().get_run(run.id)
    assert (info["project"], info["name"], info["status"]) == ("vision", "resnet50", "running")
    assert re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{6}", run.id)
    assert repr(run) == f"<Run {run.id} project=vision name=resnet50 running>"


def test_project_and_name_have_defaults(portal: LivePortal) -> None:
    run = rn.init()
    assert (run.project, run.name) == ("default", "default")


def test_finish_ends_the_active_run(portal: LivePortal) -> None:
    run = rn.init()
    assert rn.get_active_run() is run
    rn.finish()
    assert status_of(run) == run.status == "finished"
    assert rn.get_active_run() is None
    rn.finish()


@pytest.mark.parametrize(
    ("said", "stored"), [("finished", "finished"), ("failed", "failed"), ("interrupted", "failed")]
)
def test_a_run_says_how_it_ended(portal: LivePortal, said: str, stored: str) -> None:
    run = rn.init()
    run.finish(said)
    assert status_of(run) == stored


@pytest.mark.parametrize("said", ["finished", "failed"])
def test_a_run_that_ended_logs_and_uses_nothing(
    portal: LivePortal, client: rn.Client, name: str, make_file: MakeFile, said: str
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("m"))
    run = rn.init(name="train")
    run.log_artifact(artifact)
    run.finish(said)
    for act in (lambda: run.log_artifact(artifact), lambda: run.use_artifact(name)):
        with pytest.raises(errors.RunEnded, match=f"is {said}.*name='train', run_id='{run.id}'"):
            act()
    assert [one["version"] for one in client.list_versions(name)] == [1]
    assert client.get_run_artifacts(run.id)["used"] == []


def test_a_run_taken_up_again_logs_on(
    portal: LivePortal, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("m"))
    rn.init(run_id=name).finish()
    with rn.init(run_id=name) as run:
        assert run.log_artifact(artifact) == 1


def test_an_unknown_status_is_refused(portal: LivePortal) -> None:
    with pytest.raises(ValueError, match="use finished or failed"):
        rn.init().finish("done")


def test_a_with_block_finishes_its_run(portal: LivePortal) -> None:
    with rn.init() as run:
        assert status_of(run) == "running"
    assert status_of(run) == "finished"


@pytest.mark.parametrize("error", [RuntimeError("loss is nan"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_in_a_with_block_fails_the_run(
    portal: LivePortal, error: BaseException
) -> None:
    with pytest.raises(type(error)), rn.init() as run:
        raise error
    assert status_of(run) == "failed"


def test_a_clean_exit_in_a_with_block_is_no_failure(portal: LivePortal) -> None:
    with pytest.raises(SystemExit), rn.init() as run:
        sys.exit(0)
    assert status_of(run) == "finished"


def test_a_block_that_finished_its_run_has_the_last_word(portal: LivePortal) -> None:
    with rn.init() as run:
        run.finish("failed")
    assert status_of(run) == "failed"


def test_the_exception_of_a_block_is_not_hidden_by_a_server_that_went_away(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    info = {"id": "r", "project": "p", "name": "n", "status": "running"}
    peer.script(json_answer(201, info), hang_up)
    client = rn.Client(Config(url=peer.url))
    with pytest.raises(RuntimeError, match="mine"), rn.Run("p", client=client):
        raise RuntimeError("mine")
    assert "is still shown as running" in caplog.text


def test_runs_may_be_nested(portal: LivePortal) -> None:
    outer = rn.init(name="outer")
    with rn.init(name="inner") as inner:
        assert rn.get_active_run() is inner
    assert rn.get_active_run() is outer


def test_a_run_id_of_ours_is_taken_up_again(portal: LivePortal, name: str) -> None:
    rn.init(project="p", name="n", run_id=name).finish()
    again = rn.init(project="p", name="n", run_id=name)
    assert (again.id, again.status) == (name, "running")
    assert status_of(again) == "running"


def test_a_run_id_of_another_run_is_refused(portal: LivePortal, name: str) -> None:
    rn.init(project="p", name="n", run_id=name)
    with pytest.raises(errors.RunConflict):
        rn.init(project="p", name="other", run_id=name)


def test_a_run_id_outside_the_rules_is_refused_here(portal: LivePortal) -> None:
    with pytest.raises(ValueError, match="Invalid run id"):
        rn.init(run_id="../etc")


def test_an_id_that_somebody_else_drew_is_drawn_again(peer: Peer) -> None:
    info = {"id": "r", "project": "default", "name": "default", "status": "running"}
    peer.script(json_answer(200, info), json_answer(201, info))
    rn.Run(client=rn.Client(Config(url=peer.url)))
    first, second = (one.json["id"] for one in peer.seen)
    assert first != second


def test_a_lost_answer_does_not_make_two_runs(peer: Peer) -> None:
    info = {"id": "r", "project": "default", "name": "default", "status": "running"}
    peer.script(hang_up, json_answer(200, info))
    rn.Run(client=rn.Client(Config(url=peer.url)))
    first, second = (one.json["id"] for one in peer.seen)
    assert first == second


def test_no_server_is_told_when_the_run_begins(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(errors.ServerUnavailable, match=r"http://127\.0\.0\.1:9.*make run"):
        rn.init()


def test_options_of_runicorn_0_5_are_taken_and_told_to_do_nothing(
    portal: LivePortal, caplog: pytest.LogCaptureFixture
) -> None:
    rn.init(project="p", storage="./somewhere", capture_env=False)
    assert "storage='./somewhere' is ignored" in caplog.text


def test_use_and_log_draw_the_lineage(
    portal: LivePortal, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    data, model = f"data-{name}", f"model-{name}"
    with rn.init(name="prepare") as prepare:
        prepare.log_artifact(rn.Artifact(data, type="dataset").add_file(make_file("d")))
    with rn.init(name="train") as train:
        train.use_artifact(f"{data}:latest")
        train.use_artifact(f"{data}:v1")
        train.log_artifact(rn.Artifact(model).add_file(make_file("m")))
    graph = client.get_lineage(model, 1)
    edges = {(edge["source"], edge["edge_type"], edge["target"]) for edge in graph["edges"]}
    assert edges == {
        (prepare.id, "produces", f"{data}:v1"),
        (f"{data}:v1", "uses", train.id),
        (train.id, "produces", f"{model}:v1"),
    }
    listed = client.get_run_artifacts(train.id)
    assert [one["artifact"] for one in listed["used"]] == [f"{data}:v1"]
    assert [one["artifact"] for one in listed["created"]] == [f"{model}:v1"]


def run_script(portal: LivePortal, script: str) -> tuple[int, str]:
    """Run ``script``, which prints a run's id first; return its exit code and the run's status."""
    done = subprocess.run(
        [sys.executable, "-c", f"import runicorn as rn\n{textwrap.dedent(script)}"],
        env=os.environ | {"RUNICORN_TRACKING_URI": portal.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, rn.Client().get_run(done.stdout.split()[0])["status"]


def test_a_script_that_ends_finishes_its_runs(portal: LivePortal) -> None:
    assert run_script(portal, "print(rn.init().id)") == (0, "finished")


def test_a_script_that_dies_fails_its_runs(portal: LivePortal) -> None:
    assert run_script(portal, "print(rn.init().id); raise RuntimeError") == (1, "failed")


def test_a_child_process_does_not_finish_its_parents_run(portal: LivePortal) -> None:
    script = """
        import os, sys
        run = rn.init()
        print(run.id, flush=True)
        child = os.fork()
        if not child:
            sys.exit(0)
        os.waitpid(child, 0)
        print(run.client.get_run(run.id)["status"], flush=True)
        os._exit(0)
    """
    assert run_script(portal, script) == (0, "running")


def _use_client_of_parent(run: rn.Run, status: "multiprocessing.Queue[str]") -> None:
    status.put(run.client.get_run(run.id)["status"])


def test_a_forked_child_has_connections_of_its_own(portal: LivePortal) -> None:
    run = rn.init()
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = context.Queue()
    child = context.Process(target=_use_client_of_parent, args=(run, answers))
    child.start()
    assert answers.get(timeout=30) == "running"
    child.join(30)
    assert status_of(run) == "running"
