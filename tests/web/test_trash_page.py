"""``/trash``: what is in it, who may bring it back or purge it, and what is said then."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from artifacts.errors import StoreUnavailable
from artifacts.models import Alias, Blob, ProtectedAlias, Version
from artifacts.services import purge as purge_services
from artifacts.services.purge import purge_version
from artifacts.services.versions import restore_version, soft_delete_version
from artifacts.storage.layout import Store
from artifacts.web import trash
from tests.conftest import ANYBODY, MakeVersion
from tests.people import make_user
from tests.web.conftest import Enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def discard(make_version: MakeVersion) -> MakeVersion:
    """A soft-deleted version."""

    def make(name: str = "model-a", deleted_by: Any = ANYBODY, **more: Any) -> Version:
        version = make_version(name, **more)
        soft_delete_version(version=version, deleted_by=deleted_by)
        return Version.objects.select_related("artifact").get(pk=version.pk)

    return make


def rows_of(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/trash{query}")
    assert answer.status_code == 200, answer.content
    return [str(version) for version in answer.context["page"]]


def post(client: Client, deed: str, *versions: Version, **more: str) -> Any:
    ids = [str(version.pk) for version in versions]
    return client.post(f"/trash/{deed}", {"version": ids, **more})


def purge(client: Client, *versions: Version, **more: str) -> Any:
    return post(client, "purge", *versions, confirmed="yes", **more)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def status(version: Version) -> str:
    return Version.objects.get(pk=version.pk).status


def test_an_empty_trash_is_friendly(store: Store, browser: Client) -> None:
    assert b"The trash is empty" in browser.get("/trash").content


def test_it_lists_what_is_deleted_and_nothing_else(
    discard: MakeVersion, make_version: MakeVersion, browser: Client
) -> None:
    discard("model-a", files={"a": b"x" * 2048, "b": b"1"})
    make_version("model-b", files={"b": b"1"})
    purge_version(version=discard("model-c"), purged_by=ANYBODY)
    assert rows_of(browser) == ["model-a:v1"]
    (row,) = browser.get("/trash").context["page"]
    assert (row.size_bytes, row.freed.bytes, row.may_purge) == (2049, 2048, True)


def test_who_deleted_it_is_told(
    team: None, discard: MakeVersion, maintainer: User, enter: Enter
) -> None:
    discard(deleted_by=maintainer, created_by=maintainer)
    assert b'data-label="By">maintainer</td>' in enter(maintainer).get("/trash").content


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=data", ["data-b:v1"]),
        ("?type=dataset", ["data-b:v1"]),
        ("?team=everyone", ["data-b:v1", "model-a:v1"]),
        ("?team=blue", []),
        ("?user=nobody", []),
        ("?older_than=30", ["model-a:v1"]),
        ("?older_than=90", []),
        ("?sort=deleted", ["model-a:v1", "data-b:v1"]),
        ("?sort=size", ["data-b:v1", "model-a:v1"]),
        ("?sort=-artifact", ["model-a:v1", "data-b:v1"]),
        ("?sort=by", ["data-b:v1", "model-a:v1"]),
        ("?sort=password", ["data-b:v1", "model-a:v1"]),
        ("?page=77", ["data-b:v1", "model-a:v1"]),
    ],
)
def test_filters_and_sorting(
    discard: MakeVersion, browser: Client, query: str, names: list[str]
) -> None:
    old = discard("model-a", files={"a": b"12345"})
    Version.objects.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=40))
    discard("data-b", type="dataset", files={"a": b"1"})
    assert rows_of(browser, query) == names


@pytest.mark.parametrize("query", ["?type=nothing", "?older_than=soon", "?q=%00", "?user=a%00b"])
def test_a_filter_that_makes_no_sense_is_named_and_left_out(
    discard: MakeVersion, browser: Client, query: str
) -> None:
    discard()
    answer = browser.get(f"/trash{query}")
    assert answer.status_code == 200
    assert b'class="notice error" role="alert"' in answer.content
    assert b"model-a v1" in answer.content


def test_nothing_like_this_offers_all(discard: MakeVersion, browser: Client) -> None:
    discard()
    assert b"Nothing in the trash is like this." in browser.get("/trash?q=other").content


def test_htmx_gets_the_list_alone(discard: MakeVersion, browser: Client) -> None:
    discard()
    part = browser.get("/trash", headers={"hx-request": "true"}).content
    assert b"model-a v1" in part
    assert b"<html" not in part


def test_it_costs_as_many_queries_for_many(
    team: None, discard: MakeVersion, maintainer: User, enter: Enter
) -> None:
    def count() -> int:
        client = enter(maintainer)
        with CaptureQueriesContext(connection) as queries:
            client.get("/trash")
        return len(queries)

    discard("model-0", created_by=maintainer, deleted_by=maintainer)
    before = count()
    for number in range(1, 6):
        discard(f"model-{number}", created_by=maintainer, deleted_by=maintainer)
    assert count() == before


def test_restore_brings_back_and_says_so(discard: MakeVersion, browser: Client) -> None:
    one, two = discard("model-a"), discard("model-b")
    answer = post(browser, "restore", one, two, back="sort=size&evil=//x")
    assert (answer.status_code, answer["Location"]) == (303, "/trash?sort=size&evil=%2F%2Fx")
    assert said(answer) == ["Restored 2 versions: model/model-a:v1, model/model-b:v1."]
    assert (status(one), status(two)) == ("ready", "ready")


def test_the_button_of_a_row_means_only_it(discard: MakeVersion, browser: Client) -> None:
    one, two = discard("model-a"), discard("model-b")
    post(browser, "restore", one, only=str(two.pk))
    assert (status(one), status(two)) == ("deleted", "ready")


@pytest.mark.parametrize("deed", ["restore", "purge"])
def test_nothing_chosen_is_said(discard: MakeVersion, browser: Client, deed: str) -> None:
    discard()
    answer = post(browser, deed)
    assert answer.status_code == 303
    assert said(answer) == ["Choose at least one version."]


def test_purge_shows_first_what_would_go(discard: MakeVersion, browser: Client) -> None:
    version = discard(files={"a": b"x" * 2048})
    answer = post(browser, "purge", version, back="q=model")
    assert answer["Location"] == f"/trash/purge?version={version.pk}&back=q%3Dmodel"
    page = browser.get(answer["Location"])
    assert page.context["outcome"].freed_bytes == 2048
    assert b"Purge these versions?" in page.content
    assert b'href="/trash?q=model"' in page.content
    assert status(version) == "deleted"


def test_purge_frees_and_says_how_much(discard: MakeVersion, browser: Client) -> None:
    one = discard("model-a", files={"a": b"x" * 2048})
    two = discard("model-b", files={"a": b"x" * 2048, "b": b"y" * 1024})
    answer = purge(browser, one, two, back="sort=size")
    assert answer["Location"] == "/trash?sort=size"
    assert said(answer) == [
        "Purged 2 versions, 3.0 KiB came free: model/model-a:v1, model/model-b:v1."
    ]
    assert (status(one), status(two), Blob.objects.count()) == ("purged", "purged", 0)


def test_what_several_artifacts_share_is_a_lower_bound(
    discard: MakeVersion, browser: Client
) -> None:
    one, two = discard("model-a"), discard("model-b")
    page = browser.get(f"/trash/purge?version={one.pk}&version={two.pk}")
    assert (page.context["outcome"].freed_bytes, page.context["is_at_least"]) == (0, True)


def test_all_of_a_list_is_purged_in_steps(
    discard: MakeVersion, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = discard("model-a")
    discard("model-b")
    discard("data-c", type="dataset")
    page = browser.get("/trash/purge?all=1&type=model")
    assert len(page.context["outcome"].done) == 2
    assert b'href="/trash?type=model"' in page.content
    monkeypatch.setattr(trash, "MAX_AT_ONCE", 1)
    page = browser.get("/trash/purge?all=1&type=model")
    assert [one.pk for one in page.context["outcome"].done] == [oldest.pk]
    assert b"more go in further steps" in page.content


@pytest.mark.parametrize("query", ["older_than=60", "type=nothing", "q=%00", "user=a%00b"])
def test_all_of_a_list_is_not_more_for_a_filter_that_makes_no_sense(
    discard: MakeVersion, browser: Client, query: str
) -> None:
    discard()
    answer = browser.get(f"/trash/purge?all=1&{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0].encode() in answer.content
    assert b'name="confirmed"' not in answer.content


def protect(version: Version) -> None:
    """As if the alias were protected after the version was deleted."""
    Alias.objects.create(artifact=version.artifact, name="prod", version=version)
    ProtectedAlias.objects.create(pattern="prod")


def test_what_is_blocked_is_named_and_why(discard: MakeVersion, browser: Client) -> None:
    kept, free = discard("model-a"), discard("model-a")
    protect(kept)
    page = browser.get(f"/trash/purge?version={kept.pk}&version={free.pk}")
    assert [one.pk for one in page.context["outcome"].done] == [free.pk]
    text = " ".join(page.content.decode().split())
    assert "<strong>model/model-a:v1</strong>: a protected alias keeps it: prod." in text


def test_of_one_artifact_all_go_or_none_and_others_go(
    discard: MakeVersion, browser: Client
) -> None:
    kept, beside, other = discard("model-a"), discard("model-a"), discard("model-b")
    protect(kept)
    answer = purge(browser, kept, beside, other)
    assert [status(one) for one in (kept, beside, other)] == ["deleted", "deleted", "purged"]
    assert said(answer)[1] == (
        "model/model-a:v1, model/model-a:v2 stays as it is: a protected alias keeps it: prod."
    )


def test_what_is_gone_meanwhile_is_said(discard: MakeVersion, browser: Client) -> None:
    back, gone, here = discard("model-a"), discard("model-b"), discard("model-c")
    restore_version(version=back, restored_by=ANYBODY)
    purge_version(version=gone, purged_by=ANYBODY)
    page = browser.get(f"/trash/purge?version={back.pk}&version={gone.pk}&version={here.pk}")
    assert page.context["lost"] == 2
    answer = purge(browser, back, gone, here)
    assert said(answer)[1] == "2 of them are not in the trash any more."
    assert [status(one) for one in (back, gone, here)] == ["ready", "purged", "purged"]


def test_a_disk_that_is_away_purges_nothing_and_says_no_path(
    discard: MakeVersion, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("/mnt/secret/place is gone")

    version = discard()
    monkeypatch.setattr(purge_services, "verified_store", away)
    answer = purge(browser, version)
    assert said(answer) == [
        "model/model-a:v1 stays as it is: the disk of the store is away; the server's log says why."
    ]
    assert status(version) == "deleted"


@pytest.mark.parametrize("text", ["x", "-1", "0", str(1 << 64), "\uff11", "1;drop"])
@pytest.mark.parametrize("deed", ["restore", "purge"])
def test_ids_that_are_none_do_no_harm(
    discard: MakeVersion, browser: Client, deed: str, text: str
) -> None:
    version = discard()
    answer = browser.post(f"/trash/{deed}", {"version": text, "confirmed": "yes"})
    assert answer.status_code == 303
    assert browser.get("/trash/purge", {"version": text}).status_code == 200
    assert status(version) == "deleted"


def test_hostile_names_are_escaped(discard: MakeVersion, browser: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    version = discard(evil)
    answer = post(browser, "restore", version)
    pages = [browser.get(answer["Location"]).content]
    soft_delete_version(version=version, deleted_by=ANYBODY)
    pages += [
        browser.get(path).content for path in ("/trash", f"/trash/purge?version={version.pk}")
    ]
    pages.append(browser.get("/trash", {"q": '"><script>alert(1)</script>'}).content)
    assert all(b"<img src=x" not in page and b"<script>alert" not in page for page in pages)
    assert b"&lt;img src=x" in pages[0]


def test_the_form_wants_its_csrf_token(discard: MakeVersion) -> None:
    version, client = discard(), Client(enforce_csrf_checks=True)
    assert purge(client, version).status_code == 403
    assert status(version) == "deleted"


def test_a_get_changes_nothing(discard: MakeVersion, browser: Client) -> None:
    version = discard()
    assert browser.get(f"/trash/restore?version={version.pk}").status_code == 405
    browser.get(f"/trash/purge?version={version.pk}&confirmed=yes")
    assert status(version) == "deleted"


@pytest.mark.parametrize("path", ["/trash", "/trash/purge"])
def test_a_stranger_is_sent_to_the_login(team: None, browser: Client, path: str) -> None:
    assert browser.get(path)["Location"] == f"/login?next={path}"
    assert browser.post("/trash/purge")["Location"].startswith("/login")


def test_a_viewer_sees_it_without_buttons_and_is_refused(
    team: None, discard: MakeVersion, maintainer: User, viewer: User, enter: Enter
) -> None:
    version = discard(created_by=maintainer, deleted_by=maintainer)
    client = enter(viewer)
    page = client.get("/trash").content
    assert b"model-a v1" in page
    assert b"Restore" not in page
    assert b"Purge" not in page
    assert (post(client, "restore", version).status_code, purge(client, version).status_code) == (
        403, 403,
    )  # fmt: skip
    preview = client.get(f"/trash/purge?version={version.pk}")
    assert b"only maintainers may do this." in preview.content
    assert b'name="confirmed"' not in preview.content
    assert status(version) == "deleted"


def test_a_contributor_may_not_purge_his_own(
    team: None, discard: MakeVersion, enter: Enter
) -> None:
    user = make_user("contributor", Role.CONTRIBUTOR)
    version = discard(created_by=user, deleted_by=user)
    assert purge(enter(user), version).status_code == 403
    assert status(version) == "deleted"


def test_one_that_is_not_his_to_purge_holds_back_all(
    team: None, discard: MakeVersion, maintainer: User, enter: Enter
) -> None:
    insider = make_user("insider", Role.VIEWER, {"blue": Role.MAINTAINER})
    mine = discard("mine", team="blue", created_by=insider, deleted_by=insider)
    others = discard("others", created_by=maintainer, deleted_by=maintainer)
    page = enter(insider).get("/trash")
    assert {str(one): one.may_purge for one in page.context["page"]} == {
        "mine:v1": True, "others:v1": False,
    }  # fmt: skip
    assert purge(enter(insider), mine, others).status_code == 403
    assert (status(mine), status(others)) == ("deleted", "deleted")
    assert purge(enter(insider), mine).status_code == 303
    assert status(mine) == "purged"


def test_what_is_hidden_is_as_if_it_were_not_there(
    team: None, discard: MakeVersion, maintainer: User, enter: Enter
) -> None:
    insider = make_user("insider", None, {"blue": Role.MAINTAINER})
    hidden = discard("hidden", team="blue", created_by=insider, deleted_by=insider)
    client = enter(maintainer)
    assert rows_of(client) == []
    answers = [
        purge(client, hidden),
        client.post("/trash/purge", {"version": "999999", "confirmed": "y"}),
    ]
    assert said(answers[0])[-1:] == said(answers[1])[-1:]
    assert [answer.status_code for answer in answers] == [303, 303]
    client.get("/trash")  # shows the messages
    previews = [client.get(f"/trash/purge?version={pk}").content for pk in (hidden.pk, 999999)]
    assert previews[0].partition(b"<main")[2] == previews[1].partition(b"<main")[2]
    assert status(hidden) == "deleted"
