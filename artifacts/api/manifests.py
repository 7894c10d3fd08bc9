"""A commit's files and references: from JSON to a checked :class:`Manifest`.

By hand and not by nested serializers: a manifest may name 100 000 files.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from artifacts.api.values import MAX_SIZE_BYTES
from artifacts.descriptions import as_stored, check_metadata, is_storable
from artifacts.errors import Invalid
from artifacts.names import check_digest, check_path, find_path_clash
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference

Row = TypeVar("Row")

MAX_FILES = 1_000_000
MAX_REFERENCE_CHARACTERS = 8192
MAX_ERRORS = 20


def parse_manifest(body: dict[str, Any]) -> Manifest:
    """The manifest in ``body["files"]`` and ``body["references"]``.

    Raises Invalid (400), which names each wrong field, such as ``files.0.path``; twenty at most.
    """
    entries = _parse_list(body, "files", _parse_file)
    references = _parse_list(body, "references", _parse_reference)
    clash = find_path_clash([entry.path for entry in entries])
    if clash is not None:
        path, why = clash
        raise Invalid({"files": [f"{path!r} {why}"]})
    return Manifest(entries=tuple(entries), references=tuple(references))


def _parse_list(
    body: dict[str, Any], name: str, parse: Callable[[dict[str, Any]], Row]
) -> list[Row]:
    rows = body.get(name, [])
    if not isinstance(rows, list) or len(rows) > MAX_FILES:
        raise Invalid({name: [f"must be an array of at most {MAX_FILES} objects"]})
    parsed: list[Row] = []
    errors: dict[str, list[str]] = {}
    for position, row in enumerate(rows):
        try:
            parsed.append(parse(_as_object(row)))
        except FieldError as error:
            errors[".".join(filter(None, [name, str(position), error.field]))] = [error.message]
            if len(errors) == MAX_ERRORS:
                break
    if errors:
        raise Invalid(errors)
    return parsed


class FieldError(ValueError):
    """One field of one row is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _as_object(row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise FieldError("", "must be an object")
    return row


def _parse_file(row: dict[str, Any]) -> ManifestEntry:
    return ManifestEntry(
        path=_checked(row, "path", check_path),
        sha256=_checked(row, "digest", check_digest),
        size_bytes=_size(row, "size"),
        modified_at=_moment(row, "modified_at"),
    )


def _checked(row: dict[str, Any], field: str, check: Callable[[str], str]) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        raise FieldError(field, "must be a string")
    try:
        return check(value)
    except ValueError as error:
        raise FieldError(field, str(error)) from None


def _size(row: dict[str, Any], field: str) -> int:
    value = row.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SIZE_BYTES:
        raise FieldError(field, "must be a whole number of bytes from 0")
    return value


def _moment(row: dict[str, Any], field: str) -> float | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FieldError(field, "must be seconds since the epoch")
    try:
        return datetime.fromtimestamp(value, tz=UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        raise FieldError(field, "must be seconds since the epoch, in the years 1 to 9999") from None


def _parse_reference(row: dict[str, Any]) -> ManifestReference:
    uri = _text(row, "uri")
    if not uri:
        raise FieldError("uri", "must be a string that is not empty")
    return ManifestReference(
        uri=uri,
        checksum=_text(row, "checksum"),
        size_bytes=None if row.get("size") is None else _size(row, "size"),
        name=_text(row, "name"),
        metadata=_metadata(row),
    )


def _text(row: dict[str, Any], field: str) -> str | None:
    value = row.get(field)
    if value is None:
        return None
    if (
        not isinstance(value, str)
        or not is_storable(value)
        or len(value) > MAX_REFERENCE_CHARACTERS
    ):
        raise FieldError(
            field, f"must be a string of at most {MAX_REFERENCE_CHARACTERS} characters without NUL"
        )
    return value


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    """As PostgreSQL will give it back: the manifest and its digest must not change by that."""
    value = row.get("metadata")
    try:
        checked = check_metadata({} if value is None else value)
    except ValueError as error:
        raise FieldError("metadata", str(error)) from None
    return as_stored(checked)
