"""Protected aliases: who moves them, and what they keep."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from accounts.roles import Role
from artifacts.errors import AccessDenied, AliasProtected, CommentNeeded, Invalid
from artifacts.models import Alias, AliasEvent, ProtectedAlias, Version
from artifacts.services.aliases import move_alias, remove_alias, roll_back_alias
from artifacts.services.deletion import Selection, delete_versions
from artifacts.services.protection import Patterns
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import MakeVersion
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("team", "store")


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.MAINTAINER)


@pytest.fixture
def writer() -> User:
    return make_user("writer", Role.CONTRIBUTOR)


@pytest.fixture
def version(make_version: MakeVersion, boss: User) -> Version:
    make_version(created_by=boss)
    return make_version(created_by=boss)


def protect(pattern: str, *, needs_comment: bool = False) -> None:
    ProtectedAlias.objects.create(pattern=pattern, needs_comment=needs_comment)


def move(version: Version, by: User, name: str = "production", **more: Any) -> Alias:
    alias, _ = move_alias(
        artifact=version.artifact, name=name, version=version, moved_by=by, **more
    )
    return alias


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("production", "production", True),
        ("production", "Production", False),
        ("release-*", "release-2026", True),
        ("release-*", "pre-release-1", False),
        ("prod?", "prod1", True),
        ("cafe\u0301", "caf\u00e9", True),
        ("生*", "生产", True),
    ],
)
def test_a_pattern_is_a_glob_of_the_whole_name(pattern: str, name: str, fits: bool) -> None:
    protect(pattern)
    assert Patterns().protect(name) is fits
    assert not Patterns().want_comment(name)


def remove(version: Version, by: User) -> None:
    remove_alias(artifact=version.artifact, name="production", removed_by=by)


def roll_back(version: Version, by: User) -> None:
    roll_back_alias(artifact=version.artifact, name="production", rolled_back_by=by)


@pytest.mark.parametrize("act", [move, remove, roll_back])
@pytest.mark.parametrize("how", ["pattern", "flag"])
def test_only_maintainers_move_a_protected_alias(
    version: Version, boss: User, writer: User, act: Callable[..., Any], how: str
) -> None:
    first = version.artifact.versions.get(number=1)
    move(first, boss)
    move(version, boss, is_protected=how == "flag")
    if how == "pattern":
        protect("prod*")
    with pytest.raises(AccessDenied, match="production is protected") as refusal:
        act(version, writer)
    assert refusal.value.extra == {"needs": "maintainer"}
    assert Alias.objects.get().version == version
    act(version, boss)


def test_only_maintainers_make_an_alias_of_a_protected_name(
    version: Version, boss: User, writer: User
) -> None:
    protect("production")
    with pytest.raises(AccessDenied):
        move(version, writer)
    assert move(version, writer, "staging").version == version
    assert move(version, boss).version == version


def test_only_maintainers_protect(version: Version, boss: User, writer: User) -> None:
    assert not move(version, writer, is_protected=False).is_protected
    with pytest.raises(AccessDenied, match="Protecting an alias"):
        move(version, writer, is_protected=True)
    assert move(version, boss, is_protected=True).is_protected
    with pytest.raises(AccessDenied):
        move(version, writer, is_protected=False)
    assert not move(version, boss, is_protected=False).is_protected
    actions = AuditEvent.objects.filter(action__contains="protect").order_by("id")
    assert list(actions.values_list("action", "username")) == [
        ("alias.protect", "boss"),
        ("alias.unprotect", "boss"),
    ]


def test_a_maintainer_of_the_team_is_enough(make_version: MakeVersion) -> None:
    boss = make_user("boss", None, {"vision": Role.MAINTAINER})
    writer = make_user("writer", Role.MAINTAINER, {})
    protect("production")
    version = make_version(created_by=boss)
    assert version.artifact.owner == "vision"
    assert move(version, boss).version == version
    with pytest.raises(AccessDenied):
        move(version, writer)


def test_some_move_only_with_a_comment(version: Version, boss: User) -> None:
    protect("production", needs_comment=True)
    for comment in ("", "  \n"):
        with pytest.raises(CommentNeeded, match="production moves only with a comment"):
            move(version, boss, comment=comment)
    move(version, boss, comment=" passed\r\nthe tests ")
    with pytest.raises(CommentNeeded):
        remove(version, boss)
    with pytest.raises(CommentNeeded):
        roll_back(version, boss)
    assert AliasEvent.objects.get().comment == "passed\nthe tests"
    remove_alias(artifact=version.artifact, name="production", removed_by=boss, comment="off")
    assert AliasEvent.objects.latest("id").comment == "off"


@pytest.mark.parametrize("comment", ["x" * 2001, "a\0b", "\x1b[31m", "\ud800"])
def test_a_comment_is_plain_text_of_2000_characters(
    version: Version, boss: User, comment: str
) -> None:
    with pytest.raises(Invalid, match="comment"):
        move(version, boss, comment=comment)
    assert not Alias.objects.exists()


def test_a_commit_moves_no_protected_alias_of_others(
    version: Version, boss: User, writer: User, make_version: MakeVersion
) -> None:
    protect("release-*")
    move(version, boss, is_protected=True)
    for alias in ("release-1", "production"):
        with pytest.raises(AccessDenied, match=alias):
            make_version(created_by=writer, aliases=["fine", alias])
    assert version.artifact.versions.count() == 2
    assert make_version(created_by=boss, aliases=["release-1", "production"]).number == 3
    protect("x", needs_comment=True)
    with pytest.raises(CommentNeeded):
        make_version(created_by=boss, aliases=["x"])


def test_a_new_artifact_is_no_way_round(writer: User, make_version: MakeVersion) -> None:
    protect("production")
    with pytest.raises(AccessDenied):
        make_version("brand-new", created_by=writer, aliases=["production"])


@pytest.mark.django_db(transaction=True)
def test_a_version_that_carries_one_stays(version: Version, boss: User) -> None:
    move(version, boss)
    protect("prod*")
    for delete in (
        lambda: soft_delete_version(version=version, deleted_by=boss),
        lambda: purge_version(version=version, purged_by=boss),
        lambda: delete_versions(
            artifact=version.artifact, selection=Selection(keep_last=0), deleted_by=boss
        ),
        lambda: delete_versions(
            artifact=version.artifact, selection=Selection(numbers=(2,)), deleted_by=boss,
            permanent=True, dry_run=True,
        ),
    ):  # fmt: skip
        with pytest.raises(AliasProtected) as refusal:
            delete()
        assert refusal.value.extra == {"aliases": ["production"]}
    assert Version.objects.filter(deleted_at=None, purged_at=None).count() == 2
    remove(version, boss)
    soft_delete_version(version=version, deleted_by=boss)


@pytest.mark.django_db(transaction=True)
def test_what_keeps_a_deleted_version_can_be_removed(version: Version, boss: User) -> None:
    """It became protected after the version was deleted."""
    move(version, boss)
    soft_delete_version(version=version, deleted_by=boss)
    protect("prod*")
    with pytest.raises(AliasProtected):
        purge_version(version=version, purged_by=boss)
    remove(version, boss)
    assert not Alias.objects.exists()
    last = AliasEvent.objects.latest("id")
    assert (last.from_number, last.to_number) == (version.number, None)
    purge_version(version=version, purged_by=boss)
