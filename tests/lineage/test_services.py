"""Runs begin, end, use versions and make them."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError

from accounts.roles import Role
from artifacts.errors import (
    AccessDenied,
    AliasNotFound,
    AmbiguousType,
    ArtifactNotFound,
    Invalid,
    MissingBlobs,
    RunConflict,
    RunNotFound,
    VersionNotFound,
    VersionNotReady,
)
from artifacts.models import Blob, Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import VersionDraft, soft_delete_version
from artifacts.storage.layout import Store
from artifacts.storage.manifest import Manifest, ManifestEntry
from lineage.models import Run, RunInput
from lineage.services import (
    create_run,
    find_run,
    log_version,
    resolve_reference,
    update_run,
    use_version,
)
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import make_user


def resolve(text: str, type_: str | None = None) -> Version:
    return resolve_reference(text=text, type_=type_, asked_by=ANYBODY)


# Runs ---------------------------------------------------------------------------------------------


def test_a_new_run_is_running_and_its_makers(db: None) -> None:
    owner = make_user("owner", Role.MAINTAINER)
    run, is_new = create_run(run_id="r1", project="vision", name="resnet", created_by=owner)
    assert is_new
    assert (run.id, run.project, run.name, run.status) == ("r1", "vision", "resnet", "running")
    assert (run.finished_at, run.created_by) == (None, owner)


def test_the_server_makes_an_id_of_time_and_chance(db: None) -> None:
    with time_machine.travel(datetime(2025, 1, 14, 12, 0, 3, tzinfo=UTC)):
        made = {create_run(project="p", created_by=ANYBODY)[0].id for _ in range(5)}
    assert len(made) == 5
    assert all(re.fullmatch("20250114_120003_[0-9a-f]{6}", run_id) for run_id in made)


def test_begun_again_with_the_same_project_and_name_it_is_the_same_run(make_run: MakeRun) -> None:
    first = make_run("r1", name="a")
    again, is_new = create_run(run_id="r1", project="vision", name="a", created_by=ANYBODY)
    assert (again, is_new) == (first, False)


@pytest.mark.parametrize(("project", "name"), [("vision", "b"), ("speech", "a")])
def test_an_id_in_use_by_another_run_is_a_conflict(
    make_run: MakeRun, project: str, name: str
) -> None:
    make_run("r1", name="a")
    with pytest.raises(RunConflict, match="project 'vision', name 'a'"):
        create_run(run_id="r1", project=project, name=name, created_by=ANYBODY)


def test_a_run_id_outside_the_rules_is_invalid(db: None) -> None:
    with pytest.raises(Invalid, match="id: must be"):
        create_run(run_id="a/b", project="p", created_by=ANYBODY)


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_a_run_that_ended_has_the_time_of_it(make_run: MakeRun, status: str) -> None:
    run = update_run(run=make_run(), status=status, changed_by=ANYBODY)
    assert run.status == status
    assert run.finished_at == run.updated_at > run.created_at


def test_ending_again_keeps_the_first_time(make_run: MakeRun) -> None:
    run = update_run(run=make_run(), status="finished", changed_by=ANYBODY)
    assert update_run(run=run, status="finished", changed_by=ANYBODY).updated_at == run.updated_at
    failed = update_run(run=run, status="failed", changed_by=ANYBODY)
    assert (failed.status, failed.finished_at) == ("failed", run.finished_at)


def test_a_run_that_runs_again_has_not_ended(make_run: MakeRun) -> None:
    run = update_run(run=make_run(), status="failed", changed_by=ANYBODY)
    assert update_run(run=run, status="running", changed_by=ANYBODY).finished_at is None


def test_a_name_changes_alone(make_run: MakeRun) -> None:
    run = update_run(run=make_run(name="a"), name="b", changed_by=ANYBODY)
    assert (run.name, run.status, run.finished_at) == ("b", "running", None)


@pytest.mark.parametrize("run_id", ["nobody", "a/b", "a\0", ""])
def test_a_run_that_is_not_there_is_not_found(db: None, run_id: str) -> None:
    with pytest.raises(RunNotFound, match="Run not found: "):
        find_run(run_id=run_id, asked_by=ANYBODY)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "", "project": "p"},
        {"id": "a/b", "project": "p"},
        {"id": "a:b", "project": "p"},
        {"id": "a b", "project": "p"},
        {"id": "a\n", "project": "p"},
        {"id": "a", "project": ""},
        {"id": "a", "project": "p", "status": "finished"},
        {"id": "a", "project": "p", "finished_at": datetime(2025, 1, 1, tzinfo=UTC)},
        {"id": "a", "project": "p", "status": "paused"},
    ],
)
def test_the_database_refuses_a_run_that_makes_no_sense(db: None, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="run_"):
        Run.objects.create(**fields)


def test_in_team_mode_somebody_without_a_login_may_nothing(
    tell: Tell, make_run: MakeRun, team: None
) -> None:
    run, version = Run(id="r", project="p"), Version()
    draft = VersionDraft(manifest=Manifest())
    refused: list[Any] = [
        lambda: create_run(project="p", created_by=AnonymousUser()),
        lambda: update_run(run=run, name="x", changed_by=AnonymousUser()),
        lambda: use_version(run=run, version=version, used_by=AnonymousUser()),
        lambda: log_version(type_="model", name="m", draft=draft, created_by=AnonymousUser()),
    ]
    for call in refused:
        with pytest.raises(AccessDenied):
            call()


def test_in_team_mode_somebody_without_a_login_sees_no_runs(
    make_run: MakeRun, settings: Any
) -> None:
    make_run("r1")
    settings.RUNICORN_ACCESS = "team"
    with pytest.raises(RunNotFound):
        find_run(run_id="r1", asked_by=AnonymousUser())


# References ---------------------------------------------------------------------------------------


def test_a_reference_means_a_version(make_version: MakeVersion) -> None:
    first = make_version("m", aliases=["production"])
    second = make_version("m")
    assert resolve("m:v1") == resolve("m:production") == resolve("model/m:v1") == first
    assert resolve("m") == resolve("m:latest") == resolve("m:v2", "model") == second


def test_a_name_in_several_types_needs_its_type(make_version: MakeVersion) -> None:
    make_version("m", type="model")
    dataset = make_version("m", type="dataset")
    assert resolve("dataset/m") == resolve("m", "dataset") == resolve("dataset/m", "dataset")
    assert resolve("dataset/m") == dataset
    with pytest.raises(AmbiguousType) as refusal:
        resolve("m:v1")
    assert refusal.value.extra == {"types": ["model", "dataset"]}


def test_two_types_that_differ_are_invalid(make_version: MakeVersion) -> None:
    make_version("m")
    with pytest.raises(Invalid, match="type: 'dataset' is not the type in 'model/m:v1'"):
        resolve("model/m:v1", "dataset")


def test_what_is_not_there_is_not_found(make_version: MakeVersion) -> None:
    make_version("m", aliases=["production"])
    with pytest.raises(ArtifactNotFound, match="Artifact not found: nothing"):
        resolve("nothing:v1")
    with pytest.raises(ArtifactNotFound):
        resolve("dataset/m:v1")
    with pytest.raises(AliasNotFound) as refusal:
        resolve("m:staging")
    assert refusal.value.extra == {"aliases": ["latest", "production"]}


@pytest.mark.parametrize("number", ["0", "2", str(1 << 31), "9" * 30])
def test_a_number_that_no_version_has_is_not_found(make_version: MakeVersion, number: str) -> None:
    make_version("m")
    with pytest.raises(VersionNotFound, match=f"Version not found: m:v{number}"):
        resolve(f"m:v{number}")


def test_a_purged_version_is_not_found(make_version: MakeVersion) -> None:
    version = make_version("m")
    make_version("m")
    purge_version(version=version, purged_by=ANYBODY)
    with pytest.raises(VersionNotFound):
        resolve("m:v1")


# Uses ---------------------------------------------------------------------------------------------


def test_a_use_is_noted_once(make_run: MakeRun, make_version: MakeVersion) -> None:
    run, version = make_run(), make_version()
    edge, is_new = use_version(run=run, version=version, used_by=ANYBODY)
    assert (edge.run, edge.version, is_new) == (run, version, True)
    assert use_version(run=run, version=version, used_by=ANYBODY) == (edge, False)
    assert RunInput.objects.count() == 1


def test_a_use_needs_a_ready_version(make_run: MakeRun, make_version: MakeVersion) -> None:
    run, version = make_run(), make_version("m")
    soft_delete_version(version=version, deleted_by=ANYBODY)
    with pytest.raises(VersionNotReady, match="m:v1 is deleted"):
        use_version(run=run, version=version, used_by=ANYBODY)
    assert not RunInput.objects.exists()


# Outputs ------------------------------------------------------------------------------------------


def draft_of(blob: Blob, **fields: Any) -> VersionDraft:
    entry = ManifestEntry(path="a.bin", sha256=blob.sha256, size_bytes=blob.size_bytes)
    return VersionDraft(manifest=Manifest(entries=(entry,)), **fields)


def test_a_logged_version_is_the_output_of_its_run(make_run: MakeRun, make_blob: Any) -> None:
    run, draft = make_run("r1"), draft_of(make_blob(b"weights"))
    version, is_new = log_version(
        type_="model", name="m", draft=draft, run_id="r1", created_by=ANYBODY
    )
    assert (version.created_by_run, version.number, is_new) == (run.id, 1, True)


def test_a_version_may_have_no_run(make_blob: Any) -> None:
    draft = draft_of(make_blob(b"weights"))
    version, _ = log_version(type_="model", name="m", draft=draft, created_by=ANYBODY)
    assert version.created_by_run == ""


def test_without_its_run_nothing_is_logged(make_blob: Any) -> None:
    draft = draft_of(make_blob(b"weights"))
    with pytest.raises(RunNotFound):
        log_version(type_="model", name="m", draft=draft, run_id="nobody", created_by=ANYBODY)
    assert not Version.objects.exists()


def test_missing_content_is_named_and_nothing_is_logged(store: Store, make_run: MakeRun) -> None:
    make_run("r1")
    draft = draft_of(Blob(sha256="0" * 64, size_bytes=1))
    with pytest.raises(MissingBlobs) as refusal:
        log_version(type_="model", name="m", draft=draft, run_id="r1", created_by=ANYBODY)
    assert refusal.value.extra == {"missing": ["sha256:" + "0" * 64]}
    assert not Version.objects.exists()


def test_a_repeated_commit_is_the_same_version(make_run: MakeRun, make_blob: Any) -> None:
    make_run("r1")
    draft = draft_of(make_blob(b"weights"), commit_id=uuid4())
    log = {"type_": "model", "name": "m", "draft": draft, "run_id": "r1", "created_by": ANYBODY}
    first, _ = log_version(**log)
    assert log_version(**log) == (first, False)
    assert Version.objects.count() == 1
