"""Forks, and several processes of one job."""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.forking import ForkSafeLock
from runicorn.ranks import is_main_process
from tests.live import LivePortal

MakeFile = Callable[..., Path]


def in_fork(work: Callable[[], object]) -> int:
    """Do ``work`` in a forked process, as a DataLoader's worker does; return its exit code."""
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join(60)
    worker.kill()
    return worker.exitcode if worker.exitcode is not None else -1


def test_a_lock_held_at_the_fork_is_free_in_the_child() -> None:
    lock, taken, done = ForkSafeLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(10)

    def use() -> None:
        with lock:
            pass

    try:
        assert in_fork(use) == 0
    finally:
        done.set()
        holder.join()


def test_a_forked_worker_reads_while_its_parent_does(
    portal: LivePortal, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    with rn.init(project="tests") as run:
        run.log_artifact(rn.Artifact(name).add_file(make_file("m", os.urandom(500_000))))
        artifact = run.use_artifact(name)
        parents = threading.Thread(target=artifact.download, args=(tmp_path / "parent",))
        parents.start()

        def read() -> None:
            path = artifact.get_file_path("m")
            os._exit(0 if path is not None and path.stat().st_size == 500_000 else 1)

        assert [in_fork(read) for _ in range(3)] == [0, 0, 0]
        parents.join()
    assert (tmp_path / "parent" / "m").stat().st_size == 500_000


@pytest.mark.parametrize(
    ("environ", "is_main"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "3"}, False),
        ({"SLURM_PROCID": "1"}, False),
        ({"OMPI_COMM_WORLD_RANK": "0", "SLURM_PROCID": "1"}, True),
        ({"RANK": ""}, True),
    ],
)
def test_the_rank_is_read_from_the_launcher(environ: dict[str, str], is_main: bool) -> None:
    assert is_main_process(environ) == is_main


@pytest.fixture
def job(portal: LivePortal, name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], rn.Run]:
    """Begin the run of a rank of one job."""
    monkeypatch.setenv("RUNICORN_RUN_ID", name)

    def begin(rank: int) -> rn.Run:
        monkeypatch.setenv("RANK", str(rank))
        return rn.init(project="tests", name="job")

    return begin


def status_of(run: rn.Run) -> str:
    return rn.Client().get_run(run.id)["status"]


def test_the_ranks_of_a_job_share_a_run(
    job: Callable[[int], rn.Run], name: str, make_file: MakeFile
) -> None:
    main, other = job(0), job(1)
    assert main.id == other.id == name
    for rank, run in enumerate((main, other)):
        run.log_artifact(rn.Artifact(f"{name}-{rank}").add_file(make_file("m")))
    made = rn.Client().get_run_artifacts(name)["created"]
    assert sorted(one["name"] for one in made) == [f"{name}-0", f"{name}-1"]


def test_only_rank_0_says_how_the_run_ended(
    job: Callable[[int], rn.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = job(0), job(1)
    assert not other.is_main
    other.finish("failed")
    assert (other.status, status_of(main)) == ("failed", "running")
    monkeypatch.setenv("RANK", "0")
    main.finish()
    assert status_of(main) == "finished"
    late = job(1)
    assert (late.status, status_of(main)) == ("running", "finished")
    late.finish()


def test_steps_one_after_the_other_go_on_with_the_run(job: Callable[[int], rn.Run]) -> None:
    for _ in range(2):
        run = job(0)
        assert status_of(run) == "running"
        run.finish()
    assert status_of(run) == "finished"


def test_an_id_in_the_code_wins(job: Callable[[int], rn.Run], name: str) -> None:
    assert rn.init(project="tests", run_id=f"{name}-own").id == f"{name}-own"


def test_a_forked_process_that_leaves_the_block_does_not_end_the_run(portal: LivePortal) -> None:
    with rn.init(project="tests", name="forking") as run:
        assert in_fork(lambda: run.__exit__(None, None, None)) == 0
        assert rn.Client().get_run(run.id)["status"] == "running"
    assert rn.Client().get_run(run.id)["status"] == "finished"


@pytest.mark.parametrize(("end", "status"), [("pass", "finished"), ("raise ValueError", "failed")])
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_run_of_a_worker_ends_with_it(
    portal: LivePortal, tmp_path: Path, how: str, end: str, status: str
) -> None:
    (tmp_path / "work.py").write_text(f"""
import multiprocessing
import runicorn as rn

def work():
    run = rn.init(project="tests", name="worker")
    open("id", "w").write(run.id)
    {end}

if __name__ == "__main__":
    worker = multiprocessing.get_context("{how}").Process(target=work)
    worker.start()
    worker.join()
""")
    subprocess.run([sys.executable, "work.py"], cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    assert rn.Client().get_run((tmp_path / "id").read_text())["status"] == status
