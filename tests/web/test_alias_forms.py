"""Aliases moved from the page of an artifact: by those who may, and not over somebody's head."""

from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from artifacts.models import Alias, AliasEvent, ProtectedAlias, Version
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion
from tests.people import client_of, make_user

PAGE = "/artifacts/model/net"


def send(client: Any, act: str, page: str = PAGE, **fields: str) -> Any:
    return client.post(f"{page}/aliases/{act}", fields)


def target(name: str = "prod") -> int | None:
    found: int | None = (
        Alias.objects.filter(name=name).values_list("version__number", flat=True).first()
    )
    return found


@pytest.fixture
def net(make_version: MakeVersion) -> list[Version]:
    """v1 with the alias ``prod``, and v2."""
    return [make_version("net", aliases=["prod"]), make_version("net", files={"b": b"2"})]


def test_an_alias_moves(client: Client, net: list[Version]) -> None:
    answer = client.post(
        f"{PAGE}/aliases/move?columns=a,b",
        {"name": "prod", "version": "2", "expected": "v1", "comment": "better"},
    )
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}?columns=a%2Cb")
    assert target() == 2
    assert AliasEvent.objects.latest("id").comment == "better"
    assert "prod is at v2 now." in client.get(PAGE).content.decode()


def test_an_alias_is_added(client: Client, net: list[Version]) -> None:
    assert send(client, "move", name=" best ", version="v2", is_new="yes").status_code == 303
    assert target("best") == 2


def test_an_alias_is_removed_and_comes_back(client: Client, net: list[Version]) -> None:
    assert send(client, "remove", name="prod", expected="v1").status_code == 303
    assert target() is None
    assert 'name="expected" value=""' in client.get(PAGE).content.decode()
    assert send(client, "roll-back", name="prod").status_code == 303
    assert target() == 1


def test_an_alias_is_rolled_back(client: Client, net: list[Version]) -> None:
    move_alias(artifact=net[0].artifact, name="prod", version=net[1], moved_by=ANYBODY)
    assert "Back to v1" in client.get(PAGE).content.decode()
    assert send(client, "roll-back", name="prod", expected="v2").status_code == 303
    assert target() == 1


@pytest.mark.parametrize("act", ["move", "remove", "roll-back"])
def test_who_saw_it_elsewhere_is_told(client: Client, net: list[Version], act: str) -> None:
    move_alias(artifact=net[0].artifact, name="prod", version=net[1], moved_by=ANYBODY)
    answer = send(client, act, name="prod", version="v1", expected="v1", comment="my reasons")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Alias prod points at v2 now. Nothing was changed. " in html
    said = {"move": "press Move", "remove": "press Remove", "roll-back": "list of moves"}
    assert said[act] in html
    assert 'value="my reasons"' in html
    assert 'name="expected" value="v2"' in html
    assert target() == 2


def test_who_adds_one_that_is_there_by_now_is_told(client: Client, net: list[Version]) -> None:
    answer = send(client, "move", name="prod", version="v2", is_new="yes")
    assert answer.status_code == 409
    assert "press Move beside it" in answer.content.decode()
    assert target() == 1


def test_who_was_told_moves_it_with_the_form_that_comes_back(
    client: Client, net: list[Version]
) -> None:
    move_alias(artifact=net[0].artifact, name="prod", version=net[1], moved_by=ANYBODY)
    told = send(client, "move", name="prod", version="v1", expected="v1")
    opened = told.content.decode().partition('<details class="inline" open>')[2]
    assert 'name="expected" value="v2"' in opened.partition("</details>")[0]
    assert send(client, "move", name="prod", version="v1", expected="v2").status_code == 303
    assert target() == 1


def test_one_that_is_removed_by_now_is_not_moved(client: Client, net: list[Version]) -> None:
    remove_alias(artifact=net[0].artifact, name="prod", removed_by=ANYBODY)
    answer = send(client, "move", name="prod", version="v2", expected="v1")
    assert (answer.status_code, target()) == (409, None)
    assert "removed meanwhile. To have it again, add it anew." in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "prod", "version": "nine", "expected": "v1"}, 400),
        ({"name": "prod", "version": "", "expected": "v1"}, 400),
        ({"name": "prod", "version": "v9", "expected": "v1"}, 404),
        ({"name": "prod", "version": "v2", "expected": "one"}, 400),
        ({"name": "latest", "version": "v2"}, 400),
        ({"name": "v7", "version": "v2"}, 400),
        ({"name": "a/b", "version": "v2"}, 400),
        ({"name": "", "version": "v2"}, 400),
        ({"version": "v2"}, 400),
        ({"name": "a\0", "version": "v2"}, 400),
        ({"name": "new", "version": "v2", "comment": "c" * 2001}, 400),
    ],
)
def test_what_is_wrong_is_told_on_the_page(
    client: Client, net: list[Version], fields: dict[str, str], status: int
) -> None:
    answer = client.post(f"{PAGE}/aliases/move", fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.content.decode()
    assert (target(), target("new")) == (1, None)


def test_a_deleted_version_gets_no_alias(client: Client, net: list[Version]) -> None:
    soft_delete_version(version=net[1], deleted_by=ANYBODY)
    assert send(client, "move", name="prod", version="v2", expected="v1").status_code == 409


def test_an_alias_that_needs_a_comment_asks_for_it(client: Client, net: list[Version]) -> None:
    ProtectedAlias.objects.create(pattern="prod*", needs_comment=True)
    html = client.get(PAGE).content.decode()
    assert "Comment (needed)" in html
    assert "chip alias protected" in html
    answer = send(client, "move", name="prod", version="v2", expected="v1")
    assert answer.status_code == 400
    assert "comment that says why" in answer.content.decode()
    moved = send(client, "move", name="prod", version="v2", expected="v1", comment="why not")
    assert moved.status_code == 303


def test_a_form_that_was_refused_leads_back(client: Client, net: list[Version]) -> None:
    answer = client.get(f"{PAGE}/aliases/move?page=2")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?page=2")


@pytest.mark.usefixtures("team")
class TestRights:
    """In team mode."""

    ACTS = (("move", {"version": "v2", "expected": "v1"}), ("remove", {}), ("roll-back", {}))

    @pytest.fixture
    def net(self, make_version: MakeVersion) -> None:
        owner = make_user("owner", Role.MAINTAINER)
        make_version("net", created_by=owner, aliases=["prod"])
        make_version("net", created_by=owner, files={"b": b"2"})

    @pytest.mark.usefixtures("net")
    def test_a_viewer_sees_no_button_and_is_refused(self) -> None:
        viewer = client_of(make_user("viewer", Role.VIEWER))
        html = viewer.get(PAGE).content.decode()
        for word in ("Move", "Add an alias", "Remove", "Back to", "Delete …", "/aliases/"):
            assert word not in html
        for act, more in self.ACTS:
            assert send(viewer, act, name="prod", **more).status_code == 403
        assert target() == 1

    @pytest.mark.usefixtures("net")
    def test_a_contributor_moves_what_is_not_protected(self) -> None:
        contributor = client_of(make_user("contributor", Role.CONTRIBUTOR))
        assert "Move<" in contributor.get(PAGE).content.decode()
        answer = send(contributor, "move", name="prod", version="v2", expected="v1")
        assert answer.status_code == 303
        ProtectedAlias.objects.create(pattern="prod")
        html = contributor.get(PAGE).content.decode()
        assert "Move<" not in html
        assert "Back to" not in html
        assert "Add an alias" in html
        for act, more in self.ACTS:
            assert send(contributor, act, name="prod", **more).status_code == 403
        maintainer = client_of(make_user("maintainer", Role.MAINTAINER))
        assert "Move<" in maintainer.get(PAGE).content.decode()
        assert send(maintainer, "roll-back", name="prod", expected="v2").status_code == 303
        assert target() == 1

    @pytest.mark.usefixtures("net")
    def test_who_adds_a_protected_one_keeps_what_was_written(self) -> None:
        ProtectedAlias.objects.create(pattern="release-*")
        contributor = client_of(make_user("contributor", Role.CONTRIBUTOR))
        fields = {"name": "release-2", "version": "v2", "comment": "my reasons", "is_new": "yes"}
        answer = send(contributor, "move", **fields)
        html = answer.content.decode()
        assert answer.status_code == 403
        assert "What you wrote is still here: somebody with the role maintainer can do it." in html
        for field in ('value="release-2"', 'value="v2"', 'value="my reasons"'):
            assert field in html
        assert target("release-2") is None

    @pytest.mark.usefixtures("net")
    def test_an_alias_that_became_protected_keeps_the_form_with_what_was_written(self) -> None:
        contributor = client_of(make_user("contributor", Role.CONTRIBUTOR))
        ProtectedAlias.objects.create(pattern="prod")
        fields = {"name": "prod", "version": "v2", "expected": "v1", "comment": "my reasons"}
        answer = send(contributor, "move", **fields)
        html = answer.content.decode()
        assert (answer.status_code, target()) == (403, 1)
        assert "somebody with the role maintainer can do it" in html
        assert 'value="my reasons"' in html

    def test_a_stranger_finds_nothing(self, make_version: MakeVersion, client: Client) -> None:
        owner = make_user("owner", None, {"vision": Role.MAINTAINER})
        make_version("net", team="vision", created_by=owner, aliases=["prod"])
        page = "/teams/vision/artifacts/model/net"
        stranger = client_of(make_user("stranger", Role.MAINTAINER))
        for act, more in self.ACTS:
            assert send(stranger, act, page, name="prod", **more).status_code == 404
            assert send(client, act, page, name="prod", **more).status_code == 302
        assert send(client_of(owner), "remove", page, name="prod", expected="v1").status_code == 303

    @pytest.mark.usefixtures("net")
    def test_a_form_of_another_site_does_nothing(self) -> None:
        user = make_user("ada", Role.MAINTAINER)
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        assert send(client, "remove", name="prod", expected="v1").status_code == 403
        assert target() == 1
