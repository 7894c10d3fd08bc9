"""What belongs to a team: who sees it, who writes to it, and what its name means to whom."""

from io import BytesIO
from typing import Any

import pytest

from accounts.models import AuditEvent, Team, User
from accounts.roles import Role
from artifacts.errors import AccessDenied, AmbiguousTeam, Conflict, Invalid, MissingBlobs
from artifacts.models import Artifact, Version
from artifacts.services.blobs import missing_blobs, store_blob
from artifacts.services.teams import assign_team
from artifacts.services.trees import folder_of
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.layout import Store
from artifacts.storage.manifest import Manifest, ManifestEntry
from tests.conftest import sha256_of
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("team", "store")

SECRET = b"weights nobody else may have"


def send(content: bytes, by: User) -> bool:
    """Upload; whether the portal says that it is new."""
    sha256, size = sha256_of(content), len(content)
    _, is_new = store_blob(source=BytesIO(content), sha256=sha256, size_bytes=size, stored_by=by)
    return is_new


def log(by: User, name: str = "m", team: str | None = None, content: bytes = SECRET) -> Version:
    """Upload and commit one file."""
    send(content, by)
    return commit(by, name, team, content)


def commit(by: User, name: str, team: str | None, content: bytes) -> Version:
    entry = ManifestEntry(path="w.bin", sha256=sha256_of(content), size_bytes=len(content))
    draft = VersionDraft(manifest=Manifest(entries=(entry,)))
    version, _ = create_version(type_="model", name=name, draft=draft, created_by=by, team=team)
    return version


@pytest.fixture
def owner() -> User:
    return make_user("owner", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER})


@pytest.fixture
def stranger() -> User:
    return make_user("stranger", Role.MAINTAINER)


def test_a_teams_artifact_exists_for_its_members_and_admins(owner: User, stranger: User) -> None:
    version = log(owner, team="vision")
    viewer = make_user("viewer", None, {"vision": Role.VIEWER})
    admin = make_user("admin", Role.ADMIN)
    for caller, sees in [(owner, True), (viewer, True), (admin, True), (stranger, False)]:
        assert Artifact.objects.visible_to(caller).exists() == sees
        assert Version.objects.visible_to(caller).exists() == sees
        assert bool(Artifact.objects.all().named("m", None, asked_by=caller)) == sees
    assert version.artifact.owner == "vision"


def test_who_has_a_role_in_a_team_only_sees_nothing_else(owner: User) -> None:
    log(owner, team="everyone")
    guest = make_user("guest", None, {"speech": Role.MAINTAINER})
    assert not Artifact.objects.visible_to(guest).exists()


def test_a_hidden_name_is_free_and_stays_the_teams_for_its_members(
    owner: User, stranger: User
) -> None:
    private = log(owner, team="vision")
    public = log(stranger, content=b"other")
    assert (private.number, public.number) == (1, 1)
    assert public.artifact != private.artifact
    meant = {
        caller: Artifact.objects.all().named("m", None, asked_by=caller)
        for caller in (owner, stranger)
    }
    assert meant == {owner: [private.artifact], stranger: [public.artifact]}
    assert log(owner, content=b"next").artifact == private.artifact
    assert log(owner, team="everyone", content=b"n").artifact == public.artifact


def test_to_an_admin_everyones_stands_before_a_team_he_is_not_in(
    owner: User, stranger: User
) -> None:
    log(owner, team="vision")
    public = log(stranger)
    admin = make_user("admin", Role.ADMIN)
    assert Artifact.objects.all().named("m", None, asked_by=admin) == [public.artifact]


def test_a_write_to_what_two_teams_have_must_say_which(owner: User) -> None:
    both = make_user("both", None, {"vision": Role.MAINTAINER, "speech": Role.MAINTAINER})
    log(both, team="vision")
    log(both, team="speech")
    with pytest.raises(AmbiguousTeam) as refusal:
        log(both)
    assert refusal.value.extra == {"teams": ["vision", "speech"]}


def test_new_artifacts_go_to_everyone_or_to_the_one_team_one_may_log_in(owner: User) -> None:
    assert log(owner).artifact.team is None
    guest = make_user("guest", None, {"vision": Role.CONTRIBUTOR})
    assert log(guest, "g").artifact.owner == "vision"
    both = make_user("both", None, {"vision": Role.CONTRIBUTOR, "speech": Role.CONTRIBUTOR})
    with pytest.raises(Invalid, match="speech, vision"):
        log(both, "b")


@pytest.mark.parametrize("name", ["vision", "nowhere"])
def test_a_team_one_is_not_in_is_answered_like_one_that_is_not(
    owner: User, stranger: User, name: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        log(stranger, team=name)
    assert refusal.value.extra == {"errors": {"team": [f"'{name}' is no team of yours"]}}


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.CONTRIBUTOR, True)])
def test_a_version_needs_a_contributor_of_the_team(role: Role, may: bool) -> None:
    caller = make_user("caller", Role.CONTRIBUTOR, {"vision": role})
    if role == Role.VIEWER:
        caller = make_user("viewer", Role.VIEWER, {"vision": role})
        with pytest.raises(AccessDenied):
            log(caller, team="vision")
    else:
        assert log(caller, team="vision").number == 1


def test_a_digest_alone_gives_nobody_the_content(owner: User, stranger: User) -> None:
    log(owner, team="vision")
    sha256 = sha256_of(SECRET)
    assert missing_blobs(sha256s=[sha256], asked_by=stranger) == [sha256]
    with pytest.raises(MissingBlobs):
        commit(stranger, "stolen", None, SECRET)


def test_who_sends_what_is_hidden_is_answered_as_if_it_were_new(
    owner: User, stranger: User
) -> None:
    log(owner, team="vision")
    assert [send(SECRET, stranger), send(SECRET, stranger)] == [True, False]
    assert missing_blobs(sha256s=[sha256_of(SECRET)], asked_by=stranger) == []
    assert commit(stranger, "mine", None, SECRET).number == 1


def test_the_folder_of_a_teams_version_is_the_teams(owner: User, store: Store) -> None:
    folder = folder_of(log(owner, team="vision"))
    assert folder == store.artifacts / ".teams/vision/model/m/v1"


@pytest.mark.django_db(transaction=True)
def test_an_artifact_goes_to_a_team_with_its_folders(owner: User, store: Store) -> None:
    boss = make_user("boss", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    version = log(owner)
    before = folder_of(version)
    assert (before / "files/w.bin").read_bytes() == SECRET
    assigned = assign_team(artifact=version.artifact, team=Team.objects.get(), assigned_by=boss)
    after = folder_of(Version.objects.get())
    assert (before.exists(), (after / "files/w.bin").read_bytes()) == (False, SECRET)
    assert assigned.owner == "vision"
    event = AuditEvent.objects.get(action="artifact.assign")
    assert (event.before, event.after) == ({"team": "everyone"}, {"team": "vision"})


def test_the_log_tells_each_team_what_it_got_and_what_it_lost(owner: User) -> None:
    artifact = log(owner, team="vision").artifact
    boss = make_user("boss", Role.ADMIN)
    speech = Team.objects.create(name="speech")
    for team in (speech, None):
        assign_team(artifact=artifact, team=team, assigned_by=boss)
    rows = AuditEvent.objects.filter(action="artifact.assign").order_by("id")
    kept = [(row.team, row.before["team"], row.after["team"], row.object) for row in rows]
    assert kept == [
        ("vision", "vision", "speech", "vision/model/m"),
        ("speech", "vision", "speech", "speech/model/m"),
        ("speech", "speech", "everyone", "speech/model/m"),
    ]


def test_who_gives_an_artifact_away_maintains_both_ends(owner: User, stranger: User) -> None:
    artifact = log(owner, team="vision").artifact
    with pytest.raises(AccessDenied):
        assign_team(artifact=artifact, team=None, assigned_by=owner)
    with pytest.raises(AccessDenied):
        assign_team(artifact=artifact, team=None, assigned_by=stranger)


def test_a_name_that_is_taken_there_is_a_conflict(owner: User, stranger: User) -> None:
    private = log(owner, team="vision").artifact
    log(stranger)
    admin = make_user("admin", Role.ADMIN)
    with pytest.raises(Conflict, match="everyone's"):
        assign_team(artifact=private, team=None, assigned_by=admin)
    assert Artifact.objects.get(pk=private.pk).owner == "vision"


def test_in_open_mode_everybody_sees_the_teams_too(owner: User, settings: Any) -> None:
    log(owner, team="vision")
    settings.RUNICORN_ACCESS = "open"
    assert Artifact.objects.visible_to(owner).count() == 1
