"""The examples in the docstrings, run in order against a live portal."""

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import runicorn as rn
from tests.live import LivePortal, fresh_database, start_portal

MODULES = (
    "runicorn.artifact", "runicorn", "runicorn.session", "runicorn.run", "runicorn.catalogue",
    "runicorn.api", "runicorn.syncing",
)  # fmt: skip
"""In this order: what one logs, a later one uses."""


@pytest.fixture
def own_portal(tmp_path: Path) -> Iterator[LivePortal]:
    """A portal with nothing in it."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        yield portal
        portal.stop()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the examples find the files that they speak of."""
    folder = tmp_path / "work"
    (folder / "data" / "val").mkdir(parents=True)
    (folder / "model.pth").write_bytes(bytes(range(250)) * 4)
    (folder / "data" / "points.csv").write_text("x,y\n1,2\n")
    (folder / "data" / "val" / "labels.csv").write_text("a\n")
    (folder / "extra.csv").write_text("x,y\n3,4\n")
    monkeypatch.chdir(folder)
    return folder


def examples_of(name: str) -> list[doctest.DocTest]:
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs={"rn": rn})
    mine = [one for one in found if one.examples]
    return sorted(mine, key=lambda one: one.lineno or 0)


def test_every_module_has_examples() -> None:
    assert [name for name in MODULES if not examples_of(name)] == []


def test_the_examples_do_what_they_show(
    own_portal: LivePortal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", own_portal.url)
    monkeypatch.setenv("RUNICORN_HOME", str(folder.parent / "home"))
    monkeypatch.delenv("RUNICORN_API_KEY", raising=False)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for name in MODULES:
        for examples in examples_of(name):
            runner.run(examples, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert list((folder.parent / "home" / "queue" / "events").iterdir()) == []
