"""Kill -9 at every named step of a write: nothing is lost, and the same work succeeds after it.

After each crash the invariants that mean loss hold at once; the rest holds after what the operator
does anyway (``collect``, ``rebuild_trees``) and after the client has tried again.
"""

import re
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

import artifacts
from accounts.models import Team
from artifacts.models import Artifact, Blob, Version
from artifacts.services.integrity import scrub
from artifacts.services.teams import assign_team
from artifacts.services.trees import built_folder, folder_of
from artifacts.storage import pool
from artifacts.storage.layout import Store
from artifacts.storage.steps import STEPS
from tests.artifacts import test_compact
from tests.conftest import sha256_of
from tests.crash import test_extents_server, test_kill_uploads
from tests.crash.acts import ANYBODY, commit, log, purge, upload
from tests.crash.invariants import broken, damage, pool_bytes, tidy, untidy
from tests.crash.process import run
from tests.legacy.plain import write_version

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {"a.bin": b"first content", "dir/b.bin": b"second content", "empty": b""}
UPLOAD_STEPS = (
    "stage.written", "stage.synced", "publish.linked", "publish.synced", "publish.before_commit",
)  # fmt: skip
COMMIT_STEPS = ("version.before_commit", "version.committed", "tree.built", "tree.renamed")
PURGE_STEPS = ("purge.committed", "tree.removed")
ASSIGN_STEPS = ("assign.committed", "tree.removed")
IMPORT_STEPS = (
    "adopt.synced", "publish.before_commit", "import.before_commit", "tree.built", "tree.renamed",
)  # fmt: skip
COLLECT_STEPS = (
    "collect.locked", "aside.moved", "collect.moved", "collect.before_commit", "collect.committed",
)  # fmt: skip


def assert_in_order(store: Store) -> None:
    """Everything as if nothing had happened, also in what the portal says of itself."""
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []
    stats = APIClient().get("/api/artifacts/stats").json()
    assert stats["dedup_pool_size_bytes"] == pool_bytes(store)
    assert scrub(read_data=True).is_clean


def crash(work: Callable[..., object], *args: object, at: str, **options: object) -> None:
    assert run(work, *args, crash_at=at, **options) == -signal.SIGKILL


def test_every_step_there_is_is_among_those_killed() -> None:
    """Those of storage and services alike, as the code names them."""
    code = "".join(path.read_text() for path in Path(artifacts.__path__[0]).rglob("*.py"))
    named = set(re.findall(r'reached\("([^"]+)"\)', code))
    here = {
        *UPLOAD_STEPS,
        *COMMIT_STEPS,
        *PURGE_STEPS,
        *COLLECT_STEPS,
        *ASSIGN_STEPS,
        *IMPORT_STEPS,
        "misplaced.removed",
    }
    uploads = {*test_kill_uploads.STEPS, *test_kill_uploads.WHOLE_STEPS}
    elsewhere = {*uploads, *test_compact.STEPS, *test_extents_server.REDEDUP_STEPS}
    assert named == here | elsewhere
    assert set(STEPS) <= named


@pytest.mark.parametrize("step", [*UPLOAD_STEPS, "version.before_commit"])
def test_killed_before_the_commit_no_version_is_there(store: Store, step: str) -> None:
    crash(log, "model-a", FILES, at=step)
    assert not Version.objects.exists()
    assert_in_order(store)
    assert pool_bytes(store) == 0
    assert log("model-a", FILES).number == 1
    assert_in_order(store)


@pytest.mark.parametrize("step", [step for step in COMMIT_STEPS if step != "version.before_commit"])
def test_killed_after_the_commit_the_version_is_whole(store: Store, step: str) -> None:
    crash(log, "model-a", FILES, at=step)
    assert Version.objects.get().status == "ready"
    assert_in_order(store)
    assert pool_bytes(store) == sum(map(len, FILES.values()))


@pytest.mark.parametrize("step", [*UPLOAD_STEPS, *COMMIT_STEPS])
def test_a_kill_beside_stored_versions_leaves_them_alone(store: Store, step: str) -> None:
    log("model-a", FILES)
    other = {"c.bin": b"third content", "a.bin": FILES["a.bin"]}
    crash(log, "model-a", other, at=step)
    assert_in_order(store)
    assert log("model-a", other).number == Artifact.objects.get().last_number
    assert_in_order(store)


@pytest.mark.parametrize("step", [*PURGE_STEPS, *COLLECT_STEPS])
def test_killed_in_a_purge_the_rest_is_finished_by_collect(store: Store, step: str) -> None:
    log("model-a", FILES)
    log("model-b", {"shared.bin": FILES["a.bin"]})
    crash(purge, "model-a", at=step)
    assert Version.objects.get(artifact__name="model-a").status == "purged"
    assert_in_order(store)
    assert pool_bytes(store) == len(FILES["a.bin"])
    assert log("model-a", FILES).number == 2
    assert_in_order(store)


@pytest.mark.parametrize("step", ASSIGN_STEPS)
def test_killed_while_an_artifact_goes_to_a_team_nothing_stays_where_it_was(
    store: Store, step: str
) -> None:
    version, vision = log("model-a", FILES), Team.objects.create(name="vision")
    log("model-a", {"a.bin": b"second version"})
    old = folder_of(version)
    crash(assign_team, artifact=version.artifact, team=vision, assigned_by=ANYBODY, at=step)
    assert Artifact.objects.get().team == vision
    assert old.parent.exists()
    assert_in_order(store)
    assert not old.parent.exists()
    assert all(built_folder(one) for one in Version.objects.all())


def test_killed_while_what_a_crash_left_is_removed_the_next_time_goes_on(store: Store) -> None:
    version, vision = log("model-a", FILES), Team.objects.create(name="vision")
    where = {"artifact": version.artifact, "team": vision, "assigned_by": ANYBODY}
    crash(assign_team, **where, at="assign.committed")
    crash(call_command, "rebuild_trees", at="misplaced.removed")
    assert_in_order(store)


@pytest.mark.parametrize("step", COLLECT_STEPS)
def test_killed_in_a_collection_the_next_one_finishes(store: Store, step: str) -> None:
    upload(b"orphan")
    Blob.objects.filter(sha256=sha256_of(b"orphan")).delete()
    upload(b"another orphan")
    log("model-a", FILES)
    crash(call_command, "collect", min_age_hours=0, at=step)
    assert_in_order(store)
    assert pool_bytes(store) == sum(map(len, FILES.values()))


@pytest.mark.parametrize("step", ["aside.moved", "collect.moved", "collect.before_commit"])
def test_content_in_the_trash_of_a_killed_collection_may_be_sent_and_committed(
    store: Store, step: str
) -> None:
    upload(b"orphan")
    crash(call_command, "collect", min_age_hours=0, at=step)
    assert pool_bytes(store) == 0
    log("model-a", {"a.bin": b"orphan"})
    assert_in_order(store)
    assert pool_bytes(store) == len(b"orphan")


def test_a_scrub_takes_what_a_killed_collection_moved_aside_for_no_loss(store: Store) -> None:
    upload(b"orphan")
    crash(call_command, "collect", min_age_hours=0, at="collect.moved")
    assert scrub(read_data=True).is_clean
    assert commit("model-a", {"a.bin": b"orphan"}).status == "ready"
    assert_in_order(store)


@pytest.mark.parametrize("step", ["publish.linked", "publish.before_commit"])
def test_killed_while_healing_the_content_stays_refused_until_it_is_sent_again(
    store: Store, step: str
) -> None:
    version = log("model-a", FILES)
    damage(store, FILES["a.bin"])
    scrub(read_data=True)
    crash(upload, FILES["a.bin"], at=step)
    version.refresh_from_db()
    assert version.status == "corrupted"
    upload(FILES["a.bin"])
    version.refresh_from_db()
    assert version.status == "ready"
    assert_in_order(store)


def test_a_damaged_stray_is_never_trusted(store: Store) -> None:
    crash(upload, b"content", at="publish.before_commit")
    damage(store, b"content")
    assert upload(b"content")
    assert pool.verify_blob(store, sha256_of(b"content"), len(b"content"))


def test_a_folder_of_a_purged_version_that_a_crash_left_goes_with_the_next_collect(
    store: Store,
) -> None:
    log("model-a", FILES)
    crash(purge, "model-a", at="purge.committed")
    folder = store.artifacts / "model" / "model-a"
    assert (folder / "v1").is_dir()
    assert_in_order(store)
    assert not folder.exists()


@pytest.mark.parametrize("step", IMPORT_STEPS)
def test_an_import_killed_at_any_step_goes_on_when_run_again(
    store: Store, tmp_path: Path, step: str
) -> None:
    root = tmp_path / "root"
    for number in (1, 2):
        write_version(root, number=number)
    crash(call_command, "import_runicorn", str(root), at=step)
    assert broken(store) == []
    call_command("import_runicorn", str(root), stdout=StringIO())
    assert list(Version.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert_in_order(store)
