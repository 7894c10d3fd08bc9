"""Logging offline, and the queue it fills."""

from pathlib import Path

import runicorn as rn
from runicorn.home import queue_path
from runicorn.queued import Queue


def queue() -> Queue:
    """The queue of this test's own home."""
    return Queue(queue_path())


def log(name: str, path: Path, run_name: str = "off", **said: object) -> rn.Run:
    """Log a version of one file by a run of its own."""
    with rn.init(project="tests", name=run_name) as run:
        run.log_artifact(rn.Artifact(name).add_file(path), **said)  # type: ignore[arg-type]
    return run
