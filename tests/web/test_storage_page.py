"""``/storage``: what it says, to whom, and in how many queries."""

from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.errors import StoreUnavailable
from artifacts.models import Blob, Version
from artifacts.services import condition, freed
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion
from tests.people import make_user
from tests.web.conftest import Enter

pytestmark = pytest.mark.django_db


def text_of(client: Client, path: str = "/storage") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def rows_of(client: Client, path: str) -> list[Any]:
    return list(client.get(path).context["page"])


def test_an_empty_store_says_so(store: Store, browser: Client) -> None:
    page = text_of(browser)
    assert "Nothing is stored yet." in page
    assert "<svg" not in page


def test_it_shows_what_there_is(make_version: MakeVersion, browser: Client) -> None:
    make_version("model-a", files={"a": b"x" * 3000})
    make_version("data-b", type="dataset", files={"a": b"x" * 3000})
    page = text_of(browser)
    assert "<b>5.9 KiB</b><small>logical: 2 files, without the trash" in page
    assert "<b>2.9 KiB</b><small>physical" in page
    assert "saved, 50.0 %: logical less physical" in page
    assert 'href="/artifacts/dataset/data-b"' in page
    assert "<svg" in page


def test_nothing_of_it_needs_inline_style_or_script(
    make_version: MakeVersion, browser: Client
) -> None:
    make_version()
    page = text_of(browser)
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick" not in page


def test_the_list_has_what_comes_free(make_version: MakeVersion, browser: Client) -> None:
    make_version("shares", files={"a": b"12345", "b": b"1"})
    make_version("alone", files={"b": b"1", "c": b"678"})
    found = {row.name: row.freed.bytes for row in rows_of(browser, "/storage")}
    assert found == {"shares": 5, "alone": 3}


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["large", "old"]),
        ("-size", ["large", "old"]),
        ("size", ["old", "large"]),
        ("name", ["large", "old"]),
        ("-name", ["old", "large"]),
        ("-versions", ["old", "large"]),
        ("-freed", ["large", "old"]),
        ("freed", ["old", "large"]),
        ("'; --", ["large", "old"]),
    ],
)
def test_it_sorts(make_version: MakeVersion, browser: Client, sort: str, order: list[str]) -> None:
    make_version("old", files={"a": b"1"})
    make_version("old", files={"a": b"2"})
    make_version("large", type="dataset", files={"a": b"12345"})
    assert [row.name for row in rows_of(browser, f"/storage?sort={sort}")] == order


def test_type_and_owner_choose(make_version: MakeVersion, browser: Client) -> None:
    make_version("one")
    make_version("two", type="dataset")
    for sort in ("-size", "-freed"):
        found = rows_of(browser, f"/storage?type=dataset&team=everyone&sort={sort}")
        assert [row.name for row in found] == ["two"]
        assert rows_of(browser, f"/storage?team=nobody&sort={sort}") == []
    assert "No artifact matches these filters." in text_of(browser, "/storage?type=nothing%00")


def test_pages_go_on(make_version: MakeVersion, browser: Client) -> None:
    version = make_version("model-a", files={"a": b"1"})
    many = [{"type": "model", "name": f"line-{number}"} for number in range(30)]
    kind = type(version.artifact)
    for artifact in kind.objects.bulk_create([kind(**one) for one in many]):
        Version.objects.create(artifact=artifact, number=1)
    for sort in ("name", "-freed"):
        pages = [rows_of(browser, f"/storage?sort={sort}&page={page}") for page in (1, 2, 99)]
        assert [len(page) for page in pages] == [25, 6, 6]
        assert len({row.pk for page in pages for row in page}) == 31


def test_too_many_files_are_not_sorted_by_what_comes_free(
    make_version: MakeVersion, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version()
    monkeypatch.setattr(freed, "MAX_RANKED_FILES", 0)
    page = text_of(browser, "/storage?sort=-freed")
    assert "too many files here" in page
    assert "Freed if deleted</th>" in page


def test_htmx_gets_the_list_alone(make_version: MakeVersion, browser: Client) -> None:
    make_version()
    part = browser.get("/storage", headers={"hx-request": "true"}).content.decode()
    assert "model-a" in part
    assert "<html" not in part
    assert "<svg" not in part


def test_a_span_is_in_the_url(make_version: MakeVersion, browser: Client) -> None:
    with time_machine.travel("2025-01-05", tick=False):
        make_version(files={"a": b"123"})
    with time_machine.travel("2026-01-05", tick=False):
        for span, steps in (("month", 30), ("year", 53), ("all", 14)):
            chart = browser.get(f"/storage?span={span}").context["chart"]
            assert (chart.span, len(chart.moments)) == (span, steps)
            assert chart.moments[-1].logical_bytes == chart.moments[-1].stored_bytes == 3
        assert 'aria-current="page">All' in text_of(browser, "/storage?span=all")


def test_the_table_says_what_the_chart_shows(make_version: MakeVersion, browser: Client) -> None:
    make_version(files={"a": b"x" * 2048})
    table = text_of(browser).partition("As a table")[2]
    assert f'{timezone.now():%Y-%m-%d}</td><td class="num">2.0 KiB' in table


def test_the_trash_is_counted(make_version: MakeVersion, browser: Client) -> None:
    version = make_version(files={"a": b"x" * 1024, "b": b"y"})
    make_version("model-b", files={"b": b"y"})
    Version.objects.filter(pk=version.pk).update(deleted_at=timezone.now())
    context = browser.get("/storage").context
    assert (context["trash"]["count"], context["trash"]["bytes"]) == (1, 1025)
    assert context["trash"]["freed"].bytes == 1024


def test_the_scrub_is_told(make_version: MakeVersion, browser: Client) -> None:
    version = make_version(files={"a": b"1", "b": b"2", "c": b"3"})
    now = timezone.now()
    Blob.objects.filter(size_bytes=1).update(verified_at=None)
    one, two, _ = Blob.objects.order_by("pk")
    Blob.objects.filter(pk=one.pk).update(verified_at=now)
    Blob.objects.filter(pk=two.pk).update(verified_at=now, damaged_at=now)
    Version.objects.filter(pk=version.pk).update(corrupted_at=now)
    context = browser.get("/storage").context
    scrub = context["scrub"]
    assert (scrub.blobs, scrub.checked, scrub.unchecked, scrub.damaged) == (3, 2, 1, 1)
    assert (scrub.last_at, scrub.oldest_at) == (now, now)
    assert scrub.unchecked_since is not None
    assert context["corrupted"] == 1


def test_a_disk_that_is_away_leaves_the_page(
    make_version: MakeVersion, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> int:
        raise StoreUnavailable("gone")

    make_version()
    monkeypatch.setattr(condition, "materialized_bytes", away)
    assert "The disk cannot be read." in text_of(browser)


def test_it_costs_as_many_queries_for_many(make_version: MakeVersion, browser: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            text_of(browser)
        return len(queries)

    make_version("model-0")
    before = count()
    for number in range(1, 8):
        make_version(f"model-{number}", files={"a": str(number).encode()})
    assert count() == before


def test_a_stranger_is_sent_to_the_login(team: None, browser: Client) -> None:
    answer = browser.get("/storage?span=all")
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/storage%3Fspan%3Dall"


def test_who_has_no_role_is_refused(team: None, enter: Enter) -> None:
    make_user("boss", Role.ADMIN)
    assert enter(make_user("nobody")).get("/storage").status_code == 403


@pytest.fixture
def insider(team: None, make_version: MakeVersion) -> User:
    """A member of ``blue`` only; ``red`` has more, and the same content."""
    user = make_user("insider", None, {"blue": Role.MAINTAINER})
    other = make_user("other", Role.MAINTAINER, {"red": Role.MAINTAINER})
    make_version("mine", files={"a": b"12345"}, created_by=user, team="blue")
    make_version("theirs", files={"a": b"12345", "b": b"1" * 999}, created_by=other, team="red")
    make_version("all", files={"b": b"1" * 999}, created_by=other)
    return user


def test_everyone_sees_only_his_own_view(insider: User, enter: Enter) -> None:
    answer = enter(insider).get("/storage")
    page, context = answer.content.decode(), answer.context
    assert [row.name for row in context["page"]] == ["mine"]
    assert [one.name for one in context["owners"]] == ["blue"]
    assert (context["size"].logical_bytes, context["chart"].moments[-1].stored_bytes) == (5, 5)
    assert "theirs" not in page
    assert "red" not in [one.name for one in context["owners"]]


def test_the_condition_of_the_whole_is_for_those_who_see_it(insider: User, enter: Enter) -> None:
    context = enter(insider).get("/storage").context
    assert (context["scrub"], context["cache"]) == (None, None)
    admin = enter(make_user("admin", Role.ADMIN)).get("/storage").context
    assert admin["scrub"].blobs == 2
    assert admin["cache"].used_bytes == 0


def test_what_is_hidden_changes_nothing(insider: User, enter: Enter) -> None:
    def seen() -> str:
        page = enter(insider).get("/storage").content.decode()
        return page.partition('<main id="main"')[2]

    before = seen()
    Version.objects.filter(artifact__name="theirs").update(created_at="2020-01-01T00:00Z")
    Blob.objects.update(created_at="2020-01-01T00:00Z")
    assert seen() == before


def test_a_quota_is_a_meter(insider: User, enter: Enter) -> None:
    Team.objects.filter(name="blue").update(quota_bytes=10)
    owners = enter(insider).get("/storage").context["owners"]
    assert [(one.used_bytes, one.used_share) for one in owners] == [(5, 0.5)]
    page = text_of(enter(insider))
    assert '<meter min="0" max="1" low="0.8" high="0.95" optimum="0" value="0.5000"' in page
    assert "5 B of 10 B (50.0 %)" in page


def test_a_quota_of_nothing_is_full(insider: User, enter: Enter) -> None:
    Team.objects.filter(name="blue").update(quota_bytes=0)
    assert [one.used_share for one in enter(insider).get("/storage").context["owners"]] == [1.0]


def test_so_many_quotas_are_measured_and_the_one_asked_for(
    insider: User, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    Team.objects.update(quota_bytes=10_000)
    monkeypatch.setattr("artifacts.services.owners.QUOTAS", 1)
    admin = enter(make_user("admin", Role.ADMIN))

    def measured(path: str) -> list[str]:
        owners = admin.get(path).context["owners"]
        return [one.name for one in owners if one.used_bytes is not None]

    assert measured("/storage") == ["red"]
    assert measured("/storage?team=blue") == ["blue"]


def test_hostile_filters_are_escaped(make_version: MakeVersion, browser: Client) -> None:
    make_version()
    page = text_of(browser, "/storage?type=%3Cscript%3Ealert(1)%3C/script%3E&team=%22%3E%3Cb%3E")
    assert "<script>alert" not in page
    assert '"><b>' not in page


def test_what_has_no_team_is_everyones_in_the_readers_language(
    make_version: MakeVersion, browser: Client
) -> None:
    make_version("shared", files={"a": b"1"})
    html = browser.get("/storage", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert '?team=everyone#artifacts">所有人</a>' in html
