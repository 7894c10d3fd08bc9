"""``manage.py import_runicorn`` as an operator runs it, killed at any moment too."""

import errno
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.access import SYSTEM
from artifacts.models import Blob, Version
from artifacts.services.purge import purge_version
from artifacts.services.trees import build_version_tree
from artifacts.storage.layout import Store
from tests.legacy.conftest import unpack
from tests.legacy.plain import snapshot, write_version
from tests.live import MANAGE, LivePortal, fresh_database, run_manage, start_portal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small store, with two versions of the same content."""
    folder = tmp_path / "root"
    for number in (1, 2):
        write_version(folder, number=number)
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What the command prints where all is well."""
    call_command("import_runicorn", *map(str, words))
    return capsys.readouterr().out


def test_the_report_is_printed_and_written(
    store: Store, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, root, "--report", tmp_path / "report.json")
    assert out.endswith(
        "Signed off: nothing was left out, and the portal has 2 versions, each with the store's"
        " manifest digest.\n"
    )
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["signed_off"], report["versions"]) == (True, {"imported": 2})
    digests = [one["manifest_digest"] for one in report["results"]]
    assert digests == [f"sha256:{one.manifest_sha256}" for one in Version.objects.all()]


def test_a_finding_exits_1(store: Store, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "artifacts/model/model-a/v2/manifest.json").write_text("{")
    with pytest.raises(SystemExit) as ended:
        run(capsys, root)
    assert ended.value.code == 1
    assert "skipped: model/model-a:v2: manifest.json is torn" in capsys.readouterr().out


def test_the_report_stands_alone(
    store: Store, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    call_command("import_runicorn", str(root))
    assert caplog.messages == []
    logging.getLogger("artifacts").info("a server logs on")
    assert caplog.messages == ["a server logs on"]


@pytest.mark.parametrize(("level", "verbosity"), [(logging.INFO, 2), (logging.DEBUG, 1)])
def test_who_wants_it_has_the_log(
    store: Store, root: Path, caplog: pytest.LogCaptureFixture, level: int, verbosity: int
) -> None:
    caplog.set_level(level)
    call_command("import_runicorn", str(root), verbosity=verbosity)
    assert [one for one in caplog.messages if one.startswith("version imported")] != []


def test_a_folder_that_is_no_store_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no storage folder of Runicorn"):
        call_command("import_runicorn", str(tmp_path))


def test_the_store_of_the_portal_itself_is_refused(store: Store) -> None:
    with pytest.raises(CommandError, match="the store of this portal itself"):
        call_command("import_runicorn", str(store.root))


def test_a_link_to_the_store_of_the_portal_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store.root)
    with pytest.raises(CommandError, match="the store of this portal itself"):
        call_command("import_runicorn", str(tmp_path / "link"))


@pytest.mark.parametrize(
    ("option", "text"),
    [("--rename=x", "TYPE/OLD"), ("--retype=a=b", "type"), ("--team=nix", "no team 'nix'")],
)
def test_a_wrong_option_is_refused(store: Store, root: Path, option: str, text: str) -> None:
    with pytest.raises(CommandError, match=text):
        call_command("import_runicorn", str(root), option)


def test_a_report_that_cannot_be_written_is_said(store: Store, root: Path) -> None:
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("import_runicorn", str(root), report=root / "nowhere" / "report.json")
    assert Version.objects.count() == 2


def test_what_stopped_it_is_said_beside_a_report_that_cannot_be_written(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(fd: int, data: bytes | memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(CommandError, match=r"(?s)full.*Cannot write"):
        call_command("import_runicorn", str(root), report=root / "nowhere" / "report.json")
    monkeypatch.undo()
    assert "NOT COMPLETE" in capsys.readouterr().out


# Links --------------------------------------------------------------------------------------------


def pool_files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "artifacts/.dedup").rglob("*") if path.is_file())


def test_link_refuses_files_that_may_be_written_to(store: Store, root: Path) -> None:
    with pytest.raises(CommandError, match=r"1 files of .* may be written to.*chmod -R a-w"):
        call_command("import_runicorn", str(root), "--link")
    assert Version.objects.count() == 0


def test_link_copies_nothing_where_there_is_no_pool(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(root / "artifacts/.dedup")
    with pytest.raises(SystemExit) as ended:
        call_command("import_runicorn", str(root), "--link")
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "skipped: model/model-a:v1:" in out
    assert f"{root}/artifacts/model/model-a/v1/files/a.bin cannot be linked" in out
    assert (Version.objects.count(), pool_files(store.root)) == (0, [])
    assert list(store.staging.iterdir()) == []


def test_what_is_read_only_is_linked_and_stays_as_it_is(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in pool_files(root):
        path.chmod(0o444)
    before = snapshot(root)
    assert "1 linked" in run(capsys, root, "--link")
    assert snapshot(root) == before
    (old,), (new,) = pool_files(root), pool_files(store.root)
    assert old.stat().st_ino == new.stat().st_ino


def test_what_the_portal_does_with_linked_content_does_not_reach_the_original(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in pool_files(root):
        path.chmod(0o444)
    before = snapshot(root)
    run(capsys, root, "--link")
    for version in Version.objects.all():
        build_version_tree(version.pk)
    call_command("scrub", "--read-data")
    call_command("rebuild_trees")
    for version in Version.objects.all():
        purge_version(version=version, purged_by=SYSTEM)
    assert pool_files(store.root) == []
    assert snapshot(root) == before


def test_what_may_be_written_to_is_not_linked(
    store: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "linked" not in run(capsys, root)
    (old,), (new,) = pool_files(root), pool_files(store.root)
    old.write_bytes(b"changed later")
    assert new.read_bytes() == b"content of a"


def test_copy_links_nothing(store: Store, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in pool_files(root):
        path.chmod(0o444)
    assert "linked" not in run(capsys, root, "--copy")


# Killed -------------------------------------------------------------------------------------------


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[LivePortal]:
    """A portal with a database of its own, which a process that is killed works on."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        yield portal
        portal.stop()


@pytest.mark.slow
def test_an_import_that_is_killed_again_and_again_ends_as_one_that_was_not(
    portal: LivePortal, tmp_path: Path
) -> None:
    root = unpack(tmp_path)
    before = snapshot(root)
    environment: dict[str, Any] = {
        "DATABASE_URL": portal.database_url or "", "RUNICORN_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    waits = random.Random(7)  # noqa: S311 - no secrets
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, str(MANAGE), "import_runicorn", str(root)],
            env={"RUNICORN_DATA_DIR": str(portal.data_dir), **environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(2 + 3 * waits.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = run_manage("import_runicorn", portal.data_dir, str(root), **environment)
    assert "of the rest the portal has 72 versions" in last.stdout, last.stdout + last.stderr
    assert snapshot(root) == before
    checked = run_manage("check_store", portal.data_dir, **environment)
    findings = {line.split(":")[0] for line in checked.stdout.splitlines()[:-1]}
    assert findings <= {"damaged", "stray", "folder"}


def test_blobs_that_are_lost_are_known_as_damaged(store: Store, root: Path) -> None:
    for path in [*pool_files(root), *root.glob("artifacts/model/*/*/files/*")]:
        path.unlink()
    with pytest.raises(SystemExit):
        call_command("import_runicorn", str(root))
    assert Blob.objects.get().damaged_at is not None
    assert [one.status for one in Version.objects.all()] == ["corrupted", "corrupted"]
