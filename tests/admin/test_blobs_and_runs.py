"""Blobs and runs in the admin: all to look at, nothing to touch."""

from collections.abc import Callable

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import User
from artifacts.models import Blob, BlobBase, Version
from lineage.models import Run
from lineage.services import create_run, use_version
from tests.admin.conftest import act, add_url, list_url, page_url, text_of
from tests.conftest import MakeVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(make_version: MakeVersion) -> Version:
    return make_version(run_id="run-1")


@pytest.fixture
def run(boss: User, version: Version) -> Run:
    """It made v1 of model-a and used it."""
    made, _ = create_run(project="p", run_id="run-1", created_by=boss)
    use_version(run=made, version=version, used_by=boss)
    return made


def refuses_everything(desk: Client, obj: Model) -> bool:
    """Whether there is no way to add, change or delete one."""
    tried = [
        desk.get(add_url(type(obj))),
        desk.post(page_url(obj), {"size_bytes": 1, "status": "failed"}),
        desk.post(page_url(obj, "delete"), {"post": "yes"}),
    ]
    act(desk, "delete_selected", obj, post="yes")
    is_there = type(obj)._default_manager.filter(pk=obj.pk).exists()
    return is_there and [answer.status_code for answer in tried] == [403, 403, 403]


def test_nothing_can_be_done_to_a_blob(desk: Client, version: Version) -> None:
    assert refuses_everything(desk, Blob.objects.get())


def test_nothing_can_be_done_to_a_run(desk: Client, run: Run) -> None:
    assert refuses_everything(desk, run)


def test_a_blob_says_how_it_lies_and_who_holds_it(desk: Client, version: Version) -> None:
    blob = Blob.objects.get()
    Blob.objects.update(verified_at=timezone.now())
    page = desk.get(page_url(blob))
    text = text_of(page).replace("\xa0", " ")
    assert "one whole file" in text
    assert "whole" in text
    assert f'<a href="{page_url(version)}">model-a:v1</a>' in page.content.decode()


def test_a_blob_leads_to_those_it_leans_on_and_back(
    desk: Client, make_blob: Callable[[bytes], Blob]
) -> None:
    base, leaning = make_blob(b"base"), make_blob(b"leaning")
    BlobBase.objects.create(blob=leaning, base=base, bytes=2)
    assert page_url(base) in desk.get(page_url(leaning)).content.decode()
    assert page_url(leaning) in desk.get(page_url(base)).content.decode()


@pytest.mark.parametrize("condition", ["damaged", "whole", "unchecked"])
def test_blobs_are_filtered_by_what_the_scrub_found(
    desk: Client, make_blob: Callable[[bytes], Blob], condition: str
) -> None:
    blobs = {name: make_blob(name.encode()) for name in ("damaged", "whole", "unchecked")}
    now = timezone.now()
    Blob.objects.exclude(pk=blobs["unchecked"].pk).update(verified_at=now)
    Blob.objects.filter(pk=blobs["damaged"].pk).update(damaged_at=now)
    answer = desk.get(f"{list_url(Blob)}?condition={condition}")
    assert list(answer.context["cl"].result_list) == [blobs[condition]]
    assert condition in text_of(answer)


@pytest.mark.parametrize("shape", ["{}", "sha256:{}", " {} "])
def test_a_blob_is_found_by_the_beginning_of_its_digest(
    desk: Client, make_blob: Callable[[bytes], Blob], shape: str
) -> None:
    blob = make_blob(b"one")
    make_blob(b"two")
    answer = desk.get(list_url(Blob), {"q": shape.format(blob.sha256[:9].upper())})
    assert list(answer.context["cl"].result_list) == [blob]


def test_a_run_says_what_it_used_and_made(desk: Client, run: Run, version: Version) -> None:
    page = desk.get(page_url(run)).content.decode()
    assert page.count(f'<a href="{page_url(version)}">model-a:v1</a>') == 2
    assert "run-1 p - running boss" in text_of(desk.get(list_url(Run)))


@pytest.mark.parametrize(("query", "count"), [("q=run-1", 1), ("q=zzz", 0), ("status=failed", 0)])
def test_runs_are_searched_and_filtered(desk: Client, run: Run, query: str, count: int) -> None:
    answer = desk.get(f"{list_url(Run)}?{query}")
    assert len(answer.context["cl"].result_list) == count
