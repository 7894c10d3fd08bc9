"""The documents say what the code does."""

from pathlib import Path

import pytest
from django.core.management import get_commands

from artifacts.errors import DomainError
from runicorn_site.api import CODES

ROOT = Path(__file__).parent.parent
OWN_ROOMS = {"accounts", "artifacts", "lineage", "runicorn_site"}


def refusals(kind: type[DomainError] = DomainError) -> list[type[DomainError]]:
    """Every class of refusal below ``kind``."""
    below = kind.__subclasses__()
    return below + [found for one in below for found in refusals(one)]


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.__name__)
def test_every_refusal_is_in_the_table_with_its_status(refusal: type[DomainError]) -> None:
    rows = (ROOT / "docs/errors.md").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{refusal.code}` |")]
    assert str(refusal.status) in row.split("|")[2]


@pytest.mark.parametrize("code", CODES.values())
def test_every_code_of_the_frame_is_in_the_table(code: str) -> None:
    assert f"| `{code}` |" in (ROOT / "docs/errors.md").read_text()


def test_every_command_is_documented() -> None:
    text = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    own = [name for name, app in get_commands().items() if app in OWN_ROOMS]
    assert own
    assert [name for name in own if f"manage.py {name}" not in text] == []


def test_the_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
