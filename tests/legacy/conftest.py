"""A store that the real Runicorn 0.5.3 wrote (``write_store.py``), and the portal that takes it."""

import errno
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.access import SYSTEM
from accounts.models import Team
from accounts.roles import Role
from artifacts.services.aliases import move_alias
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from lineage.services import create_run, update_run, use_version
from lineage.taking_over import Portal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Renames, Settings
from runicorn.legacy.report import Report
from tests.conftest import MakeVersion
from tests.legacy.plain import write_version
from tests.people import make_user

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
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command; gives what it printed."""

    def export(*words: str, to: Path = tmp_path / "export", code: int = 0) -> str:
        capsys.readouterr()
        if code:
            with pytest.raises(SystemExit) as ended:
                call_command("export", str(to), *words)
            assert ended.value.code == code
        else:
            call_command("export", str(to), *words)
        return capsys.readouterr().out

    return export


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


@pytest.fixture
def filled(make_version: MakeVersion) -> None:
    """A portal with something of everything."""
    ada = make_user("ada", Role.ADMIN)
    Team.objects.create(name="vision")
    run, _ = create_run(project="a/b: c", name="", run_id="run-1", created_by=ada)
    references = (
        ManifestReference("s3://b/c", "x", 7, "the name", {"k": [2.5, 10**16]}),
        ManifestReference("https://example.org"),
    )
    first = make_version(
        "模型", files={"a/b.bin": b"1", "空": b"", "c": b"1"}, references=references,
        run_id="run-1", created_by=ada, description="d", tags=["t", "u"],
        metadata={"n": [1, 2.5, None, {"x": "é"}]}, aliases=["prod", "old"],
    )  # fmt: skip
    second = make_version("模型", files={"a/b.bin": b"2"}, created_by=ada, aliases=["prod"])
    third = make_version("模型", files={"a/b.bin": b"3"}, run_id="run-1")
    fourth = make_version("模型", files={"a/b.bin": b"4"})
    hidden = make_version("hidden", team="vision", type="dataset", created_by=ada)
    use_version(run=run, version=second, used_by=ada)
    use_version(run=run, version=third, used_by=ada)
    use_version(run=run, version=hidden, used_by=ada)
    update_run(run=run, status="failed", changed_by=ada)
    create_run(project="artifacts", name="runs", run_id="run-2", created_by=SYSTEM)
    move_alias(artifact=first.artifact, name="old", version=first, moved_by=ada, is_protected=True)
    soft_delete_version(version=second, deleted_by=ada)
    purge_version(version=third, purged_by=ada)
    purge_version(version=fourth, purged_by=ada)


def edit(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))
