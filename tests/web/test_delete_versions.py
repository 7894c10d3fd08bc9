"""Several versions ticked: compared, or deleted after a look at what would go."""

from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from artifacts.models import ProtectedAlias, Version
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion
from tests.people import client_of, make_user

PAGE = "/artifacts/model/net"
DELETE = f"{PAGE}/versions/delete"


def statuses() -> list[str]:
    return [version.status for version in Version.objects.order_by("number")]


@pytest.fixture
def net(make_version: MakeVersion) -> list[Version]:
    return [
        make_version("net", files={"a": b"a" * 100, "both": b"b" * 50}),
        make_version("net", files={"both": b"b" * 50}, aliases=["prod"]),
        make_version("net", files={"c": b"c" * 10}),
    ]


def test_two_are_compared(client: Client, net: list[Version]) -> None:
    answer = client.get(f"{PAGE}/versions/compare?versions=v3&versions=v1")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}/compare/v1...v3")


@pytest.mark.parametrize("query", ["", "?versions=v1", "?versions=v1&versions=v2&versions=v3"])
def test_others_than_two_are_not(client: Client, net: list[Version], query: str) -> None:
    answer = client.get(f"{PAGE}/versions/compare{query}", follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Tick two versions" in answer.content.decode()


def test_the_look_before_says_what_comes_free(client: Client, net: list[Version]) -> None:
    html = client.get(f"{DELETE}?versions=v1&versions=v3").content.decode()
    assert 'id="freed">110 B<' in html
    assert statuses() == ["ready"] * 3
    assert "<b>2</b><small>versions go</small>" in html
    html = client.get(f"{DELETE}?versions=v1&versions=v2").content.decode()
    assert 'id="freed">150 B<' in html
    assert ">prod<" in html


def test_one_is_not_called_versions(client: Client, net: list[Version]) -> None:
    html = client.get(f"{DELETE}?versions=v1").content.decode()
    assert "<b>1</b><small>version goes</small>" in html


def test_what_a_protected_alias_keeps_does_not_go(client: Client, net: list[Version]) -> None:
    ProtectedAlias.objects.create(pattern="prod")
    html = client.get(f"{DELETE}?versions=v2").content.decode()
    assert "Protected aliases keep some of these: prod" in html
    assert "<b>1</b><small>ticked</small>" in html


def test_nothing_ticked_is_told(client: Client, net: list[Version]) -> None:
    answer = client.get(DELETE, follow=True)
    assert "Tick the versions" in answer.content.decode()


@pytest.mark.parametrize(("query", "status"), [("versions=x", 400), ("versions=v9", 404)])
def test_what_is_no_version_is_told(
    client: Client, net: list[Version], query: str, status: int
) -> None:
    assert client.get(f"{DELETE}?{query}").status_code == status
    assert client.post(DELETE, {"versions": query[9:]}).status_code == status
    assert statuses() == ["ready"] * 3


def test_nothing_at_all_is_not_everything(client: Client, net: list[Version]) -> None:
    client.post(DELETE)
    assert statuses() == ["ready"] * 3


def test_they_are_deleted(client: Client, net: list[Version]) -> None:
    answer = client.post(DELETE, {"versions": ["v1", "v3"]})
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert statuses() == ["deleted", "ready", "deleted"]
    assert "2 versions are deleted." in client.get(PAGE).content.decode()


def test_they_are_deleted_for_ever(client: Client, net: list[Version]) -> None:
    soft_delete_version(version=net[0], deleted_by=ANYBODY)
    client.post(DELETE, {"versions": ["v1", "v3"], "permanent": "yes"})
    assert statuses() == ["purged", "ready", "purged"]


def test_what_is_deleted_already_can_only_go_for_ever(client: Client, net: list[Version]) -> None:
    soft_delete_version(version=net[0], deleted_by=ANYBODY)
    html = client.get(f"{DELETE}?versions=v1").content.decode()
    assert ">Purge</button>" in html
    assert ">Delete</button>" not in html


def test_where_nothing_is_left_the_list_is_next(client: Client, net: list[Version]) -> None:
    everything = {"versions": ["v1", "v2", "v3"], "permanent": "yes"}
    assert client.post(DELETE, everything)["Location"] == "/artifacts"


def test_a_protected_alias_keeps_all_of_them(client: Client, net: list[Version]) -> None:
    ProtectedAlias.objects.create(pattern="prod")
    html = client.get(f"{DELETE}?versions=v1&versions=v2").content.decode()
    assert "Protected aliases keep some of these: prod" in html
    assert 'class="danger' not in html
    answer = client.post(DELETE, {"versions": ["v1", "v2"]})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert statuses() == ["ready"] * 3


@pytest.mark.usefixtures("team")
class TestRights:
    """In team mode."""

    @pytest.fixture
    def ada(self, make_version: MakeVersion) -> Any:
        """A contributor who has logged v2; v1 is another's."""
        make_version("net", created_by=make_user("owner", Role.MAINTAINER))
        ada = make_user("ada", Role.CONTRIBUTOR)
        make_version("net", created_by=ada, files={"b": b"2"})
        return client_of(ada)

    def test_a_viewer_is_refused(self, ada: Any) -> None:
        viewer = client_of(make_user("viewer", Role.VIEWER))
        assert viewer.get(f"{DELETE}?versions=v1").status_code == 403
        assert viewer.post(DELETE, {"versions": "v1"}).status_code == 403
        assert statuses() == ["ready", "ready"]

    def test_a_contributor_deletes_his_own(self, ada: Any) -> None:
        html = ada.get(f"{DELETE}?versions=v2").content.decode()
        assert ">Delete</button>" in html
        assert "Purge</button>" not in html
        assert 'id="freed"' not in html
        assert ada.post(DELETE, {"versions": "v2", "permanent": "yes"}).status_code == 403
        assert ada.post(DELETE, {"versions": "v2"}).status_code == 303
        assert statuses() == ["ready", "deleted"]

    def test_and_not_those_of_others(self, ada: Any) -> None:
        html = ada.get(f"{DELETE}?versions=v1&versions=v2").content.decode()
        assert "Not yours: v1" in html
        assert 'class="danger' not in html
        assert ada.post(DELETE, {"versions": ["v1", "v2"]}).status_code == 403
        assert statuses() == ["ready", "ready"]

    def test_a_stranger_finds_nothing(self, make_version: MakeVersion, client: Client) -> None:
        owner = make_user("owner", None, {"vision": Role.MAINTAINER})
        make_version("net", team="vision", created_by=owner)
        path = "/teams/vision/artifacts/model/net/versions/delete"
        stranger = client_of(make_user("stranger", Role.MAINTAINER))
        assert stranger.get(f"{path}?versions=v1").status_code == 404
        assert stranger.post(path, {"versions": "v1"}).status_code == 404
        compare = path.replace("delete", "compare")
        assert stranger.get(f"{compare}?versions=v1&versions=v2").status_code == 404
        assert client.post(path, {"versions": "v1"}).status_code == 302
        assert statuses() == ["ready"]
