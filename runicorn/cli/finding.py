"""What one check of ``runicorn doctor`` found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """The answer of one check; ``advice`` is what to do about it, empty where nothing is."""

    check: str
    status: Status
    summary: str
    advice: str = ""
