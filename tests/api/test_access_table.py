"""Every route, everybody, both modes: who may, who may not, and whom it does not exist for."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, Team, User
from accounts.roles import HIGHEST_ROLE, Role, Scope
from artifacts.models import Artifact
from lineage.services import create_run
from tests.api.access_table import TABLE, Row
from tests.api.conftest import API_ROUTES, SAMPLES, body_of
from tests.conftest import ANYBODY, MakeVersion, digest_of
from tests.people import client_of, make_token, make_user, token_client


@dataclass(frozen=True)
class Guest:
    """A caller: who makes his client, the role he has on the team's artifact, and where it is."""

    client: Callable[[], APIClient]
    role: Role | None
    user: User | None = None
    scope: Scope | None = None
    is_role_everywhere: bool = True

    def expects(self, row: Row, *, is_open: bool) -> int:
        """The status of ``row`` for him."""
        if row.needs is None:
            return row.ok
        if self.user is None and not (is_open and self.role):
            return 401
        if self.scope == Scope.READ and row.reader is not None:
            return row.reader
        if is_open:
            return row.ok if self.user or row.nobody is None else row.nobody
        if self.role is None:
            return row.for_stranger
        counts = self.is_role_everywhere or not row.is_everyones
        return row.ok if counts and self.role >= row.needs else 403


def everybody() -> dict[str, Guest]:
    """The cast; viewer, contributor and maintainer are so everywhere and in the team.

    The *member* and the *robot*, which is a service account, have roles in the team only.
    """
    in_team = {role.label: make_user(role.label, role, {"vision": role}) for role in list(Role)[:3]}
    admin = make_user("admin", Role.ADMIN)
    stranger = make_user("stranger", Role.MAINTAINER)
    members = {
        name: Guest(lambda user=user: client_of(user), Role[name.upper()], user)
        for name, user in in_team.items()
    }
    viewer = members["viewer"].user
    member = make_user("member", None, {"vision": Role.CONTRIBUTOR})
    robot = make_user("robot", None, {"vision": Role.MAINTAINER})
    User.objects.filter(pk=robot.pk).update(is_service=True)
    tokens = {
        f"{user} with a token {scope}": Guest(
            lambda user=user, scope=scope: token_client(user, scope),
            min(highest, HIGHEST_ROLE[scope]),
            user,
            scope,
            is_role_everywhere=user != robot,
        )
        for user, highest, scopes in (
            (viewer, Role.VIEWER, (Scope.READ, Scope.ADMIN)),
            (robot, Role.MAINTAINER, (Scope.WRITE,)),
            (admin, Role.ADMIN, Scope),
        )
        for scope in scopes
    }
    return {
        "anonymous": Guest(APIClient, Role.ADMIN),
        "stranger": Guest(lambda: client_of(stranger), None, stranger),
        **members,
        "admin": Guest(lambda: client_of(admin), Role.ADMIN, admin),
        "member": Guest(
            lambda: client_of(member), Role.CONTRIBUTOR, member, is_role_everywhere=False
        ),
        **tokens,
        "expired token": Guest(lambda: spoiled(admin, "expires_at"), None),
        "revoked token": Guest(lambda: spoiled(admin, "revoked_at"), None),
    }


def spoiled(user: User, field: str) -> APIClient:
    """A client with a token that was good an hour ago."""
    text = make_token(user, Scope.ADMIN, name=field)
    ApiToken.objects.filter(name=field).update(**{field: timezone.now() - timedelta(hours=1)})
    return APIClient(headers={"authorization": f"Bearer {text}"})


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    rows = sorted((row.method, row.path) for row in TABLE)
    assert rows == API_ROUTES, "tests/api/access_table.py: add, or remove, the row of a route"


@pytest.mark.parametrize("access", ["open", "team"])
@pytest.mark.parametrize("row", TABLE, ids=str)
def test_everybody_gets_what_is_due(
    make_version: MakeVersion, settings: Any, row: Row, access: str
) -> None:
    guests = everybody()
    states = [prepare(make_version, number) for number in range(len(guests))]
    settings.RUNICORN_ACCESS = access
    answers = {
        name: ask(guest.client(), row, state)
        for (name, guest), state in zip(guests.items(), states, strict=True)
    }
    is_open = access == "open"
    assert answers == {name: one.expects(row, is_open=is_open) for name, one in guests.items()}


@dataclass(frozen=True)
class State:
    """What the requests of one caller are about."""

    name: str
    run_id: str
    content: bytes

    def fill(self, text: str) -> str:
        """``text`` with the samples of the table replaced by this caller's."""
        return (
            text.replace("model-a", self.name)
            .replace("run-1", self.run_id)
            .replace(SAMPLES["digest"], digest_of(self.content))
            .replace("{digest}", digest_of(self.content))
            .replace("{content}", self.content.decode())
        )


def prepare(make_version: MakeVersion, number: int) -> State:
    """A private artifact, a run and content for one caller, all made by somebody else."""
    state = State(f"model-{number}", f"run-{number}", b"data-%02d" % number)
    make_version(state.name, files={"a.bin": state.content}, aliases=["production"])
    vision, _ = Team.objects.get_or_create(name="vision")
    Artifact.objects.filter(name=state.name).update(team=vision)
    create_run(project="p", run_id=state.run_id, created_by=ANYBODY)
    return state


def ask(client: APIClient, row: Row, state: State) -> int:
    """Send what ``row`` says; the status, once the answer was read."""
    if isinstance(row.body, bytes):
        kind, body = "application/octet-stream", row.body
        body = state.fill(body.decode()).encode() if b"{" in body else body
    else:
        kind, body = "application/json", state.fill(json.dumps(row.body or {})).encode()
    if row.method == "get" or (row.body is None and row.headers):
        body = b""
    path = state.fill(row.path) + row.query
    answer = client.generic(row.method.upper(), path, body, content_type=kind, headers=row.headers)
    body_of(answer)
    return int(answer.status_code)
