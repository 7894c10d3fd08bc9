"""What tests of commands share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rebuilding import export_to, wipe


@pytest.fixture
def export(tmp_path: Path) -> Callable[[], Path]:
    """Export, then lose the database; gives the file."""

    def export_and_wipe() -> Path:
        path = export_to(tmp_path / "export.jsonl")
        wipe()
        return path

    return export_and_wipe
