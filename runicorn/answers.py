"""What a server says of versions, checked before any of it becomes the name of a file here.

A server that was taken over, or something else under its address, must not reach what lies beside
the cache and the folders of downloads. Paths of files are checked where they are placed
(:mod:`runicorn.placing`).
"""

import math
from collections.abc import Mapping
from typing import Any

from runicorn import rules
from runicorn.errors import IntegrityError

Json = Mapping[str, Any]

LONGEST_AGO, FARTHEST_OFF = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999 in epoch seconds: what the server takes, and what a filesystem can keep."""


def check_version(detail: Json) -> None:
    """Raise :class:`IntegrityError` unless name, type, team, number and aliases are such."""
    try:
        rules.check_name(detail["name"])
        rules.check_type(detail["type"])
        rules.check_team(detail.get("team") or rules.EVERYONE)
        _check_number(detail["version"])
        _check_aliases(detail.get("aliases", []))
    except ValueError as error:
        raise IntegrityError(f"The server names no possible version: {error}") from error


def check_file(item: Json) -> None:
    """Raise :class:`IntegrityError` unless digest, size and time of a file are such."""
    try:
        rules.check_digest(item["digest"])
        _check_size(item["size"])
        _check_time(item.get("modified_at"))
    except ValueError as error:
        raise IntegrityError(f"The server names no possible file: {error}") from error


def check_time(value: object) -> float | None:
    """Epoch seconds, or None; raises :class:`IntegrityError` for anything else."""
    try:
        _check_time(value)
    except ValueError as error:
        raise IntegrityError(f"The server names no possible time: {error}") from error
    return value  # type: ignore[return-value]


def _check_number(value: object) -> None:
    if type(value) is not int or value < 0:
        raise ValueError(f"the version {str(value)[:80]!r} is no number")


def _check_aliases(value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"the aliases {str(value)[:80]!r} are no names")


def _check_size(value: object) -> None:
    if type(value) is not int or value < 0:
        raise ValueError(f"the size {str(value)[:80]!r} is no number of bytes")


def _check_time(value: object) -> None:
    is_number = type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]
    if value is not None and not (is_number and LONGEST_AGO <= value <= FARTHEST_OFF):  # type: ignore[operator]
        raise ValueError(f"the time {str(value)[:80]!r} is no epoch seconds")
