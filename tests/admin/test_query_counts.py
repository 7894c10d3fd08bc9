"""Every list of the admin asks the database as often for thirty rows as for one; so do pages."""

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, Membership, Team, User
from accounts.roles import Role
from accounts.tokens import create_token
from artifacts.models import (
    Alias,
    AliasEvent,
    Artifact,
    Blob,
    BlobBase,
    ManifestEntry,
    ProtectedAlias,
    Version,
)
from lineage.models import Run, RunInput
from tests.admin.conftest import list_url, page_url
from tests.conftest import sha256_of
from tests.people import make_user

pytestmark = pytest.mark.django_db
ROWS = 30


def add_rows(numbers: range) -> None:
    """A row in every list for each number; what has parts gets one more of each."""
    first, _ = Artifact.objects.get_or_create(name="first", type="model")
    base, _ = Blob.objects.get_or_create(sha256="0" * 64, size_bytes=1, physical_bytes=1)
    for number in numbers:
        user = make_user(f"user-{number}", Role.VIEWER, {f"team-{number}": Role.VIEWER})
        team = Team.objects.get(name=f"team-{number}")
        shared, _ = Team.objects.get_or_create(name="shared")
        Membership.objects.create(team=shared, user=user)
        create_token(user=user, name="t", created_by=user)
        other = Artifact.objects.create(name=f"m-{number}", type="code", team=team)
        Version.objects.create(artifact=other, number=1)
        version = Version.objects.create(
            artifact=first, number=number + 1, created_by=user, created_by_run="first", num_files=1
        )
        Alias.objects.create(artifact=first, name=f"a-{number}", version=version, updated_by=user)
        AliasEvent.objects.create(artifact=first, name="x", by=user)
        ProtectedAlias.objects.create(pattern=f"p-{number}")
        run = Run.objects.create(id=f"run-{number}", project="p", created_by=user)
        home, _ = Run.objects.get_or_create(id="first", project="p")
        RunInput.objects.create(run=home, version=version)
        RunInput.objects.create(run=run, version=version)
        blob = Blob.objects.create(sha256=sha256_of(b"%d" % number), size_bytes=1, physical_bytes=1)
        BlobBase.objects.create(blob=blob, base=base, bytes=1)
        the_first = Version.objects.order_by("number")[0]
        ManifestEntry.objects.create(version=version, path="x", blob=base)
        ManifestEntry.objects.create(version=the_first, path=f"{number}.bin", blob=blob)


def queries(desk: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = desk.get(url)
    assert answer.status_code == 200, url
    return len(captured)


def lists() -> list[type[Model]]:
    return list(admin.site._registry)


def test_no_list_asks_more_often_for_thirty_rows_than_for_one(desk: Client) -> None:
    desk.get("/admin/")
    add_rows(range(1))
    one = {model: queries(desk, list_url(model)) for model in lists()}
    add_rows(range(1, ROWS))
    many = {model: queries(desk, list_url(model)) for model in lists()}
    assert many == one
    assert max(one.values()) <= 12
    for model in lists():
        assert desk.get(list_url(model)).context["cl"].result_count >= ROWS


def test_no_page_asks_more_often_for_thirty_parts_than_for_one(desk: Client) -> None:
    add_rows(range(1))
    pages = {
        model: page_url(model._default_manager.order_by("pk")[0])
        for model in (Artifact, Blob, Version)
    }
    pages |= {
        Run: page_url(Run.objects.get(pk="first")),
        Team: page_url(Team.objects.get(name="shared")),
        User: page_url(User.objects.get(username="user-0")),
        ApiToken: page_url(ApiToken.objects.get()),
    }
    for url in pages.values():  # what Django looks up once in a process
        desk.get(url)
    one = {model: queries(desk, url) for model, url in pages.items()}
    add_rows(range(1, ROWS))
    for number in range(1, ROWS):
        team = Team.objects.get(name=f"team-{number}")
        Membership.objects.create(team=team, user=User.objects.get(username="user-0"))
    assert {model: queries(desk, url) for model, url in pages.items()} == one
