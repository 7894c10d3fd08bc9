"""Error pages help: what happened, who may, how long, what is near; and 5xx need no database."""

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils.html import escape
from psycopg_pool import PoolTimeout

from accounts.errors import AccessDenied, Conflict, DomainError, Invalid
from accounts.models import User
from accounts.roles import Role
from artifacts.errors import AliasProtected, QuotaExceeded, StoreUnavailable
from runicorn_site.api import CODES, error_response, refuse, server_error
from runicorn_site.explaining import OF_STATUS, TITLES, explain
from runicorn_site.urls import handler400, handler403, handler404, handler500
from runicorn_site.urls import urlpatterns as real
from tests.conftest import MakeVersion
from tests.people import client_of, make_user
from tests.test_docs import refusals

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

RAISED: dict[str, Exception] = {
    "invalid": Invalid({"name": ["is too long"], "tags": ["are too many"]}),
    "denied": AccessDenied("This needs the role maintainer.", needs="maintainer"),
    "conflict": Conflict("Somebody was quicker."),
    "protected": AliasProtected("model/m:v1", ["production"]),
    "quota": QuotaExceeded("vision", quota=1, used=1, pending=0, asked=1),
    "store": StoreUnavailable("/srv/secret/place is away"),
    "database": OperationalError("the server closed the connection"),
    "pool": PoolTimeout("none within 10 s"),
    "data": DataError("a NUL"),
    "suspicious": SuspiciousOperation("x"),
    "bug": ZeroDivisionError("<script>alert(1)</script>"),
}


def fail(request: HttpRequest, kind: str) -> HttpResponse:
    raise RAISED[kind]


urlpatterns = [path("fail/<str:kind>", fail), *real]
__all__ = ["handler400", "handler403", "handler404", "handler500"]


@pytest.fixture
def browser() -> Client:
    """Somebody whose exceptions become pages."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("kind", "status", "texts"),
    [
        ("invalid", 400, ["<dt>name</dt>", "is too long", "<dt>tags</dt>", "are too many"]),
        ("denied", 403, ["It needs the role maintainer.", "You are not logged in."]),
        ("conflict", 409, ["Somebody was quicker.", "This does not fit any more"]),
        ("protected", 409, ["Move or remove the alias first."]),
        ("quota", 507, ["The quota of the team is used up"]),
        ("store", 503, ["The storage is away"]),
        ("database", 503, ["The database is busy or away"]),
        ("pool", 503, ["The database is busy or away"]),
        ("data", 400, ["holds what no database can"]),
        ("suspicious", 400, ["Something in the request is wrong"]),
        ("bug", 500, ["This is a fault of the portal, not yours."]),
    ],
)
@pytest.mark.parametrize("is_htmx", [False, True])
def test_a_refusal_is_a_page_with_its_status(
    browser: Client, kind: str, status: int, texts: list[str], is_htmx: bool
) -> None:
    headers = {"HX-Request": "true"} if is_htmx else {}
    answer = browser.get(f"/fail/{kind}", headers=headers)
    page = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    for text in texts:
        assert text in page
    assert "data-detail" in page
    assert ("<html" in page) is not is_htmx
    assert "secret" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("kind", ["bug", "store", "database", "pool", "quota"])
def test_5xx_give_the_request_and_ask_no_database(browser: Client, kind: str) -> None:
    browser.force_login(make_user("nobody-known", Role.VIEWER))
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(f"/fail/{kind}")
    assert len(captured) == 0
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "nobody-known" not in answer.content.decode()


def test_the_database_away_says_when_to_come_again(browser: Client) -> None:
    assert browser.get("/fail/database")["Retry-After"] == "1"


def test_403_says_who_one_is(team: None, browser: Client) -> None:
    browser.force_login(make_user("ada", Role.VIEWER))
    page = browser.get("/fail/denied").content.decode()
    assert "You are ada; your role everywhere is: viewer." in page
    assert "An admin can give you another role." in page
    nobody = client_of(make_user("none"))
    make_user("boss", Role.ADMIN)
    answer = nobody.get("/artifacts")
    assert answer.status_code == 403
    assert "your role everywhere is: none" in answer.content.decode()


def test_the_titles_are_in_the_language_of_the_reader(browser: Client) -> None:
    answer = browser.get("/fail/conflict", headers={"Accept-Language": "zh-CN"})
    assert 'lang="zh-hans"' in answer.content.decode()
    assert "Somebody was quicker." in answer.content.decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [("1", "in 1 second."), ("45", "in 45 seconds"), ("900", "in 15 minutes"), ("901", "16 min")],
)
def test_429_says_how_long(seconds: str, text: str) -> None:
    request = RequestFactory().get("/login")
    said = explain(request, 429, "throttled", {"Retry-After": seconds}, {})
    assert (said.title, text in said.advice[-1]) == ("Too often", True)
    answer = refuse(request, 429, "x", "throttled", {"Retry-After": seconds})
    assert answer["Retry-After"] == seconds


def test_404_suggests_what_is_near(client: Client, make_version: MakeVersion) -> None:
    make_version("resnet50", aliases=["production"])
    page = client.get("/artifacts/model/resnet5").content.decode()
    assert 'href="/artifacts/model/resnet50"' in page
    page = client.get("/artifacts/model/resnet50/v7").content.decode()
    assert 'href="/artifacts/model/resnet50/v1"' in page
    page = client.get("/artifacts/model/resnet50/productions").content.decode()
    assert 'href="/artifacts/model/resnet50/production"' in page
    page = client.get("/artifacts/model/resnet50/v7", headers={"HX-Request": "true"})
    assert 'href="/artifacts/model/resnet50/v1"' in page.content.decode()


@pytest.mark.parametrize("url", ["/nothing", "/nothing/", "/settings/x", "/a/b/c"])
def test_where_there_is_no_page_it_says_so(client: Client, url: str) -> None:
    answer = client.get(url)
    assert (answer.status_code, "There is nothing here" in answer.content.decode()) == (404, True)


def ways(client: Client, url: str) -> list[tuple[str, str]]:
    """What a page that is not there offers besides the list of artifacts."""
    answer = client.get(url)
    assert answer.status_code == 404
    return [(one.label, one.path) for one in answer.context["said"].ways]


ARTIFACT = ("To the artifact", "/artifacts/model/net")


@pytest.mark.parametrize(
    ("url", "offered"),
    [
        ("/artifacts/model/net/v9", [ARTIFACT]),
        ("/artifacts/model/net/absent", [ARTIFACT]),
        ("/artifacts/model/net/v9/files/a", [ARTIFACT]),
        (
            "/artifacts/model/net/v1/files/absent",
            [
                ("To the files of the version", "/artifacts/model/net/v1/files"),
                ("To the version", "/artifacts/model/net/v1"),
                ARTIFACT,
            ],
        ),
        ("/artifacts/model/a%20%26b", [("Search for “a &b”", "/artifacts?q=a+%26b")]),
        ("/artifacts/model/absent/v1", [("Search for “absent”", "/artifacts?q=absent")]),
        ("/model/net", [("Search for “net”", "/artifacts?q=net")]),
        ("/runs/absent", [("To the list", "/runs")]),
        ("/settings/aliases/7/remove", [("To the list", "/settings/aliases")]),
        ("/settings/teams/absent", [("To the list", "/settings/teams")]),
    ],
)
def test_404_leads_on(
    client: Client, make_version: MakeVersion, url: str, offered: list[tuple[str, str]]
) -> None:
    make_version("net")
    assert ways(client, url) == offered
    page = client.get(url).content.decode()
    assert "To the artifacts" in page
    assert all(escape(label) in page for label, _ in offered)


def test_404_leads_a_stranger_to_nothing_he_may_not_see(
    team: None, make_version: MakeVersion
) -> None:
    owner = make_user("owner", None, {"vision": Role.MAINTAINER})
    make_version("net", team="vision", created_by=owner)
    stranger = client_of(make_user("stranger", Role.VIEWER))
    there, absent = (f"/teams/vision/artifacts/model/{name}/v1" for name in ("net", "ten"))
    assert ways(stranger, there) == [("Search for “net”", "/artifacts?q=net")]
    assert ways(stranger, absent) == [("Search for “ten”", "/artifacts?q=ten")]
    assert ways(client_of(make_user("nobody")), "/model/net") == []


def test_a_form_that_is_too_old_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/preferences/theme", {"theme": "dark"})
    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()


def test_the_api_answers_as_ever(browser: Client) -> None:
    answer = browser.get("/api/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    request = RequestFactory().get("/api/x")
    answer = refuse(request, 429, "wait", "throttled", {"Retry-After": "3"}, more=1)
    assert answer["Retry-After"] == "3"
    assert answer.content == error_response(429, "wait", "throttled", more=1).content


def test_a_failure_before_any_middleware_has_a_page_too() -> None:
    answer = server_error(RequestFactory().get("/x"))
    assert (answer.status_code, b"Something broke here" in answer.content) == (500, True)


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.__name__)
def test_every_refusal_has_a_title(refusal: type[DomainError]) -> None:
    assert refusal.code in TITLES or refusal.status in OF_STATUS


def test_every_title_is_of_a_code_that_there_is() -> None:
    known = {one.code for one in refusals()} | {*CODES.values(), "cross_site", "csrf", "busy"}
    assert set(TITLES) <= known | {"error"}
    assert User.objects.count() == 0
