"""Runs, their changes and what they use are in the log of who did what."""

from typing import Any

import pytest

from accounts.models import AuditEvent
from accounts.roles import Role
from artifacts.errors import RunConflict
from lineage.services import create_run, update_run, use_version
from tests.conftest import MakeVersion
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("store")


def events() -> list[tuple[Any, ...]]:
    rows = AuditEvent.objects.filter(action__startswith="run.").order_by("id")
    return list(rows.values_list("action", "username", "object", "before", "after"))


def test_a_run_is_begun_once(settings: Any) -> None:
    settings.RUNICORN_ACCESS = "team"
    ada = make_user("ada", Role.CONTRIBUTOR)
    for _ in range(2):
        create_run(run_id="r", project="p", name="n", created_by=ada)
    with pytest.raises(RunConflict):
        create_run(run_id="r", project="q", created_by=ada)
    run, _ = create_run(project="p", created_by=ada)
    assert events() == [
        ("run.create", "ada", "r", None, {"project": "p", "name": "n"}),
        ("run.create", "ada", run.id, None, {"project": "p", "name": ""}),
    ]


def test_a_change_says_what_was_and_what_is() -> None:
    ada = make_user("ada")
    run, _ = create_run(run_id="r", project="p", created_by=ada)
    for _ in range(2):
        update_run(run=run, changed_by=ada, status="finished")
    before, after = {"status": "running", "name": ""}, {"status": "finished", "name": ""}
    assert events()[1:] == [("run.update", "ada", "r", before, after)]


def test_a_use_is_told_once_with_the_version(make_version: MakeVersion) -> None:
    ada = make_user("ada")
    run, _ = create_run(run_id="r", project="p", created_by=ada)
    version = make_version(created_by=ada)
    for _ in range(2):
        use_version(run=run, version=version, used_by=ada)
    assert events()[1:] == [("run.use", "ada", "r", None, {"version": "model/model-a:v1"})]
