"""The audit log in the admin: to look at, to search, never to change."""

import pytest
from django.test import Client

from accounts.audit import record
from accounts.models import AuditEvent, User
from tests.admin.conftest import add_url, list_url, page_url, text_of, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(boss: User) -> AuditEvent:
    record("team.change", caller=boss, name="vision", before={"quota": 1}, after={"quota": None})
    return written().get()


def test_nothing_can_be_done_to_it(desk: Client, event: AuditEvent) -> None:
    assert desk.get(add_url(AuditEvent)).status_code == 403
    assert desk.post(page_url(event), {"action": "x"}).status_code == 403
    assert desk.post(page_url(event, "delete"), {"post": "yes"}).status_code == 403
    page = desk.get(page_url(event)).content.decode()
    assert 'type="submit"' not in page.split('id="content"')[1]


def test_a_page_shows_before_and_after(desk: Client, event: AuditEvent) -> None:
    text = text_of(desk.get(page_url(event)))
    assert '{ "quota": 1 }' in text
    assert '{ "quota": null }' in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3), ("q=vision", 1), ("q=boss", 3), ("q=nothing", 0), ("action=team.change", 1),
        ("object_type__exact=user", 2), ("object=vision", 1), ("at__year=1999", 0),
    ],
)  # fmt: skip
def test_it_can_be_searched_and_filtered(
    desk: Client, boss: User, event: AuditEvent, query: str, count: int
) -> None:
    record("user.change", caller=boss, obj=boss)
    answer = desk.get(f"{list_url(AuditEvent)}?{query}")
    assert len(answer.context["cl"].result_list) == count


def test_what_somebody_typed_is_text_and_no_markup(desk: Client, boss: User) -> None:
    bad = "<img src=x onerror=alert(1)>"
    record("run.create", caller=boss, name=bad, after={bad: bad})
    for url in (list_url(AuditEvent), page_url(written().get()), "/admin/"):
        assert "<img src=x" not in desk.get(url).content.decode()
