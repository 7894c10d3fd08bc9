"""Runs, and whole stories of who made what from what."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from artifacts.models import Artifact, Version
from lineage.models import Run, RunInput
from lineage.services import create_run
from tests.conftest import ANYBODY

MakeRun = Callable[..., Run]
Tell = Callable[..., dict[str, Version]]


@pytest.fixture
def make_run(db: None) -> MakeRun:
    """Begin a run."""

    def make(run_id: str = "run-1", *, project: str = "vision", name: str = "") -> Run:
        run, _ = create_run(run_id=run_id, project=project, name=name, created_by=ANYBODY)
        return run

    return make


@pytest.fixture
def tell(make_run: MakeRun) -> Tell:
    """Make what each line tells, such as ``dataset/a:v1 > run > b:v2``; only rows, no content.

    A word with a colon is a version (a model, where no type is said), any other is a run. Returns
    the versions by their words.
    """
    versions: dict[str, Version] = {}

    def tell_all(*lines: str) -> dict[str, Version]:
        for line in lines:
            words = line.split(" > ")
            mentioned = {word for word in words if ":" in word}
            versions.update({word: _version(word) for word in mentioned - set(versions)})
            runs = {word: make_run(word) for word in words if ":" not in word}
            for before, after in pairwise(words):
                if before in runs:
                    _produce(runs[before], versions[after])
                else:
                    RunInput.objects.get_or_create(run=runs[after], version=versions[before])
        return versions

    return tell_all


def _version(word: str) -> Version:
    text, _, number = word.rpartition(":v")
    type_, _, name = text.rpartition("/")
    artifact, _ = Artifact.objects.get_or_create(type=type_ or "model", name=name)
    return Version.objects.create(artifact=artifact, number=int(number), size_bytes=7)


def _produce(run: Run, version: Version) -> None:
    version.created_by_run = run.id
    version.save(update_fields=["created_by_run"])
