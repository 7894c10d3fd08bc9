"""Versions in the admin: described, hidden, restored, and purged after a look at what goes."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.services.aliases import move_alias
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.admin.conftest import (
    act,
    add_url,
    form_of,
    list_url,
    messages_of,
    page_url,
    send,
    text_of,
)
from tests.conftest import MakeVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(boss: User, make_version: MakeVersion) -> Version:
    """v1 of model-a."""
    return make_version(created_by=boss, tags=["a"], metadata={"b": 1}, description="c")


def status_of(version: Version) -> str:
    return Version.objects.get(pk=version.pk).status


def test_a_version_is_described_through_the_service(desk: Client, version: Version) -> None:
    send(desk, page_url(version), description="new", tags="x\n y \n\nx", metadata='{"k": [1, 2.5]}')
    now = Version.objects.get()
    assert (now.description, now.tags, now.metadata) == ("new", ["x", "y"], {"k": [1, 2.5]})
    assert now.updated_at > version.updated_at


def test_a_page_saved_as_it_is_changes_nothing(desk: Client, version: Version) -> None:
    before = Version.objects.values().get()
    answer = send(desk, page_url(version))
    assert answer.status_code == 200
    assert Version.objects.values().get() == before


def test_a_page_that_is_old_undoes_nothing(desk: Client, version: Version) -> None:
    old = form_of(desk, page_url(version))
    send(desk, page_url(version), description="theirs", tags="new", metadata='{"b": 1}')
    sent = {**old, "tags": "a", "metadata": '{"b": 1}', "description": "mine"}
    answer = desk.post(page_url(version), sent)
    assert "By now it says: Description: theirs" in text_of(answer)
    now = Version.objects.get()
    assert (now.description, now.tags) == ("theirs", ["new"])
    seen = answer.context["adminform"].form["seen"].value()
    desk.post(page_url(version), {**sent, "seen": seen})
    now = Version.objects.get()
    assert (now.description, now.tags, now.metadata) == ("mine", ["a"], {"b": 1})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("metadata", "[1]"), ("metadata", "{"), ("metadata", '{"a": "\\u0000"}'),
        ("metadata", '{"a": NaN}'), ("tags", "x" * 129),
        ("tags", "\n".join(map(str, range(101)))), ("description", "x" * 100_001),
    ],
)  # fmt: skip
def test_what_the_api_would_refuse_is_marked(
    desk: Client, version: Version, field: str, value: str
) -> None:
    answer = send(desk, page_url(version), **{field: value})
    assert "errornote" in answer.content.decode()
    assert (Version.objects.get().tags, Version.objects.get().metadata) == (["a"], {"b": 1})


def test_nothing_but_what_describes_it_can_be_sent(desk: Client, version: Version) -> None:
    assert {name for name in form_of(desk, page_url(version)) if "-" not in name} == {
        "description", "tags", "metadata", "seen",
    }  # fmt: skip
    send(desk, page_url(version), size_bytes=1, number=7, created_by_run="x")
    now = Version.objects.get()
    assert (now.size_bytes, now.number, now.created_by_run) == (12, 1, "")


def test_django_neither_adds_nor_deletes(desk: Client, version: Version) -> None:
    assert desk.get(add_url(Version)).status_code == 403
    assert desk.post(page_url(version, "delete"), {"post": "yes"}).status_code == 403
    answer = act(desk, "delete_selected", version, post="yes")
    assert (answer.status_code, status_of(version)) == (200, "ready")


def test_versions_are_hidden_and_restored(
    desk: Client, boss: User, version: Version, make_version: MakeVersion
) -> None:
    second = make_version()
    assert messages_of(act(desk, "soft_delete", version, second)) == [
        "Soft-deleted model/model-a:v1, model/model-a:v2."
    ]
    assert [status_of(version), status_of(second)] == ["deleted", "deleted"]
    assert Version.objects.filter(deleted_by=boss).count() == 2
    assert messages_of(act(desk, "restore", version)) == ["Restored model/model-a:v1."]
    assert [status_of(version), status_of(second)] == ["ready", "deleted"]


def test_what_is_deleted_is_only_looked_at(desk: Client, boss: User, version: Version) -> None:
    soft_delete_version(version=version, deleted_by=boss)
    assert desk.post(page_url(version), {"description": "x"}).status_code == 403
    page = desk.get(page_url(version)).content.decode()
    assert 'value="restore"' in page
    assert 'value="soft_delete"' not in page


def test_a_refusal_of_one_artifact_does_not_stop_another(
    desk: Client, boss: User, version: Version, make_version: MakeVersion
) -> None:
    kept = make_version("model-b")
    move_alias(artifact=kept.artifact, name="prod", version=kept, moved_by=boss, is_protected=True)
    answer = act(desk, "soft_delete", version, kept)
    assert [status_of(version), status_of(kept)] == ["deleted", "ready"]
    assert "kept by the protected alias prod" in " ".join(messages_of(answer))


def test_what_would_go_is_shown_and_nothing_goes(
    desk: Client, version: Version, make_version: MakeVersion
) -> None:
    make_version(files={"own.bin": b"x" * 3000, "a.bin": b"content of a"}, aliases=["stable"])
    second = Version.objects.get(number=2)
    answer = act(desk, "purge", second)
    text = text_of(answer).replace("\xa0", " ")
    assert "2.9 KiB come free on disk , of 2.9 KiB that their files have" in text
    assert answer.context["freed_bytes"] == 3000
    assert "model/model-a:v2 ready 2.9 KiB 2 stable" in text
    assert status_of(second) == "ready"


def test_after_a_yes_it_is_gone_with_every_byte_that_was_shown(
    desk: Client, version: Version, make_version: MakeVersion
) -> None:
    other = make_version("model-b", files={"own.bin": b"x" * 3000}, aliases=["stable"])
    shown = act(desk, "purge", version, other).context["freed_bytes"]
    before = Blob.objects.physical_bytes()
    answer = act(desk, "purge", version, other, confirmed="yes")
    assert [status_of(version), status_of(other)] == ["purged", "purged"]
    assert before - Blob.objects.physical_bytes() == shown == 3012
    assert "purged model/model-b:v1" in " ".join(messages_of(answer))
    assert not Alias.objects.exists()


def test_a_protected_alias_keeps_it_also_after_a_yes(
    desk: Client, boss: User, version: Version
) -> None:
    move_alias(
        artifact=version.artifact, name="prod", version=version, moved_by=boss, is_protected=True
    )
    text = text_of(act(desk, "purge", version))
    assert "Protected aliases keep some of these: prod." in text
    answer = act(desk, "purge", version, confirmed="yes")
    assert "kept by the protected alias prod" in messages_of(answer)[0]
    assert status_of(version) == "ready"


def test_a_tombstone_has_nothing_to_do(desk: Client, boss: User, version: Version) -> None:
    purge_version(version=version, purged_by=boss)
    purged = "?status=purged"
    shown = act(desk, "purge", version, query=purged)
    assert "purged already" in text_of(shown)
    for action in ("soft_delete", "restore"):
        answer = act(desk, action, version, query=purged)
        assert messages_of(answer) == ["Version not found: model-a:v1"]
    assert 'name="action"' not in desk.get(page_url(version)).content.decode()


@pytest.mark.parametrize("status", ["ready", "deleted", "corrupted", "purged"])
def test_the_list_is_filtered_by_status(
    desk: Client, boss: User, make_version: MakeVersion, status: str
) -> None:
    made = {name: make_version(name) for name in ("ready", "deleted", "corrupted", "purged")}
    soft_delete_version(version=made["deleted"], deleted_by=boss)
    purge_version(version=made["purged"], purged_by=boss)
    Version.objects.filter(pk=made["corrupted"].pk).update(corrupted_at=made["ready"].created_at)
    answer = desk.get(f"{list_url(Version)}?status={status}")
    assert [version.artifact.name for version in answer.context["cl"].result_list] == [status]


@pytest.mark.parametrize(("query", "count"), [("model-a", 1), ("boss", 1), ("run-1", 0), ("x", 0)])
def test_the_list_is_searched(desk: Client, version: Version, query: str, count: int) -> None:
    answer = desk.get(list_url(Version), {"q": query})
    assert len(answer.context["cl"].result_list) == count


def test_a_page_shows_the_files_and_where_they_lie(desk: Client, version: Version) -> None:
    blob = Blob.objects.get()
    page = desk.get(page_url(version)).content.decode()
    assert "a.bin" in page
    assert f'<a href="{page_url(blob)}">{blob.digest[:23]}…</a>' in page
    assert f"sha256:{version.manifest_sha256}" in page


def test_a_page_of_many_files_shows_the_first_and_says_how_many_more(
    desk: Client, make_version: MakeVersion
) -> None:
    version = make_version(files={f"{number:03}.bin": b"same" for number in range(103)})
    text = text_of(desk.get(page_url(version)))
    assert "and 3 more" in text
    assert "100.bin" not in text


def test_text_of_strangers_is_no_markup(desk: Client, make_version: MakeVersion) -> None:
    bad: Any = "<img src=x onerror=alert(1)>"
    version = make_version(files={bad: b"x"}, tags=[bad], metadata={bad: bad}, description=bad)
    answers = [desk.get(page_url(version)), desk.get(list_url(Version))]
    answers += [act(desk, "purge", version)]
    assert all("<img src=x" not in answer.content.decode() for answer in answers)


def listed(desk: Client, **query: str) -> list[str]:
    answer = desk.get(list_url(Version), query)
    return [one.full_name for one in answer.context["cl"].result_list]


def test_what_was_purged_is_listed_when_it_is_asked_for(
    desk: Client, boss: User, version: Version, make_version: MakeVersion
) -> None:
    kept = make_version("model-b").full_name
    purge_version(version=version, purged_by=boss)
    gone = version.full_name
    assert listed(desk) == [kept]
    assert listed(desk, status="purged") == [gone]
    assert listed(desk, status="any") == [kept, gone]
    assert "all but purged" in text_of(desk.get(list_url(Version)))


def test_artifacts_of_nothing_but_purged_versions_are_listed_when_asked_for(
    desk: Client, boss: User, version: Version, make_version: MakeVersion
) -> None:
    make_version("model-b")
    purge_version(version=version, purged_by=boss)

    def names(**query: str) -> list[str]:
        answer = desk.get(list_url(Artifact), query)
        return [one.name for one in answer.context["cl"].result_list]

    assert names() == ["model-b"]
    assert names(contents="empty") == ["model-a"]
    assert sorted(names(contents="any")) == ["model-a", "model-b"]
    assert "with versions" in text_of(desk.get(list_url(Artifact)))
