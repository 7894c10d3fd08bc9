"""What content takes on disk, told to those who do not see everything."""

import pytest

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.errors import QuotaExceeded
from artifacts.known import sql_values
from artifacts.models import Blob, BlobUpload, Version
from artifacts.services.claims import leans_of
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.limits import held_by, used_bytes
from artifacts.services.purge import purge_version
from artifacts.services.seen import seen_bytes, seen_freed_bytes, seen_sizes
from artifacts.services.space import measure_version, pool_bytes
from tests.artifacts.test_teams import commit, log, send
from tests.checkpoints import checkpoint
from tests.conftest import sha256_of
from tests.people import fresh, make_user

pytestmark = [
    pytest.mark.usefixtures("team", "store"),
    pytest.mark.django_db(transaction=True),
]

FIRST, SECOND, THIRD = (checkpoint(number) for number in range(3))


@pytest.fixture
def owner() -> User:
    return make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})


@pytest.fixture
def stranger() -> User:
    return make_user("stranger", Role.MAINTAINER)


@pytest.fixture
def admin() -> User:
    return make_user("admin", Role.ADMIN)


@pytest.fixture
def maker() -> User:
    """In two teams that do not see each other's; everyone's is nothing to him."""
    return make_user("maker", None, {"vision": Role.MAINTAINER, "drawing": Role.MAINTAINER})


def row(content: bytes) -> Blob:
    found: Blob = Blob.objects.get(sha256=sha256_of(content))
    return found


def exclusive(version: Version, asked_by: User) -> int:
    return exclusive_bytes(versions=[version], asked_by=fresh(asked_by))


def test_what_hidden_versions_keep_comes_free_for_who_does_not_see_them(
    owner: User, stranger: User, admin: User
) -> None:
    log(owner, "m", team="vision", content=b"both")
    mine = log(stranger, "mine", content=b"both")
    assert (exclusive(mine, stranger), exclusive(mine, admin)) == (4, 0)
    assert purge_version(version=mine, purged_by=stranger) == 4
    assert Blob.objects.get().size_bytes == 4


def test_admins_are_told_what_really_came_free(owner: User, stranger: User, admin: User) -> None:
    log(owner, "m", team="vision", content=b"both")
    mine = log(stranger, "mine", content=b"both")
    assert purge_version(version=mine, purged_by=admin) == 0


def test_what_other_versions_he_sees_list_does_not(stranger: User) -> None:
    first, second = (log(stranger, name, content=b"both") for name in ("a", "b"))
    assert exclusive(first, stranger) == 0
    assert seen_freed_bytes([first.pk, second.pk], sql_values(stranger)) == 4


def test_a_base_that_hidden_content_leans_on_comes_free_as_a_whole(
    owner: User, stranger: User, admin: User
) -> None:
    base = log(stranger, "mine", content=FIRST)
    log(owner, "m", team="vision", content=SECOND)
    assert leans_of(row(SECOND)).keys() == {sha256_of(FIRST)}
    assert exclusive(base, stranger) == len(FIRST)
    assert exclusive(base, admin) < len(FIRST)
    assert purge_version(version=base, purged_by=stranger) == len(FIRST)


def test_of_a_base_that_he_leans_on_himself_what_it_lends_stays(stranger: User) -> None:
    base = log(stranger, "mine", content=FIRST)
    log(stranger, "mine", content=SECOND)
    lent = leans_of(row(SECOND))[sha256_of(FIRST)]
    assert exclusive(base, stranger) == len(FIRST) - lent > 0
    log(stranger, "mine", content=THIRD)
    assert exclusive(base, stranger) == 0, "never less than nothing"


def test_what_goes_together_counts_together(stranger: User) -> None:
    versions = [log(stranger, "mine", content=content) for content in (FIRST, SECOND)]
    known = sql_values(stranger)
    freed = seen_freed_bytes([version.pk for version in versions], known)
    assert freed == pool_bytes(stranger) == seen_bytes(Blob.objects.all(), known)
    assert freed == len(FIRST) + len(SECOND) - leans_of(row(SECOND))[sha256_of(FIRST)]


def test_recipes_count_for_those_who_see_everything(stranger: User, admin: User) -> None:
    log(stranger, "mine", content=FIRST)
    version = log(stranger, "mine", content=SECOND)
    lent = leans_of(row(SECOND))[sha256_of(FIRST)]
    assert measure_version(version, stranger).physical_bytes == len(SECOND) - lent
    assert measure_version(version, admin).physical_bytes == row(SECOND).physical_bytes


def test_content_stored_before_out_of_sight_counts_as_his_own_upload(
    owner: User, stranger: User, admin: User
) -> None:
    log(owner, "m", team="vision", content=SECOND)
    log(stranger, "mine", content=FIRST)
    version = log(stranger, "mine", content=SECOND)
    plan = BlobUpload.objects.get(user=stranger, blob=row(SECOND)).plan
    assert plan is not None
    assert plan.keys() == {sha256_of(FIRST)}
    seen, lent = measure_version(version, fresh(stranger)), sum(plan.values())
    assert (seen.shared_bytes, seen.physical_bytes) == (lent, len(SECOND) - lent)
    assert measure_version(version, admin).physical_bytes == len(SECOND)


def test_so_it_does_for_those_who_see_his_version(owner: User, stranger: User) -> None:
    log(owner, "m", team="vision", content=SECOND)
    log(stranger, "mine", content=FIRST)
    version = log(stranger, "mine", content=SECOND)
    reader = make_user("reader", Role.VIEWER)
    assert measure_version(version, reader) == measure_version(version, fresh(stranger))
    assert measure_version(version, reader).shared_bytes > 0


def test_who_knew_of_it_has_no_plan(owner: User) -> None:
    log(owner, "m", team="vision", content=SECOND)
    send(SECOND, owner)
    assert BlobUpload.objects.get().plan is None


def test_what_leans_on_hidden_content_becomes_whole_for_who_sends_it(
    owner: User, stranger: User
) -> None:
    hidden = log(owner, "m", team="vision", content=FIRST)
    log(owner, "m", team="vision", content=SECOND)
    assert row(SECOND).layout == Blob.Layout.EXTENTS
    assert send(SECOND, stranger)
    stored = row(SECOND)
    assert (stored.layout, leans_of(stored)) == (Blob.Layout.FILE, {})
    assert purge_version(version=hidden, purged_by=owner) == len(FIRST)


def test_what_leans_as_his_upload_would_stays(owner: User, stranger: User) -> None:
    log(stranger, "mine", content=FIRST)
    log(owner, "m", team="vision", content=SECOND)
    before = row(SECOND)
    send(SECOND, stranger)
    assert row(SECOND).place == before.place
    assert BlobUpload.objects.get(user=stranger, blob=before).plan is None


def test_a_quota_counts_what_hidden_content_lends(owner: User, maker: User) -> None:
    log(owner, "m", team="vision", content=FIRST)
    log(maker, "line", team="drawing", content=SECOND)
    drawing = Team.objects.get(name="drawing")
    assert row(SECOND).layout == Blob.Layout.EXTENTS
    stranger = make_user("stranger", Role.VIEWER)
    assert used_bytes(held_by(drawing), drawing, stranger) == len(SECOND)
    assert seen_sizes([row(SECOND).pk], sql_values(stranger)) == {row(SECOND).pk: (len(SECOND), 0)}


def test_a_commit_that_leans_on_what_others_hide_meets_the_quota(owner: User, maker: User) -> None:
    log(owner, "m", team="vision", content=FIRST)
    send(SECOND, maker)
    Team.objects.filter(name="drawing").update(quota_bytes=len(SECOND) // 2)
    with pytest.raises(QuotaExceeded):
        commit(maker, "line", "drawing", SECOND)
