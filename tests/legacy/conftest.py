"""A store that the real Runicorn 0.5.3 wrote (``write_store.py``), and the portal that takes it."""

import errno
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lineage.taking_over import Portal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Renames, Settings
from runicorn.legacy.report import Report
from tests.legacy.plain import write_version

ARCHIVE = Path(__file__).parent / "store-0.5.3.tar.xz"


def unpack(folder: Path) -> Path:
    """The store, with the hard links it was written with."""
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(folder, filter="tar")
    return folder / "store"


@pytest.fixture(scope="session")
def written_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store; nobody may change it."""
    return unpack(tmp_path_factory.mktemp("runicorn-0.5"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty root of a small store of the test's own."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def write(root: Path) -> Callable[..., Path]:
    """Write a version below ``root``, as 0.5 would; gives its folder."""

    def write(name: str = "model-a", number: int = 1, **more: Any) -> Path:
        return write_version(root, name, number, **more)

    return write


@pytest.fixture
def take(store: Any) -> Callable[..., Report]:
    """Import a root into the portal of the test."""

    def take(
        root: Path, *, dry_run: bool = False, may_link: bool = False, team: str | None = None,
        rename: tuple[str, ...] = (), retype: tuple[str, ...] = (),
    ) -> Report:  # fmt: skip
        settings = Settings(Renames.parse(rename, retype), team)
        return Import(root, Portal(root, may_link=may_link), settings, dry_run).run()

    return take


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a folder refuse to be listed, as a mode or a failing disk would: root may list all."""

    def forbid(folder: Path, number: int = errno.EACCES) -> None:
        real = os.listdir

        def listdir(path: Any = ".") -> list[Any]:
            if Path(path) == folder:
                raise OSError(number, os.strerror(number), str(folder))
            return real(path)

        monkeypatch.setattr(os, "listdir", listdir)

    return forbid


def edit(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))
