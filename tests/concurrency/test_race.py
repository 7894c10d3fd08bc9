"""Everybody at once for some seconds; then every committed byte must be there."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from artifacts.errors import VersionNotFound
from artifacts.models import Version
from artifacts.services.collect import collect, plan_collection
from artifacts.services.integrity import scrub
from artifacts.services.purge import purge_version
from artifacts.storage.layout import Store
from tests.concurrency.threads import count_deadlocks, run_together
from tests.crash.acts import ANYBODY, log
from tests.crash.invariants import broken, tidy, untidy

SECONDS = 5
CONTENTS = [b"content %d" % number for number in range(12)]


def keep_doing(seed: int, job: Callable[[random.Random], None]) -> int:
    """Do ``job`` again and again for SECONDS; how many times."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return sum(1 for _ in _until(time.monotonic() + SECONDS) if not job(chance))


def _until(deadline: float) -> Iterator[None]:
    while time.monotonic() < deadline:
        yield


def log_some(chance: random.Random) -> None:
    some = chance.sample(CONTENTS, 3)
    files = {f"{number}.bin": content for number, content in enumerate(some)}
    log(f"model-{chance.randrange(4)}", files)


def purge_one(chance: random.Random) -> None:
    ids = list(Version.objects.filter(purged_at=None).values_list("pk", flat=True))
    if len(ids) < 4:
        time.sleep(0.01)
        return
    version = Version.objects.get(pk=chance.choice(ids))
    with suppress(VersionNotFound):  # another one purged it
        purge_version(version=version, purged_by=ANYBODY)


def collect_all(chance: random.Random) -> None:
    collect(plan=plan_collection(min_age=timedelta()))


def scrub_all(chance: random.Random) -> None:
    assert scrub(read_data=True).damaged == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_uploads_commits_purges_collections_and_scrubs_lose_nothing(store: Store) -> None:
    before = count_deadlocks()
    work = [log_some] * 4 + [purge_one] * 3 + [collect_all] * 2 + [scrub_all]
    counts = run_together(*[partial(keep_doing, seed, job) for seed, job in enumerate(work)])
    assert all(counts), counts
    assert count_deadlocks() == before
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []
