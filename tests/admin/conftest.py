"""What tests of the admin share: an admin's browser without JavaScript."""

import html
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from accounts.roles import Role
from artifacts.models import Blob
from tests.conftest import MakeVersion
from tests.people import make_user


@pytest.fixture
def boss(team: None, db: None) -> User:
    """An admin, without Django's mark for staff, in team mode."""
    return make_user("boss", Role.ADMIN)


@pytest.fixture
def desk(boss: User) -> Client:
    """The browser of the admin."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def make_blob(make_blob: Callable[..., Blob], boss: User) -> Callable[..., Blob]:
    """Store content, sent by the admin unless somebody else is named."""

    def make(content: bytes, stored_by: User = boss) -> Blob:
        return make_blob(content, stored_by)

    return make


@pytest.fixture
def make_version(make_version: MakeVersion, boss: User) -> MakeVersion:
    """Commit a version, logged by the admin."""
    return partial(make_version, created_by=boss)


def written() -> QuerySet[AuditEvent]:
    """What the log says besides that the admin has logged in."""
    return AuditEvent.objects.exclude(action="user.login")


def list_url(model: type[Model]) -> str:
    """Where the list of ``model`` is."""
    return reverse(f"admin:{_name(model)}_changelist")


def add_url(model: type[Model]) -> str:
    """Where one is added."""
    return reverse(f"admin:{_name(model)}_add")


def page_url(obj: Model, page: str = "change") -> str:
    """Where a page of ``obj`` is."""
    return reverse(f"admin:{_name(type(obj))}_{page}", args=[obj.pk])


def _name(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def text_of(answer: Any) -> str:
    """What a page says, without its tags."""
    words = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return " ".join(html.unescape(words).split())


def messages_of(answer: Any) -> list[str]:
    """The messages on the page that a browser ends at."""
    return [str(message) for message in answer.context["messages"]]


def form_of(client: Client, url: str) -> dict[str, Any]:
    """What a browser would send if nobody changed anything on the page at ``url``."""
    context = client.get(url).context
    values = _values(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        values |= _values(inline.formset.management_form)
        for form in inline.formset.initial_forms:
            values |= _values(form)
    return values


def _values(form: Any) -> dict[str, Any]:
    found = {}
    for field in form:
        value = field.value()
        prepared = field.field.prepare_value(value) if value is not None else ""
        if not field.field.disabled and prepared is not False:
            found[field.html_name] = prepared
    return found


def send(client: Client, url: str, **changes: Any) -> HttpResponse:
    """Fill in what the page at ``url`` has, with ``changes`` (None: unticked), and follow."""
    values = {**form_of(client, url), **changes}
    sent = {name: value for name, value in values.items() if value is not None}
    return client.post(url, sent, follow=True)  # type: ignore[return-value]


def act(client: Client, action: str, *objects: Model, query: str = "", **more: Any) -> Any:
    """Choose ``objects`` in their list, filtered by ``query``, and an action for them."""
    chosen = {"action": action, "_selected_action": [obj.pk for obj in objects], **more}
    return client.post(list_url(type(objects[0])) + query, chosen, follow=True)
