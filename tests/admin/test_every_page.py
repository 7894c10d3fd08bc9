"""Every page of the admin, as the URL conf has them: admins get in, and nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.models import AuditEvent, Team, User
from accounts.roles import Role
from accounts.tokens import create_token
from artifacts.models import AliasEvent, Artifact, Blob, ProtectedAlias, Version
from lineage.models import Run
from lineage.services import create_run
from tests.conftest import MakeVersion
from tests.people import make_user

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
OPEN = {"login", "logout"}
"""These are for everybody; the second leads somebody who is not in to the first page."""
QUERIES = {"autocomplete": "?app_label=accounts&model_name=membership&field_name=user"}


@pytest.fixture
def objects(make_version: MakeVersion, boss: User) -> dict[str, Any]:
    """One of each kind that the admin has pages of, by the words that its URLs begin with."""
    version = make_version("model-a", aliases=["production"])
    token, _ = create_token(user=boss, name="ci", created_by=boss)
    found: list[Any] = [
        version,
        version.artifact,
        Blob.objects.first(),
        AliasEvent.objects.first(),
        ProtectedAlias.objects.create(pattern="release-*"),
        create_run(project="p", run_id="run-1", created_by=boss)[0],
        boss,
        Team.objects.create(name="speech"),
        token,
        AuditEvent.objects.first(),
    ]
    return {f"{one._meta.app_label}/{one._meta.model_name}/": one for one in found if one}


def test_there_is_one_of_each_kind(objects: dict[str, Any]) -> None:
    kinds = {type(one) for one in objects.values()}
    assert kinds == set(admin.site._registry)
    assert kinds >= {Artifact, Run, Version}


def pages(objects: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The name and the address of each page, with what is there for the arguments."""
    for one in admin.site.get_urls():
        if isinstance(one, URLResolver):
            obj = objects[str(one.pattern)]
            yield from ((str(page.name), _url(page, obj)) for page in one.url_patterns if page.name)
        elif one.name:
            yield str(one.name), _url(one, objects["accounts/user/"])


def _url(page: URLPattern, obj: Any) -> str:
    groups = getattr(page.pattern, "regex", None)
    names = set(page.pattern.converters) | set(groups.groupindex if groups else ())
    given = {"object_id": obj.pk, "id": obj.pk, "content_type_id": 1, "app_label": "accounts"}
    values = {name: given.get(name, obj.pk) for name in names}
    return reverse(f"admin:{page.name}", kwargs=values)


def test_nobody_but_admins_gets_to_any_page(objects: dict[str, Any]) -> None:
    clients = {"anonymous": Client()}
    for role in (Role.VIEWER, Role.CONTRIBUTOR, Role.MAINTAINER, Role.ADMIN):
        user = make_user(role.label, role, {"vision": Role.MAINTAINER})
        user.is_staff, user.is_service = True, role == Role.ADMIN
        user.save()
        clients[role.label] = Client()
        clients[role.label].force_login(user)
    written = AuditEvent.objects.count()
    tried = [page for page in pages(objects) if page[0] not in OPEN]
    assert len(tried) > 50
    for who, client in clients.items():
        for name, url in tried:
            for answer in (client.get(url), client.post(url, {"post": "yes"})):
                leads_to = answer.headers.get("Location", "").split("?")[0]
                assert (answer.status_code, leads_to) == (302, LOGIN), f"{who} {name} {url}"
    assert AuditEvent.objects.count() == written


def test_admins_get_to_every_page_that_is_offered(desk: Client, objects: dict[str, Any]) -> None:
    offered = dict.fromkeys(pages(objects))
    for name, url in offered:
        if name not in OPEN:
            status = desk.get(url + QUERIES.get(name, "")).status_code
            assert status in ({403} if is_not_offered(name) else {200, 302, 404}), f"{name} {url}"


def is_not_offered(name: str) -> bool:
    """Whether it is about adding or deleting what the class does not let anybody add or delete."""
    label, _, page = name.rpartition("_")
    for model, model_admin in admin.site._registry.items():
        if label == f"{model._meta.app_label}_{model._meta.model_name}":
            return page in {"add", "delete"} and not getattr(model_admin, f"may_{page}")
    return False
