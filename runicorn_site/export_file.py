"""An export as a file: JSON lines, from a header to an end that counts them.

::

    {"kind": "export", "format": 1, "store": "5f…", "exported_at": "2026-01-01T00:00:00+00:00"}
    {"kind": "artifact", "type": "model", "name": "resnet", "last_number": 3, …}
    …
    {"kind": "end", "records": 1234}

A file without its end was cut off and is refused.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from artifacts.storage.layout import folder_name

Record = dict[str, Any]

FORMAT = 1


class ExportFileError(Exception):
    """The file is no whole export that this release can read; the text says why."""


@dataclass
class ExportContents:
    """What an export is about: ``names`` tells which artifact a folder of the store is.

    Its keys are (team, type, folder), with an empty team for what is everyone's.
    """

    store_id: str
    records: int = 0
    names: dict[tuple[str, str, str], str] = field(default_factory=dict)


def write_export(path: Path, records: Iterable[Record], *, store_id: uuid.UUID) -> int:
    """Write ``records`` to ``path``, which gets its name only when all is on disk.

    Returns how many. The file is readable by its owner alone: it tells who did what.
    """
    part = path.with_name(f".part-{path.name}")
    count = 0
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(_line(_header(store_id)))
            for record in records:
                file.write(_line(record))
                count += 1
            file.write(_line({"kind": "end", "records": count}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _header(store_id: uuid.UUID) -> Record:
    moment = timezone.now().isoformat()
    return {"kind": "export", "format": FORMAT, "store": str(store_id), "exported_at": moment}


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def check_export(path: Path) -> ExportContents:
    """Read all of ``path`` once; raises ExportFileError unless it is a whole export."""
    lines = _lines(path)
    header: Record = next(lines, {})
    if header.get("kind") != "export" or header.get("format") != FORMAT:
        raise ExportFileError(f"{path} is no export of format {FORMAT}.")
    contents = ExportContents(store_id=str(header.get("store")))
    last: Record = {}
    for last in lines:
        contents.records += 1
        if last.get("kind") == "artifact":
            key = (last.get("team") or "", last["type"], folder_name(last["name"]))
            contents.names[key] = last["name"]
    contents.records -= 1  # the end
    if last.get("kind") != "end" or last.get("records") != contents.records:
        raise ExportFileError(f"{path} is not whole: its last line is missing.")
    return contents


def read_export(path: Path) -> Iterator[Record]:
    """The records of an export that :func:`check_export` has found whole."""
    for record in _lines(path):
        if record["kind"] not in {"export", "end"}:
            yield record


def _lines(path: Path) -> Iterator[Record]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield _parse(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise ExportFileError(f"Cannot read {path}: {error}.") from error


def _parse(path: Path, number: int, line: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ExportFileError(f"{path}, line {number}: {error}.") from None
    if not isinstance(record, dict) or "kind" not in record:
        raise ExportFileError(f"{path}, line {number}: no record.")
    return record
