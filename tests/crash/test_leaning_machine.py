"""Any order of writes, deletions, damage and leftovers where content leans on content.

As ``test_state_machine``, for content of blocks (``tests.leaning``): each upload leans on what is
there at that moment, so deletions leave remains, and collections compact them.
"""

import shutil
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

from artifacts.models import Blob, Version
from artifacts.services.contents import open_blob
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.integrity import is_sound, scrub
from artifacts.services.purge import purge_version
from artifacts.services.store import current_store
from artifacts.storage import pool
from artifacts.storage.content import has_bytes
from artifacts.storage.layout import REMAINS, physical_path
from tests.conftest import sha256_of
from tests.crash.acts import ANYBODY, commit, upload
from tests.crash.invariants import broken, damage, pool_bytes, tidy, untidy
from tests.crash.machine import PortalMachine
from tests.leaning import blocks, lean

FAMILY = ["abcdefgh", "abcdefgx", "xbcdefgh", "efghabcd", "ghxyz", "aabbccdd", "yzyzabgh"]
letters = strategies.sampled_from(FAMILY)


def find_row(text: str) -> Blob | None:
    found: Blob | None = Blob.objects.filter(sha256=sha256_of(blocks(text))).first()
    return found


def leftover_of(blob: Blob) -> Path:
    """Where a compaction that dies before its commit leaves its file."""
    store = current_store()
    return store.extents_path(blob.sha256, blob.generation + 1)


class LeaningPortal(PortalMachine):
    """The writes of the portal, one at a time."""

    @rule(text=letters)
    def put(self, text: str) -> None:
        """Upload: new content leans on what is there, and what is known is touched or healed."""
        bases = [other for other in FAMILY if other != text and self._lends(other)]
        if find_row(text) is None and bases:
            lean(text, *bases)
        else:
            upload(blocks(text))
        row = find_row(text)
        assert row is not None
        assert is_sound(self.store, row)

    def _lends(self, text: str) -> bool:
        row = find_row(text)
        return row is not None and row.damaged_at is None and has_bytes(self.store, row.place)

    @rule(target=PortalMachine.versions, some=strategies.sets(letters, min_size=1, max_size=3))
    def log(self, some: set[str]) -> Version:
        """Upload and commit."""
        for text in sorted(some):
            self.put(text)
        version = commit("model-a", {f"{text}.bin": blocks(text) for text in sorted(some)})
        self.held[version.pk] = some
        return version

    @rule(version=consumes(PortalMachine.versions))
    def purge(self, version: Version) -> None:
        """Remove for ever: as much as was said before, and the disk agrees."""
        before, said = pool_bytes(self.store), exclusive_bytes(versions=[version], asked_by=ANYBODY)
        freed = purge_version(version=version, purged_by=ANYBODY)
        del self.held[version.pk]
        if not self.spoiled:  # what is damaged is not compacted, and known only once it is read
            assert before - pool_bytes(self.store) == said == freed

    @rule()
    def collect(self) -> None:
        """What the operator does."""
        tidy(self.store)
        if not Blob.objects.exclude(damaged_at=None).exists():  # beside damage everything stays
            assert untidy(self.store) == []

    @rule(text=letters)
    def crash_after_link(self, text: str) -> None:
        """A file without a row."""
        row = find_row(text)
        if row is not None and row in Blob.objects.orphaned():
            row.delete()

    @rule(text=letters)
    def crash_in_collection(self, text: str) -> None:
        """A row without a file, which lies in the trash."""
        row = find_row(text)
        if row is not None and row in Blob.objects.orphaned():
            pool.move_many_aside(self.store, [row.place])

    @rule(text=letters)
    def crash_in_compaction(self, text: str) -> None:
        """A file of the next generation that no row names."""
        row = find_row(text)
        if row is not None and physical_path(self.store, row.place).exists():
            shutil.copy(physical_path(self.store, row.place), leftover_of(row))

    @rule(text=letters)
    def spoil(self, text: str) -> None:
        """Damage stored content, and let a scrub find all that it spoils."""
        row = find_row(text)
        if row is not None and is_sound(self.store, row):
            damage(self.store, blocks(text))
            scrub(read_data=True)
            damaged = Blob.objects.exclude(damaged_at=None)
            self.spoiled |= set(damaged.values_list("sha256", flat=True))
            assert row.sha256 in self.spoiled

    def teardown(self) -> None:
        """Heal everything: then every version reads as it was logged, and nothing else is there."""
        if not hasattr(self, "store"):
            return
        for text in sorted(set().union(*self.held.values())):
            self.put(text)
        scrub(read_data=True)
        for row in Blob.objects.filter(layout=REMAINS).exclude(damaged_at=None):
            upload_again(row)
        tidy(self.store)
        tidy(self.store)  # what lay beside a damaged file has no row any more, now that it is gone
        assert broken(self.store) + untidy(self.store) == []
        assert Version.objects.ready().count() <= len(self.held)
        assert not Version.objects.exclude(corrupted_at=None).exists()
        for texts in self.held.values():
            for text in texts:
                assert read(text) == blocks(text)
        held = set().union(*self.held.values())
        assert set(Blob.objects.exclude(layout=REMAINS).values_list("sha256", flat=True)) >= {
            sha256_of(blocks(text)) for text in held
        }


def upload_again(row: Blob) -> None:
    """Content of which damaged remains are left is healed by sending it again, as any other."""
    (text,) = (text for text in FAMILY if sha256_of(blocks(text)) == row.sha256)
    upload(blocks(text))


def read(text: str) -> bytes:
    row = find_row(text)
    assert row is not None
    with open_blob(row) as reader:
        return reader.read()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_whatever_happens_to_content_that_leans_nothing_is_lost(
    tmp_path: Path, settings: Any
) -> None:
    LeaningPortal.root, LeaningPortal.django_settings = tmp_path, settings
    bounds = hypothesis.settings(
        max_examples=10, stateful_step_count=20, deadline=None, database=None
    )
    run_state_machine_as_test(LeaningPortal, settings=bounds)
