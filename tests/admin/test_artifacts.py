"""Artifacts and aliases in the admin: every move goes through the services and is kept."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Team, User
from accounts.roles import Role
from artifacts.models import Alias, AliasEvent, Artifact, ProtectedAlias, Version
from artifacts.services.aliases import move_alias
from artifacts.services.versions import soft_delete_version
from tests.admin.conftest import add_url, list_url, messages_of, page_url, send, text_of, written
from tests.conftest import MakeVersion
from tests.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def artifact(boss: User, make_version: MakeVersion) -> Artifact:
    """v1, v2 and v3, of which v2 is ``production``."""
    for number in range(3):
        make_version(created_by=boss, aliases=["production"] if number == 1 else [])
    return Artifact.objects.get()


def where(artifact: Artifact) -> dict[str, int]:
    """Alias → number."""
    return dict(artifact.aliases.values_list("name", "version__number"))


def events() -> list[tuple[str, int | None, int | None, str]]:
    """The moves that followed the first."""
    rows = AliasEvent.objects.order_by("id").select_related("by")[1:]
    return [(row.name, row.from_number, row.to_number, str(row.by)) for row in rows]


def test_an_alias_moves_and_its_history_says_who(desk: Client, artifact: Artifact) -> None:
    send(desk, page_url(artifact), **{"aliases-0-number": 3})
    assert where(artifact) == {"production": 3}
    assert events() == [("production", 2, 3, "boss")]


def test_an_alias_is_added_and_one_removed(desk: Client, artifact: Artifact) -> None:
    send(desk, page_url(artifact), **{
        "aliases-TOTAL_FORMS": 2, "aliases-0-DELETE": "on", "aliases-1-name": "stable",
        "aliases-1-number": 1,
    })  # fmt: skip
    assert where(artifact) == {"stable": 1}
    assert events() == [("production", 2, None, "boss"), ("stable", None, 1, "boss")]


def test_a_page_saved_as_it_is_changes_nothing(desk: Client, artifact: Artifact) -> None:
    before = Artifact.objects.values().get()
    send(desk, page_url(artifact))
    assert Artifact.objects.values().get() == before
    assert events() == []
    assert not AuditEvent.objects.filter(action="artifact.assign").exists()


def test_who_saw_an_alias_elsewhere_is_told(desk: Client, artifact: Artifact, boss: User) -> None:
    (v3,) = artifact.versions.filter(number=3)
    move_alias(artifact=artifact, name="production", version=v3, moved_by=boss)
    answer = send(desk, page_url(artifact), **{"aliases-0-number": 1, "aliases-0-seen": 2})
    assert messages_of(answer) == ["Alias production points at v3 now."]
    assert where(artifact) == {"production": 3}


@pytest.mark.parametrize(("number", "text"), [(9, "Version not found: model-a:v9"), (1, "deleted")])
def test_a_refusal_is_a_message_and_leaves_all_as_it_was(
    desk: Client, artifact: Artifact, boss: User, number: int, text: str
) -> None:
    (v1,) = artifact.versions.filter(number=1)
    soft_delete_version(version=v1, deleted_by=boss)
    team = Team.objects.create(name="vision")
    answer = send(desk, page_url(artifact), **{
        "team": team.pk, "aliases-TOTAL_FORMS": 2, "aliases-1-name": "a", "aliases-1-number": 3,
        "aliases-0-number": number,
    })  # fmt: skip
    assert text in messages_of(answer)[0]
    assert (where(artifact), events()) == ({"production": 2}, [])
    assert Artifact.objects.get().team is None


@pytest.mark.parametrize("name", ["latest", "v3", "a/b", "..", "", "production"])
def test_a_name_outside_the_rules_is_marked(desk: Client, artifact: Artifact, name: str) -> None:
    answer = send(desk, page_url(artifact), **{
        "aliases-TOTAL_FORMS": 2, "aliases-1-name": name, "aliases-1-number": 1,
    })  # fmt: skip
    assert "errornote" in answer.content.decode()
    assert where(artifact) == {"production": 2}


def test_an_alias_keeps_its_name(desk: Client, artifact: Artifact) -> None:
    send(desk, page_url(artifact), **{"aliases-0-name": "other"})
    assert where(artifact) == {"production": 2}


def test_an_alias_is_protected_and_released(desk: Client, artifact: Artifact) -> None:
    send(desk, page_url(artifact), **{"aliases-0-is_protected": "on"})
    assert Alias.objects.get().is_protected
    send(desk, page_url(artifact), **{"aliases-0-is_protected": None})
    assert not Alias.objects.get().is_protected


def test_an_alias_of_a_deleted_version_can_move_on(
    desk: Client, artifact: Artifact, boss: User
) -> None:
    (v2,) = artifact.versions.filter(number=2)
    soft_delete_version(version=v2, deleted_by=boss)
    send(desk, page_url(artifact), **{"aliases-0-number": 3, "aliases-0-seen": ""})
    assert where(artifact) == {"production": 3}


def test_a_form_that_was_tampered_with_reaches_no_other_artifact(
    desk: Client, artifact: Artifact, make_version: MakeVersion
) -> None:
    other = make_version("other", aliases=["production"])
    foreign = Alias.objects.get(version=other)
    send(desk, page_url(artifact), **{"aliases-0-id": foreign.pk, "aliases-0-number": 3})
    assert Alias.objects.get(pk=foreign.pk).version == other


def test_an_artifact_goes_to_a_team_and_back(desk: Client, artifact: Artifact) -> None:
    team = Team.objects.create(name="vision")
    for value, owner in ((team.pk, "vision"), ("", "everyone")):
        send(desk, page_url(artifact), team=value)
        assert Artifact.objects.get().owner == owner
    kept = AuditEvent.objects.filter(action="artifact.assign").order_by("id")
    assert [event.after for event in kept] == [{"team": "vision"}, {"team": "everyone"}]
    assert {event.username for event in kept} == {"boss"}


def test_a_name_that_the_team_has_already_is_a_message(desk: Client, artifact: Artifact) -> None:
    team = Team.objects.create(name="vision")
    Artifact.objects.create(name="model-a", type="model", team=team)
    answer = send(desk, page_url(artifact), team=team.pk)
    assert messages_of(answer) == ["model/model-a exists already as vision's."]
    artifact.refresh_from_db()
    assert artifact.team is None


def test_nothing_is_added_and_nothing_deleted(desk: Client, artifact: Artifact) -> None:
    assert desk.get(add_url(Artifact)).status_code == 403
    assert desk.post(page_url(artifact, "delete"), {"post": "yes"}).status_code == 403
    assert artifact.versions.count() == 3


def test_the_list_shows_the_figures_also_of_a_teams(
    desk: Client, artifact: Artifact, boss: User
) -> None:
    owner = make_user("owner", None, {"vision": Role.MAINTAINER})
    Artifact.objects.create(name="hidden", type="dataset", team=Team.objects.get())
    assert owner.pk
    text = text_of(desk.get(list_url(Artifact), {"contents": "any"}))
    assert "model-a model everyone 3 v3 12 B" in text
    assert "hidden dataset vision 0 - -" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=mod", 1), ("q=none", 0), ("type=model", 1), ("type=code", 0), ("team__isnull=True", 1)],
)
def test_the_list_is_searched_and_filtered(
    desk: Client, artifact: Artifact, query: str, found: int
) -> None:
    answer = desk.get(f"{list_url(Artifact)}?{query}")
    assert len(answer.context["cl"].result_list) == found


def test_the_page_leads_to_versions_and_moves(desk: Client, artifact: Artifact) -> None:
    page = desk.get(page_url(artifact)).content.decode()
    for model, count in ((Version, 3), (AliasEvent, 1)):
        url = f"{list_url(model)}?artifact__id__exact={artifact.pk}"
        assert url in page
        assert len(desk.get(url).context["cl"].result_list) == count


def test_the_moves_are_only_looked_at(desk: Client, artifact: Artifact) -> None:
    move = AliasEvent.objects.get()
    assert desk.post(page_url(move), {"name": "x"}).status_code == 403
    assert desk.post(page_url(move, "delete"), {"post": "yes"}).status_code == 403
    assert "production - v2 boss" in text_of(desk.get(list_url(AliasEvent)))


def test_patterns_are_made_changed_and_removed_with_a_trace(desk: Client) -> None:
    send(desk, add_url(ProtectedAlias), pattern="release-*")
    pattern = ProtectedAlias.objects.get()
    send(desk, page_url(pattern), needs_comment="on")
    send(desk, page_url(pattern))
    desk.post(page_url(pattern, "delete"), {"post": "yes"}, follow=True)
    assert not ProtectedAlias.objects.exists()
    kept = written().order_by("id").values_list("action", "object", "before", "after")
    plain: dict[str, Any] = {"pattern": "release-*", "needs_comment": False}
    strict = plain | {"needs_comment": True}
    assert list(kept) == [
        ("protected_alias.create", "release-*", None, plain),
        ("protected_alias.change", "release-*", plain, strict),
        ("protected_alias.delete", "release-*", strict, None),
    ]
