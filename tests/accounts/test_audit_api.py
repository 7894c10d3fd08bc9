"""``GET /api/audit``: for admins, filtered, paged, as JSON and as CSV."""

import csv
import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from rest_framework.test import APIClient

from accounts.api.audit import file_rows
from accounts.audit import record
from accounts.models import AuditEvent, Team
from accounts.origin import Origin, current_origin
from accounts.roles import Role, Scope
from tests.people import client_of, make_user, token_client

pytestmark = pytest.mark.usefixtures("db")

AUDIT = "/api/audit"


@pytest.fixture
def admin(db: None, settings: Any) -> APIClient:
    settings.RUNICORN_ACCESS = "team"
    return token_client(make_user("root", Role.ADMIN), Scope.ADMIN)


@pytest.fixture
def log(admin: APIClient) -> None:
    """Five deeds of two people, after those of the admin's token."""
    ada, bob = make_user("ada"), make_user("bob")
    team = Team.objects.create(name="vision")
    record("version.create", caller=ada, name="model/m:v1", obj=team, after={"size_bytes": 3})
    record("version.delete", caller=bob, name="vision/model/m:v1", team="vision")
    origin = current_origin.set(Origin("192.0.2.7", "abc"))
    record("alias.move", caller=ada, name="model/m:production")
    record("version.createx", caller=ada, name="model/mm:v1")
    current_origin.reset(origin)
    record("user.login_failed", caller=AnonymousUser(), name="model/m")


def objects(admin: APIClient, query: str = "") -> list[str]:
    answer = admin.get(f"{AUDIT}?{query}")
    assert answer.status_code == 200, answer.json()
    return [row["object"] for row in answer.json() if not row["action"].startswith("token.")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CONTRIBUTOR, Role.MAINTAINER])
def test_others_than_admins_may_not(admin: APIClient, role: Role) -> None:
    user = make_user("ada", role, {"vision": Role.MAINTAINER})
    for client in (client_of(user), token_client(user, Scope.ADMIN)):
        answer = client.get(AUDIT)
        assert (answer.status_code, answer.json()["code"]) == (403, "denied")
        assert client.get(f"{AUDIT}?format=csv").status_code == 403


@pytest.mark.parametrize(
    ("scope", "status"), [(Scope.READ, 403), (Scope.WRITE, 403), (Scope.ADMIN, 200)]
)
def test_an_admins_token_needs_the_scope(admin: APIClient, scope: Scope, status: int) -> None:
    user = make_user("boss", Role.ADMIN)
    assert token_client(user, scope).get(AUDIT).status_code == status
    assert client_of(user).get(AUDIT).status_code == 200


def test_nobody_is_401_and_who_has_no_role_403(admin: APIClient) -> None:
    assert APIClient().get(AUDIT).status_code == 401
    assert client_of(make_user("ada")).get(AUDIT).status_code == 403


def test_in_open_mode_everybody_is_an_admin(api: APIClient) -> None:
    record("run.create", caller=AnonymousUser(), name="r")
    (row,) = api.get(AUDIT).json()
    assert (row["user"], row["token"], row["team"], row["address"]) == (None, None, None, None)


@pytest.mark.usefixtures("log")
def test_a_row_says_it_all(admin: APIClient) -> None:
    (row,) = admin.get(f"{AUDIT}?action=version.create&user=ada&object=model/m").json()
    assert row.pop("id") and row.pop("at") > 1e9  # noqa: PT018
    assert row == {
        "action": "version.create",
        "user": "ada",
        "token": None,
        "address": None,
        "request_id": "",
        "object_type": "team",
        "object": "model/m:v1",
        "team": None,
        "before": None,
        "after": {"size_bytes": 3},
    }


@pytest.mark.usefixtures("log")
def test_the_newest_is_first(admin: APIClient) -> None:
    assert objects(admin) == [
        "model/m", "model/mm:v1", "model/m:production", "vision/model/m:v1", "model/m:v1",
    ]  # fmt: skip


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("user=ada", 3),
        ("user=nobody", 0),
        ("action=version.", 3),
        ("action=version.create", 2),
        ("action=version.delete&user=ada", 0),
        ("object=model/m", 3),
        ("object=model/m:v1", 1),
        ("object_type=team", 1),
        ("team=vision", 1),
        ("address=192.0.2.7", 2),
        ("address=2001:db8::1", 0),
        ("after=2020-01-01", 5),
        ("before=2020-01-01", 0),
        ("after=2020-01-01&before=2100-01-01T00:00:00Z&user=bob", 1),
    ],
)
def test_filters_hold_together(admin: APIClient, query: str, count: int) -> None:
    assert len(objects(admin, query)) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=yesterday", "after"),
        ("before=x", "before"),
        ("address=here", "address"),
        ("format=xml", "format"),
        ("limit=0", "limit"),
        ("user=%00", "user"),
    ],
)
def test_bad_input_names_the_field(admin: APIClient, query: str, field: str) -> None:
    answer = admin.get(f"{AUDIT}?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


@pytest.mark.usefixtures("log")
def test_pages(admin: APIClient) -> None:
    answer = admin.get(f"{AUDIT}?user=ada&limit=2&offset=1")
    assert [row["action"] for row in answer.json()] == ["alias.move", "version.create"]
    assert answer["X-Total-Count"] == "3"
    assert 'rel="prev"' in answer["Link"]


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(answer.getvalue().decode().splitlines(keepends=True)))


@pytest.mark.usefixtures("log")
def test_csv_has_the_same_rows(admin: APIClient) -> None:
    answer = admin.get(f"{AUDIT}?format=csv&user=ada")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    head, *rows = rows_of(answer)
    assert head[:4] == ["id", "at", "action", "username"]
    assert [row[2] for row in rows] == ["version.createx", "alias.move", "version.create"]
    assert rows[-1][-1] == '{"size_bytes": 3}'


@pytest.mark.usefixtures("log")
def test_csv_has_as_many_rows_as_are_asked_for(
    admin: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.api.audit.FETCHED", 1)
    for limit, count in ((1, 1), (2, 2), (50, 3)):
        _, *rows = rows_of(admin.get(f"{AUDIT}?format=csv&user=ada&limit={limit}"))
        assert len(rows) == count
    newest = rows_of(admin.get(f"{AUDIT}?format=csv&user=ada&limit=1"))[1]
    assert newest[2] == "version.createx"


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("limit=", "limit"), ("limit=-1", "limit"),
     (f"limit={'9' * 30}", "limit"), ("offset=1", "offset")],
)  # fmt: skip
def test_csv_refuses_what_it_cannot_honour(admin: APIClient, query: str, field: str) -> None:
    answer = admin.get(f"{AUDIT}?format=csv&{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "\uff1d1"])
def test_no_spreadsheet_runs_what_somebody_named(admin: APIClient, name: str) -> None:
    record("user.login_failed", caller=AnonymousUser(), name=name)
    answer = admin.get(f"{AUDIT}?format=csv&action=user.")
    (row,) = csv.DictReader(answer.getvalue().decode().splitlines(keepends=True))
    assert row["object"] == f"'{name}"


def test_a_query_fetches_thousands_of_rows(
    admin: APIClient, django_assert_num_queries: Any
) -> None:
    admin.get(AUDIT)  # notes the use of the token
    for count, queries in ((1, 4), (5000, 6)):
        AuditEvent.objects.bulk_create(AuditEvent(action="x") for _ in range(count))
        with django_assert_num_queries(queries):  # the token, the permissions (2), the rows
            admin.get(f"{AUDIT}?action=x&format=csv").getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_slow_reader_of_csv_holds_no_connection(monkeypatch: Any) -> None:
    monkeypatch.setattr("accounts.api.audit.FETCHED", 2)
    for number in range(5):
        record("run.create", caller=AnonymousUser(), name=f"run-{number}")
    names = []
    for row in file_rows(AuditEvent.objects.order_by("-id")):
        assert connection.connection is None
        names += re.findall(r"run-\d", str(row))
    assert names == [f"run-{number}" for number in (4, 3, 2, 1, 0)]
