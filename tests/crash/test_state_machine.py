"""Any order of writes, crashes, damage and repair: every live digest verifies after it.

A model of what ought to be there (contents by version) runs beside the portal; what a crash would
leave is made directly, because the crashes themselves have tests of their own.
"""

from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies
from hypothesis.stateful import (
    consumes,
    rule,
    run_state_machine_as_test,
)

from artifacts.errors import MissingBlobs
from artifacts.models import Blob, Version
from artifacts.services.integrity import scrub
from artifacts.services.purge import purge_version
from artifacts.storage import pool
from tests.conftest import digest_of, sha256_of
from tests.crash.acts import ANYBODY, commit, upload
from tests.crash.invariants import broken, damage, pool_bytes, tidy, untidy
from tests.crash.machine import PortalMachine

CONTENTS = [b"", *(b"content"[:number] for number in range(2, 8))]
contents = strategies.sampled_from(CONTENTS)


class Portal(PortalMachine):
    """The writes of the portal, one at a time."""

    @rule(content=contents)
    def put(self, content: bytes) -> None:
        """Upload; this heals what a scrub has found, and what is torn or gone."""
        upload(content)
        assert self._is_sound(content)

    @rule(target=PortalMachine.versions, some=strategies.sets(contents, min_size=1, max_size=4))
    def log(self, some: set[bytes]) -> Version:
        """Upload what is missing and commit."""
        files = {f"{number}.bin": content for number, content in enumerate(sorted(some))}
        try:
            version = commit("model-a", files)
        except MissingBlobs as refusal:
            for content in some:
                if digest_of(content) in refusal.extra["missing"]:
                    self.put(content)
            version = commit("model-a", files)
        self.held[version.pk] = some
        return version

    @rule(version=consumes(PortalMachine.versions))
    def purge(self, version: Version) -> None:
        """Remove for ever."""
        purge_version(version=version, purged_by=ANYBODY)
        del self.held[version.pk]

    @rule()
    def collect(self) -> None:
        """What the operator does."""
        tidy(self.store)
        assert untidy(self.store) == []

    @rule(content=contents)
    def crash_after_link(self, content: bytes) -> None:
        """A file without a row."""
        upload(content)
        blob = Blob.objects.get(sha256=sha256_of(content))
        if not blob.entries.exists():
            blob.delete()

    @rule(content=contents)
    def crash_in_collection(self, content: bytes) -> None:
        """A row without a file, which lies in the trash."""
        for blob in Blob.objects.orphaned().filter(sha256=sha256_of(content)):
            pool.move_aside(self.store, blob.place)

    @rule(content=contents.filter(bool))
    def spoil(self, content: bytes) -> None:
        """Damage stored content, and let a scrub find it."""
        if self._is_sound(content):
            damage(self.store, content)
            scrub(read_data=True)
            self.spoiled.add(sha256_of(content))

    def _is_sound(self, content: bytes) -> bool:
        return pool.verify_blob(self.store, sha256_of(content), len(content))

    def teardown(self) -> None:
        """Heal everything: then all that versions hold is there, and nothing else."""
        if not hasattr(self, "store"):
            return
        held = set().union(*self.held.values())
        for content in held:
            upload(content)
        tidy(self.store)
        assert broken(self.store) + untidy(self.store) == []
        assert not Version.objects.exclude(corrupted_at=None).exists()
        assert Version.objects.filter(pk__in=self.held, purged_at=None).count() == len(self.held)
        assert pool_bytes(self.store) == sum(map(len, held))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order_nothing_is_lost(tmp_path: Path, settings: Any) -> None:
    Portal.root, Portal.django_settings = tmp_path, settings
    bounds = hypothesis.settings(
        max_examples=15, stateful_step_count=25, deadline=None, database=None
    )
    run_state_machine_as_test(Portal, settings=bounds)
