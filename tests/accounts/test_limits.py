"""How often is too often: counted in the database, so that every worker process counts along."""

import threading
from typing import Any

import pytest
import time_machine
from django.db import connection
from rest_framework.test import APIClient

from accounts.limits import FORGET_AFTER_MINUTES, count_request, forget_counts
from accounts.models import RequestCount, User
from accounts.roles import Role
from tests.people import client_of, fresh, make_token, make_user

START = 1_800_000_000  # the first second of a minute


@pytest.fixture(autouse=True)
def clock(db: None) -> Any:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada", Role.CONTRIBUTOR)


def write(client: APIClient) -> Any:
    return client.post("/api/blobs/missing", {"digests": []}, format="json")


def test_each_minute_counts_anew(clock: Any) -> None:
    assert [count_request("a"), count_request("b"), count_request("a")] == [1, 1, 2]
    clock.shift(59)
    assert count_request("a") == 3
    clock.shift(1)
    assert count_request("a") == 1


def test_old_counts_are_forgotten() -> None:
    minute = START // 60
    RequestCount.objects.create(key="old", minute=minute - FORGET_AFTER_MINUTES - 1)
    RequestCount.objects.create(key="new", minute=minute)
    forget_counts(minute)
    assert [str(row) for row in RequestCount.objects.all()] == ["new: 1"]


def test_the_table_is_not_written_twice() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname='accounts_requestcount'")
        assert cursor.fetchone() == ("u",)


def test_a_user_writes_so_often_and_then_waits(
    team: None, store: Any, ada: User, settings: Any, clock: Any
) -> None:
    settings.RUNICORN_WRITES_PER_MINUTE = 3
    client = client_of(ada)
    clock.shift(20)
    assert [write(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = write(APIClient(headers={"authorization": f"Bearer {make_token(ada)}"}))
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert answer["Retry-After"] == "40"
    assert client.get("/api/artifacts").status_code == 200
    assert write(client_of(make_user("bob", Role.CONTRIBUTOR))).status_code == 200
    clock.shift(40)
    assert write(client).status_code == 200


def test_nothing_is_counted_without_a_limit_or_in_open_mode(
    store: Any, ada: User, settings: Any
) -> None:
    settings.RUNICORN_WRITES_PER_MINUTE = 1
    assert [write(APIClient()).status_code for _ in range(3)] == [200] * 3
    settings.RUNICORN_ACCESS, settings.RUNICORN_WRITES_PER_MINUTE = "team", 0
    assert [write(client_of(fresh(ada))).status_code for _ in range(3)] == [200] * 3
    assert not RequestCount.objects.exists()


def test_wrong_tokens_are_told_to_wait(team: None, store: Any, ada: User, clock: Any) -> None:
    guess = APIClient(headers={"authorization": "Bearer rn_guess"}, REMOTE_ADDR="192.0.2.1")
    statuses = [guess.get("/api/artifacts").status_code for _ in range(31)]
    assert statuses == [401] * 30 + [429]
    answer = guess.get("/api/artifacts")
    assert (answer.json()["code"], answer["Retry-After"]) == ("throttled", "60")
    elsewhere = APIClient(headers={"authorization": "Bearer rn_x"}, REMOTE_ADDR="192.0.2.2")
    assert elsewhere.get("/api/artifacts").status_code == 401
    right = {"authorization": f"Bearer {make_token(ada)}"}
    here = APIClient(headers=right, REMOTE_ADDR="192.0.2.1")
    assert here.get("/api/artifacts").status_code == 200
    clock.shift(60)
    assert guess.get("/api/artifacts").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_two_connections_count_together() -> None:
    counts: list[int] = []

    def count_many() -> None:
        counts.extend(count_request("shared") for _ in range(50))
        connection.close()

    threads = [threading.Thread(target=count_many) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(1, 101))


def test_pages_and_the_api_count_writes_together(team: None, settings: Any, ada: User) -> None:
    settings.RUNICORN_WRITES_PER_MINUTE = 2
    client = client_of(ada)
    assert client.post("/settings/tokens", {}).status_code == 400
    assert client.post("/api/tokens", {}, format="json").status_code == 400
    answer = client.post("/settings/tokens", {})
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Try again in 60 seconds." in answer.content.decode()
    assert client.post("/api/tokens", {}, format="json").status_code == 429
    assert client.get("/settings/tokens").status_code == 200
