"""Content that leans on content, logged, purged, collected, compacted and read at the same time."""

import random
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from artifacts.errors import Corrupted, MissingBlobs, VersionNotFound
from artifacts.models import Blob, ManifestEntry, Version
from artifacts.services.collect import collect, plan_collection
from artifacts.services.contents import open_blob
from artifacts.services.integrity import scrub
from artifacts.services.publishing import PlanChanged
from artifacts.services.purge import purge_version
from artifacts.storage.layout import Store
from tests.concurrency.test_race import keep_doing
from tests.concurrency.threads import count_deadlocks, run_together
from tests.conftest import sha256_of
from tests.crash.acts import ANYBODY, commit, upload
from tests.crash.invariants import broken, tidy, untidy
from tests.leaning import blocks, lean

LETTERS = "abcdefghijkl"


def log_leaning(chance: random.Random, stored: list[str]) -> None:
    letters = "".join(chance.sample(LETTERS, chance.randint(3, 8)))
    bases = chance.sample(stored, min(len(stored), 2))
    # What is planned with may be gone, changed or on its way out: then it is stored as it is.
    with suppress(PlanChanged, Corrupted, Blob.DoesNotExist):
        lean(letters, *bases)
    while True:
        upload(blocks(letters))
        with suppress(MissingBlobs):
            commit(f"model-{chance.randrange(3)}", {"a.bin": blocks(letters)})
            break
    stored.append(letters)


def purge_one(chance: random.Random) -> None:
    ids = list(Version.objects.filter(purged_at=None).values_list("pk", flat=True))
    if len(ids) < 4:
        time.sleep(0.01)
        return
    with suppress(VersionNotFound):  # another one purged it
        purge_version(version=Version.objects.get(pk=chance.choice(ids)), purged_by=ANYBODY)


def collect_all(chance: random.Random) -> None:
    collect(plan=plan_collection(min_age=timedelta()))


def read_one(chance: random.Random) -> None:
    entries = ManifestEntry.objects.filter(version__purged_at=None).select_related("blob")
    entry = chance.choice(list(entries) or [None])
    if entry is None:
        return
    try:
        with open_blob(entry.blob) as reader:
            assert sha256_of(reader.read()) == entry.blob.sha256
    except Corrupted:
        assert not ManifestEntry.objects.filter(pk=entry.pk).exists()  # purged meanwhile


def scrub_all(chance: random.Random) -> None:
    assert scrub(read_data=True).damaged == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_leans_is_never_robbed(store: Store) -> None:
    before, stored = count_deadlocks(), list[str]()
    logging = partial(log_leaning, stored=stored)
    work = [logging] * 3 + [purge_one] * 2 + [collect_all, scrub_all] + [read_one] * 2
    counts = run_together(*[partial(keep_doing, seed, job) for seed, job in enumerate(work)])
    assert all(counts), counts
    assert count_deadlocks() == before
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []
