"""What every request goes through: its id, its form, and whether it comes from another site."""

import logging
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from artifacts.storage.layout import Store

URL = "/api/blobs/missing"
pytestmark = pytest.mark.django_db


def send(client: Client, method: str = "POST", **headers: str) -> tuple[int, str]:
    """Status and ``code`` of the answer to a write with ``headers``."""
    answer = client.generic(method, URL, "[]", "application/json", headers=headers)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://testserver", "Sec-Fetch-Site": "same-origin"},  # HTTPS by a proxy
        {"Host": "localhost:23300", "Origin": "http://localhost:23300"},
        {"Host": "[::1]:23300", "Origin": "http://[::1]:23300"},
    ],
)
def test_programs_and_our_own_pages_may_write(client: Client, headers: dict[str, str]) -> None:
    assert send(client, **headers)[1] != "cross_site"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "Same-Origin"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "https://testserver"},
        {"Origin": "http://testserver:8080"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver/"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Host": "localhost:23300", "Origin": "http://localhost:3000"},
        {"Host": "localhost:23300", "Origin": "http://127.0.0.1:23300"},
    ],
)
@pytest.mark.parametrize("access", ["open", "team"])
def test_page_of_another_site_may_not_write(
    client: Client, settings: Any, access: str, headers: dict[str, str]
) -> None:
    settings.RUNICORN_ACCESS = access
    assert send(client, **headers) == (403, "cross_site")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_every_unsafe_method_counts_as_a_write(client: Client, method: str) -> None:
    assert send(client, method, Origin="https://evil.example") == (403, "cross_site")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_from_a_link_on_another_site_is_left_alone(client: Client, method: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = client.generic(method, "/api/artifacts", headers=headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_outside_the_api_are_protected_too(client: Client) -> None:
    answer = client.post("/admin/login/", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_foreign_host_name_is_400_also_for_reads(client: Client, method: str, host: str) -> None:
    answer = client.generic(method, "/api/artifacts", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json()["code"] == "host_not_allowed"
    assert "RUNICORN_ALLOWED_HOSTS" in answer.json()["detail"]


def test_foreign_host_name_outside_the_api_is_400(client: Client) -> None:
    assert client.get("/admin/login/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("query", ["type=%ff", "a=%E4%B8", "%80", "a=1&b=%C0%AF", "type=\xff"])
def test_query_string_that_is_not_utf8_is_400(client: Client, query: str) -> None:
    answer = client.get("/api/artifacts", QUERY_STRING=query)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "The query string is not UTF-8.", "code": "invalid"}


@pytest.mark.parametrize("query", ["", "x=%E6%A8%A1", "x=a+b%20c", "x=%F0%9F%A6%84"])
def test_query_string_in_utf8_is_read(client: Client, query: str) -> None:
    assert client.get("/api/artifacts", QUERY_STRING=query).status_code == 200


def test_answers_carry_an_id_of_their_own(client: Client) -> None:
    ids = {client.get("/api/health")["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in ids)


def test_django_logs_a_failure_with_the_id_of_its_request(
    client: Client, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    (store.root / "store.json").unlink()
    answer = client.get("/api/health")
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (answer.status_code, record.levelname) == (503, "ERROR")
    assert record.request_id == answer["X-Request-ID"]  # type: ignore[attr-defined]


def test_refusals_carry_an_id_and_a_length_too(client: Client) -> None:
    answer = client.post(URL, headers={"Origin": "null"})
    assert answer["X-Request-ID"]
    assert int(answer["Content-Length"]) == len(answer.content)


def test_security_headers_are_set(client: Client) -> None:
    headers = client.get("/api/health").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_access_log_has_the_user(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.force_login(User.objects.create_user("mei"))
    with caplog.at_level(logging.INFO, "runicorn_site.access"):
        client.get("/api/artifacts?type=model")
    [line] = [record.getMessage() for record in caplog.records if "model" in record.getMessage()]
    assert line.startswith("GET /api/artifacts?type=model status=200 bytes=")
    assert " user=mei " in line


def test_access_log_of_a_stranger_has_a_dash(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "runicorn_site.access"):
        client.get("/api/artifacts")
    assert " user=- " in caplog.text


def test_access_log_of_a_refusal_asks_no_database(
    client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(User.objects.create_user("mei"))
    with django_assert_num_queries(0):
        client.post(URL, headers={"Origin": "null"})
