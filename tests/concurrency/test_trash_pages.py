"""Two people at the trash at the same moment, each through the pages."""

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.utils import timezone

from artifacts.models import Artifact, Version
from artifacts.storage.layout import Store
from tests.concurrency.threads import PATIENCE_SECONDS, run_together, start, wait_until_blocked
from tests.crash.acts import log
from tests.crash.invariants import broken, untidy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(store: Store) -> Version:
    """In the trash, with content of its own."""
    log("model-a", {"a": b"12345"})
    Version.objects.update(deleted_at=timezone.now())
    return Version.objects.get()


def post(deed: str, *versions: Version) -> list[str]:
    """Do it, and what the page then says."""
    ids = [str(version.pk) for version in versions]
    answer = Client().post(f"/trash/{deed}", {"version": ids, "confirmed": "yes"})
    assert answer.status_code == 303, answer.content
    return [str(message) for message in get_messages(answer.wsgi_request)]


def while_locked(deed: Callable[[], list[str]], meanwhile: Callable[[], object]) -> list[str]:
    """What ``deed`` says that waits for the artifact's lock while ``meanwhile`` happens."""
    with transaction.atomic():
        list(Artifact.objects.select_for_update())
        waiting = start(deed)
        wait_until_blocked()
        meanwhile()
    return waiting.result(PATIENCE_SECONDS)


def test_of_two_purges_one_frees_and_the_other_says_so(store: Store, version: Version) -> None:
    one, two = run_together(partial(post, "purge", version), partial(post, "purge", version))
    purged = [said for said in (one, two) if said[0].startswith("Purged model/model-a:v1: 5 B")]
    assert len(purged) == 1, (one, two)
    (other,) = [said for said in (one, two) if said not in purged]
    assert "purged meanwhile" in other[0] or "not in the trash any more" in other[0]
    assert Version.objects.get().status == "purged"
    assert broken(store) + untidy(store) == []


def test_a_purge_that_waited_for_a_restore_leaves_the_version(
    store: Store, version: Version
) -> None:
    restored = partial(Version.objects.update, deleted_at=None, deleted_by=None)
    (said,) = while_locked(partial(post, "purge", version), restored)
    assert said == (
        "model/model-a:v1 stays as it is: "
        "it was restored meanwhile, or one that was chosen with it."
    )
    assert Version.objects.get().status == "ready"
    assert broken(store) + untidy(store) == []


def test_a_restore_that_waited_for_a_purge_says_that_it_is_gone(
    store: Store, version: Version
) -> None:
    def bury() -> None:
        version.entries.all().delete()
        Version.objects.update(
            purged_at=timezone.now(),
            manifest_sha256="",
            size_bytes=0,
            num_files=0,
            commit_id=None,
            metadata={},
            tags=[],
            description="",
        )

    (said,) = while_locked(partial(post, "restore", version), bury)
    assert said == (
        "model/model-a:v1 stays as it is: "
        "it has been purged meanwhile, or one that was chosen with it."
    )
    assert Version.objects.get().status == "purged"


@pytest.mark.parametrize("_", range(5))
def test_purge_against_restore_ends_in_one_of_both(store: Store, version: Version, _: int) -> None:
    purged, restored = run_together(
        partial(post, "purge", version), partial(post, "restore", version)
    )
    status = Version.objects.get().status
    assert status in ("purged", "ready")
    assert purged[0].startswith("Purged") == (status == "purged")
    assert restored[0].startswith("Restored") == (status == "ready")
    assert broken(store) + untidy(store) == []


def test_one_that_is_restored_holds_back_those_purged_with_it(
    store: Store, version: Version
) -> None:
    """Those of one artifact go all or none: the preview that was agreed to holds no more."""
    log("model-a", {"a": b"678"})
    Version.objects.update(deleted_at=timezone.now())
    one, two = Version.objects.order_by("number")
    back = partial(Version.objects.filter(pk=one.pk).update, deleted_at=None)
    said = while_locked(partial(post, "purge", one, two), back)
    assert "stays as it is" in said[0]
    assert [found.status for found in Version.objects.order_by("number")] == ["ready", "deleted"]
