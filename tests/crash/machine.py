"""What the state machines of the portal have in common: they begin empty and lose nothing."""

from pathlib import Path
from typing import Any

from django.db import connection
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from artifacts.models import Blob, Version
from artifacts.services.store import current_store, prepare_store
from artifacts.services.versions import restore_version, soft_delete_version
from tests.crash.acts import ANYBODY
from tests.crash.invariants import broken


class PortalMachine(RuleBasedStateMachine):
    """The writes of the portal, one at a time.

    ``held`` says what each version ought to hold, ``spoiled`` which contents (sha256) were damaged.
    """

    root: Path
    django_settings: Any
    examples = 0
    versions: Bundle[Version] = Bundle("versions")

    @initialize()
    def begin(self) -> None:
        """An empty store and no rows."""
        PortalMachine.examples += 1
        _empty_tables()
        self.django_settings.RUNICORN_STORAGE_ROOT = self.root / str(PortalMachine.examples)
        prepare_store()
        self.store = current_store()
        self.held: dict[int, set[Any]] = {}
        self.spoiled: set[str] = set()

    @rule(version=versions)
    def soft_delete(self, version: Version) -> None:
        """Hide; the content stays."""
        soft_delete_version(version=version, deleted_by=ANYBODY)

    @rule(version=versions)
    def restore(self, version: Version) -> None:
        """Show again."""
        restore_version(version=version, restored_by=ANYBODY)

    @precondition(lambda self: hasattr(self, "store"))
    @invariant()
    def nothing_is_lost(self) -> None:
        """The invariants of docs/storage.md; and nothing is condemned that was not spoiled."""
        assert broken(self.store) == []
        damaged = Blob.objects.exclude(damaged_at=None).values_list("sha256", flat=True)
        assert set(damaged) <= self.spoiled


def _empty_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE artifacts_storeidentity, artifacts_blob, artifacts_artifact CASCADE"
        )
