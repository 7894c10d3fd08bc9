"""What belongs to a team has folders of its own, and every command knows them.

In each test everyone's ``model/m`` and a team's stand side by side.
"""

from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from accounts.access import access_of
from accounts.models import ApiToken, Membership, Team, User
from accounts.roles import Role
from artifacts.models import AliasEvent, Artifact, ManifestEntry, ProtectedAlias, Version
from artifacts.services.aliases import move_alias
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.services.versions import soft_delete_version
from artifacts.storage.durable import remove_folder
from artifacts.storage.layout import Store
from lineage.services import create_run, use_version
from tests.commands.rebuilding import export_to, rebuild, wipe
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.invariants import broken, untidy
from tests.people import make_token, make_user

LONG_NAME = "深" * 128


def run(command: str, *arguments: str, **options: Any) -> str:
    said = StringIO()
    call_command(command, *arguments, stdout=said, stderr=said, **options)
    return said.getvalue()


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER, "speech": Role.VIEWER})


@pytest.fixture
def both(store: Store, make_version: MakeVersion, ada: User) -> tuple[Version, Version]:
    """``model/m:v1`` of everyone and of the team ``vision``."""
    public = make_version("m", files={"w": b"public", "same": b"1"}, team="everyone")
    private = make_version("m", files={"w": b"private", "same": b"1"}, team="vision")
    return public, private


def home(store: Store, version: Version) -> Path:
    return folder_of(version).relative_to(store.artifacts)


def test_the_folders_lie_apart_and_are_read_only(
    store: Store, both: tuple[Version, Version]
) -> None:
    assert [str(home(store, one)) for one in both] == ["model/m/v1", ".teams/vision/model/m/v1"]
    for one in both:
        for folder in (folder_of(one), folder_of(one) / "files"):
            assert folder.stat().st_mode & 0o777 == 0o555
        assert (folder_of(one) / "files/w").stat().st_mode & 0o222 == 0


def test_rebuild_trees_makes_those_of_teams(store: Store, both: tuple[Version, Version]) -> None:
    for one in both:
        remove_folder(folder_of(one).parent)
    assert run("rebuild_trees") == "2 version folders in place.\n"
    assert [(folder_of(one) / "files/w").read_bytes() for one in both] == [b"public", b"private"]


@pytest.mark.django_db(transaction=True)
def test_a_purged_version_of_a_team_takes_only_its_own_folder(
    store: Store, both: tuple[Version, Version]
) -> None:
    public, private = both
    purge_version(version=private, purged_by=ANYBODY)
    assert (folder_of(public).is_dir(), folder_of(private).exists()) == (True, False)
    folder_of(private).mkdir(parents=True)
    said = [f"folder: that of the purged {private.full_name} is there (collect removes it)"]
    assert findings() == said
    assert "1 leftover removed" in run("collect")
    assert (folder_of(public).is_dir(), folder_of(private).exists()) == (True, False)
    assert broken(store) + untidy(store) == []


def findings() -> list[str]:
    output = StringIO()
    with suppress(SystemExit):
        call_command("check_store", stdout=output)
    return output.getvalue().splitlines()[:-1]


@pytest.mark.django_db(transaction=True)
def test_check_store_looks_into_the_folders_of_teams(
    store: Store, both: tuple[Version, Version]
) -> None:
    assert findings() == []
    remove_folder(folder_of(both[1]))
    (store.teams / "speech/model/x/v3").mkdir(parents=True)
    assert findings() == [
        "folder: that of vision/model/m:v1 is missing (rebuild_trees makes it)",
        "folder: .teams/speech/model/x/v3 is no version's",
    ]


@pytest.fixture
def left(store: Store, both: tuple[Version, Version]) -> Path:
    """What a crash leaves when the team's ``m`` goes to the team ``speech``."""
    version = both[1]
    old, kept = folder_of(version), store.staging / "kept"
    old.rename(kept)
    Artifact.objects.filter(pk=version.artifact_id).update(team=Team.objects.get(name="speech"))
    call_command("rebuild_trees", stdout=StringIO())
    old.parent.mkdir(parents=True, exist_ok=True)
    kept.rename(old)
    return old


@pytest.mark.django_db(transaction=True)
def test_what_is_left_where_an_artifact_was_is_found_and_removed(store: Store, left: Path) -> None:
    (found,) = findings()
    assert found.startswith("folder: .teams/vision/model/m/v1 was left when speech/model/m:v1 went")
    assert found.endswith("(rebuild_trees removes it)")
    assert run("rebuild_trees") == "2 version folders in place.\n"
    assert not left.exists()
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_what_may_be_all_that_is_left_of_a_version_stays(store: Store, left: Path) -> None:
    """Another manifest, or a version that is nowhere whole: no row vouches for it."""
    manifest = left / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes() + b" ")
    assert findings() == ["folder: .teams/vision/model/m/v1 is no version's"]
    run("rebuild_trees")
    assert left.is_dir()


@pytest.mark.django_db(transaction=True)
def test_a_new_artifact_of_that_name_keeps_its_folder(
    store: Store, left: Path, make_version: MakeVersion
) -> None:
    newcomer = make_version("m", files={"w": b"new"}, team="vision")
    assert folder_of(newcomer) == left
    run("rebuild_trees")
    assert (left / "files/w").read_bytes() == b"new"
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_check_store_asks_as_often_for_many_versions(
    both: tuple[Version, Version], make_version: MakeVersion, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        make_version("m", files={"w": b"%d" % number}, team="vision")
    with django_assert_max_num_queries(12 + 2 * Version.objects.count()):  # two for its manifest
        assert findings() == []


def everything() -> dict[str, Any]:
    """What the rows say, by names and not by ids."""
    artifact = ("artifact__team__name", "artifact__type", "artifact__name")
    version = tuple(f"version__{field}" for field in (*artifact, "number"))
    return {
        "artifacts": set(
            Artifact.objects.values_list("team__name", "type", "name", "last_number", "updated_at")
        ),
        "versions": set(
            Version.objects.values_list(
                *artifact, "number", "manifest_sha256", "created_by__username", "created_by_run",
                "description", "deleted_at", "purged_at", "created_at",
            )
        ),
        "entries": set(
            ManifestEntry.objects.values_list(*version, "path", "blob__sha256", "modified_at")
        ),
        "events": set(
            AliasEvent.objects.values_list(
                *artifact, "name", "from_number", "to_number", "comment", "by__username"
            )
        ),
        "protected": set(ProtectedAlias.objects.values_list("pattern", "needs_comment")),
        "teams": set(Team.objects.values_list("name", "description", "quota_bytes", "created_at")),
        "members": set(Membership.objects.values_list("team__name", "user__username", "role")),
        "users": set(User.objects.values_list("username", "is_service", "is_staff")),
        "groups": set(Group.objects.values_list("name", "permissions__codename")),
        "roles": {
            user.username: (access_of(user).role, user.has_perm("accounts.read_artifacts"))
            for user in User.objects.all()
        },
    }  # fmt: skip


@pytest.fixture
def portal(both: tuple[Version, Version], make_version: MakeVersion, ada: User) -> None:
    """Two lines of one name, and people of every kind."""
    _, private = both
    make_user("boss", Role.ADMIN)
    robot = User.objects.create_user("robot", is_service=True)
    robot.user_permissions.add(Permission.objects.get(codename="read_artifacts"))
    make_token(robot)
    Group.objects.create(name="guests").permissions.add(
        Permission.objects.get(codename="read_artifacts")
    )
    Team.objects.filter(name="vision").update(description="eyes", quota_bytes=1000)
    ProtectedAlias.objects.create(pattern="release-*", needs_comment=True)
    for version in both:
        move_alias(artifact=version.artifact, name="production", version=version, moved_by=ada)
    AliasEvent.objects.filter(artifact=private.artifact).update(comment="measured better")
    ManifestEntry.objects.filter(version=private).update(modified_at=private.created_at)
    second = make_version("m", files={"w": b"2"}, team="vision", description="next", created_by=ada)
    third = make_version("m", files={"w": b"3"}, team="vision")
    make_version(LONG_NAME, files={"w": b"long"}, team="vision")
    soft_delete_version(version=second, deleted_by=ada)
    purge_version(version=third, purged_by=ANYBODY)
    run_, _ = create_run(project="p", name="n", created_by=ada, run_id="run-1")
    use_version(run=run_, version=private, used_by=ada)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("portal")
def test_both_lines_come_back_as_they_were(
    store: Store, export: Callable[[], Path], settings: Any
) -> None:
    settings.RUNICORN_ACCESS = "team"
    before = everything()
    assert rebuild(export=export()) == (0, ["5 blobs and 4 versions rebuilt."])
    assert everything() == before
    assert broken(store) + untidy(store) == []
    assert findings() == []
    assert not ApiToken.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("portal")
def test_the_second_export_says_the_same(export: Callable[[], Path]) -> None:
    def lines(path: Path) -> list[str]:
        return sorted(line for line in path.read_text().splitlines() if '"export"' not in line)

    path = export()
    before = lines(path)
    rebuild(export=path)
    assert lines(export_to(path)) == before


@pytest.mark.usefixtures("portal")
def test_an_export_lets_nobody_in(tmp_path: Path) -> None:
    text = export_to(tmp_path / "export.jsonl").read_text()
    token = ApiToken.objects.get()
    for secret in (token.sha256, token.hint, *User.objects.values_list("password", flat=True)):
        assert secret not in text


@pytest.mark.django_db(transaction=True)
def test_without_an_export_what_was_private_stays_so(
    store: Store, both: tuple[Version, Version], settings: Any
) -> None:
    settings.RUNICORN_ACCESS = "team"
    wipe()
    code, said = rebuild()
    assert (code, "who is in which team" in said[0]) == (0, True)
    assert {str(one) for one in Artifact.objects.select_related("team")} == {
        "model/m",
        "vision/model/m",
    }
    assert not Membership.objects.exists()
    stranger = make_user("stranger", Role.MAINTAINER)
    (seen,) = Artifact.objects.visible_to(stranger)
    assert seen.team is None
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_a_shortened_folder_of_a_team_keeps_its_content(
    store: Store, make_version: MakeVersion, ada: User
) -> None:
    make_version(LONG_NAME, team="vision")
    wipe()
    code, said = rebuild()
    assert (code, "vision/model/深" in said[1]) == (1, True)
    artifact = Artifact.objects.select_related("team").get()
    assert (artifact.owner, folder_of(artifact.versions.get()).is_dir()) == ("vision", True)


@pytest.mark.parametrize("name", ["everyone", "No Team", "A"])
def test_a_folder_that_is_no_teams_is_a_loss(
    store: Store, both: tuple[Version, Version], name: str
) -> None:
    (store.teams / "vision").rename(store.teams / name)
    wipe()
    code, said = rebuild()
    assert code == 1
    assert any(line.startswith(f"lost: {name}/model/m: ") for line in said)
    assert [one.team for one in Artifact.objects.all()] == [None]


def test_an_older_export_is_read(
    store: Store, both: tuple[Version, Version], export: Callable[[], Path]
) -> None:
    both[1].artifact.versions.all().delete()
    both[1].artifact.delete()
    remove_folder(store.teams)
    path = export()
    older = path.read_text().replace('"team": null, ', "").replace('"is_service": false, ', "")
    kept = [
        line for line in older.splitlines()
        if not any(f'"kind": "{kind}"' in line for kind in ("group", "team", "membership", "end"))
    ]  # fmt: skip
    kept.append(f'{{"kind": "end", "records": {len(kept) - 1}}}')
    path.write_text("\n".join(kept) + "\n")
    assert rebuild(export=path)[0] == 0
    assert [str(one) for one in Artifact.objects.all()] == ["model/m"]


def test_commands_take_an_artifact_with_its_team(
    store: Store, both: tuple[Version, Version], make_version: MakeVersion
) -> None:
    for name, size in (("model/m", "7"), ("vision/model/m", "8")):
        first = run("estimate_dedup", name).splitlines()[1]
        assert f" {size} B " in first
        assert "looked at" in run("rededup", name)
    for owner in ("vision", "speech"):
        make_version("n", team=owner)
    with pytest.raises(CommandError, match="several teams: say vision/model/n or speech/model/n"):
        run("rededup", "n")
