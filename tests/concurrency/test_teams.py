"""Teams that come, go and are given something while others write: a refusal, never an error."""

from functools import partial

import pytest
from django.db import transaction

from accounts.access import SYSTEM
from accounts.errors import Conflict
from accounts.models import AuditEvent, Membership, Team
from accounts.roles import Role
from accounts.services import delete_team, save_membership, save_team
from artifacts.models import Artifact, Version
from artifacts.services.teams import assign_team
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.layout import Store
from tests.concurrency.threads import PATIENCE_SECONDS, start, wait_until_blocked
from tests.crash.acts import ANYBODY, log, manifest_of, upload
from tests.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = {"a.bin": b"content"}


@pytest.fixture
def vision(db: None) -> Team:
    return Team.objects.create(name="vision")


def commit(team: str | None = None) -> Version:
    draft = VersionDraft(manifest=manifest_of(CONTENT))
    version, _ = create_version(type_="model", name="m", draft=draft, created_by=ANYBODY, team=team)
    return version


@pytest.mark.parametrize("is_seen_late", [True, False])
def test_a_commit_to_what_goes_to_a_team_meanwhile_begins_a_new_line(
    store: Store, vision: Team, is_seen_late: bool
) -> None:
    """It waits for the row that it has found, or for the name."""
    artifact = log("m", CONTENT).artifact
    with transaction.atomic():
        Artifact.objects.select_for_update().get()
        if is_seen_late:
            assign_team(artifact=artifact, team=vision, assigned_by=ANYBODY)
        late = start(partial(commit, "everyone"))
        wait_until_blocked()
        if not is_seen_late:
            assign_team(artifact=artifact, team=vision, assigned_by=ANYBODY)
    assert late.result(PATIENCE_SECONDS).full_name == "model/m:v1"
    assert [one.owner for one in Artifact.objects.order_by("id")] == ["vision", "everyone"]


@pytest.mark.parametrize("quota_bytes", [None, 1 << 20])
def test_a_commit_for_a_team_that_is_deleted_meanwhile_is_refused(
    store: Store, vision: Team, quota_bytes: int | None
) -> None:
    Team.objects.update(quota_bytes=quota_bytes)
    upload(CONTENT["a.bin"])
    with transaction.atomic():
        delete_team(team=vision, deleted_by=SYSTEM)
        late = start(partial(commit, "vision"))
        wait_until_blocked()
    with pytest.raises(Conflict, match="vision"):
        late.result(PATIENCE_SECONDS)
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("quota_bytes", [None, 1 << 20])
def test_a_team_that_gets_its_first_artifact_meanwhile_stays(
    store: Store, vision: Team, quota_bytes: int | None
) -> None:
    Team.objects.update(quota_bytes=quota_bytes)
    upload(CONTENT["a.bin"])
    with transaction.atomic():
        commit("vision")
        late = start(partial(delete_team, team=vision, deleted_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="Artifacts belong to vision"):
        late.result(PATIENCE_SECONDS)
    assert Artifact.objects.get().team == vision
    assert not AuditEvent.objects.filter(action="team.delete").exists()


def test_an_artifact_is_not_given_to_a_team_that_is_deleted_meanwhile(
    store: Store, vision: Team
) -> None:
    artifact = log("m", CONTENT).artifact
    with transaction.atomic():
        delete_team(team=vision, deleted_by=SYSTEM)
        late = start(partial(assign_team, artifact=artifact, team=vision, assigned_by=ANYBODY))
        wait_until_blocked()
    with pytest.raises(Conflict, match="vision"):
        late.result(PATIENCE_SECONDS)
    assert Artifact.objects.get().team is None


def test_who_is_taken_in_twice_at_once_is_taken_in_once(vision: Team) -> None:
    ada = make_user("ada")
    first, second = [
        Membership(team=vision, user=ada, role=role) for role in (Role.VIEWER, Role.MAINTAINER)
    ]
    with transaction.atomic():
        save_membership(membership=first, saved_by=SYSTEM)
        late = start(partial(save_membership, membership=second, saved_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="ada"):
        late.result(PATIENCE_SECONDS)
    assert Membership.objects.get().role == Role.VIEWER
    assert AuditEvent.objects.filter(action="membership.create").count() == 1


def test_of_two_who_make_a_team_of_one_name_one_is_told_so(db: None) -> None:
    with transaction.atomic():
        save_team(team=Team(name="vision"), saved_by=SYSTEM)
        late = start(partial(save_team, team=Team(name="vision"), saved_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="There is a team vision already"):
        late.result(PATIENCE_SECONDS)
    assert AuditEvent.objects.filter(action="team.create").count() == 1


def test_of_two_who_change_a_team_the_log_tells_each_step(vision: Team) -> None:
    first, second = (Team.objects.get() for _ in range(2))
    first.description, second.description = "first", "second"
    with transaction.atomic():
        save_team(team=first, saved_by=SYSTEM)
        late = start(partial(save_team, team=second, saved_by=SYSTEM))
        wait_until_blocked()
    late.result(PATIENCE_SECONDS)
    rows = AuditEvent.objects.filter(action="team.change").order_by("id")
    steps = [(row.before["description"], row.after["description"]) for row in rows]
    assert steps == [("", "first"), ("first", "second")]


def test_a_team_that_is_deleted_meanwhile_does_not_come_back(vision: Team) -> None:
    vision.description = "late"
    with transaction.atomic():
        delete_team(team=Team.objects.get(), deleted_by=SYSTEM)
        late = start(partial(save_team, team=vision, saved_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="deleted meanwhile"):
        late.result(PATIENCE_SECONDS)
    assert not Team.objects.exists()


def test_nobody_is_taken_into_a_team_that_is_deleted_meanwhile(vision: Team) -> None:
    membership = Membership(team=vision, user=make_user("ada"), role=Role.VIEWER)
    with transaction.atomic():
        delete_team(team=vision, deleted_by=SYSTEM)
        late = start(partial(save_membership, membership=membership, saved_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="vision"):
        late.result(PATIENCE_SECONDS)
    assert not Membership.objects.exists()


def test_of_two_who_delete_a_team_one_is_told_that_it_is_gone(vision: Team) -> None:
    with transaction.atomic():
        delete_team(team=vision, deleted_by=SYSTEM)
        late = start(partial(delete_team, team=vision, deleted_by=SYSTEM))
        wait_until_blocked()
    with pytest.raises(Conflict, match="meanwhile"):
        late.result(PATIENCE_SECONDS)
    assert AuditEvent.objects.filter(action="team.delete").count() == 1
