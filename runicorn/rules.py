"""The contract's rules for names, aliases, paths and metadata, checked before anything is sent.

Every ``check_*`` returns the value in the form it is sent in, or raises ``ValueError`` naming the
value and what is allowed. The server checks all of it again; this is for early, clear messages.
"""

import math
import os
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

TYPES = ("model", "dataset", "config", "code", "custom")
EVERYONE = "everyone"
"""How one says that something belongs to no team."""

MAX_NAME_CHARACTERS = 128
MAX_WORD_CHARACTERS = 128
MAX_PATH_BYTES = 1024
MAX_METADATA_DEPTH = 64

_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')
_RESERVED_NAMES = frozenset({"stats"})
_MARKS = frozenset({"Mn", "Mc"})
_TEAM = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_VERSION_LIKE = re.compile(r"[vV][0-9]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-5][0-9]))?"
)


def check_type(text: str) -> str:
    """Return ``text`` if it is one of the five types."""
    if text not in TYPES:
        raise ValueError(f"Unknown artifact type {text!r}: use one of {', '.join(TYPES)}")
    return text


def check_optional_type(text: str | None) -> str | None:
    """Return ``text`` if it is one of the five types, or None."""
    return None if text is None else check_type(text)


def check_team(text: object) -> str:
    """Return ``text`` if a team may be called so, or if it is ``everyone``."""
    if not isinstance(text, str) or not _TEAM.fullmatch(text):
        raise ValueError(f"Invalid team {text!r}: use 1 to 63 of a-z, 0-9, '-' and '_'")
    return text


def check_optional_team(text: str | None) -> str | None:
    """Return ``text`` if a team may be called so, or None."""
    return None if text is None else check_team(text)


def check_name(text: object) -> str:
    """Return the artifact name ``text`` in Unicode NFC."""
    if not isinstance(text, str) or not text:
        raise ValueError("Artifact name must be a non-empty string")
    name = unicodedata.normalize("NFC", text)
    if _FORBIDDEN_IN_NAMES.intersection(name) or not _is_plain(name):
        raise ValueError(
            f'Artifact name contains invalid characters: {name!r} (none of / \\ : * ? " < > | '
            "and no control characters)"
        )
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"Artifact name is longer than {MAX_NAME_CHARACTERS} characters: {name!r}")
    if name != name.strip() or name[0] == "." or name[-1] == ".":
        raise ValueError(f"Artifact name must not begin or end with a dot or a space: {name!r}")
    if name in _RESERVED_NAMES:
        raise ValueError(f"Artifact name {name!r} is reserved")
    return name


def check_alias(text: object) -> str:
    """Return the alias ``text``: letters and digits of any script, ``.``, ``_`` and ``-``."""
    alias = unicodedata.normalize("NFC", text) if isinstance(text, str) else ""
    if not _is_word(alias):
        raise ValueError(f"Invalid alias {text!r}: use 1 to 128 letters, digits, '.', '_' or '-'")
    if _VERSION_LIKE.fullmatch(alias):
        raise ValueError(f"Invalid alias {text!r}: it looks like a version number")
    return alias


def check_movable_alias(text: object) -> str:
    """Return the alias ``text``, which must be one that people may set."""
    alias = check_alias(text)
    if alias == "latest":
        raise ValueError("The alias 'latest' is kept by the server: the highest ready version")
    return alias


def check_version(text: str) -> int:
    """Return the number in ``v3`` (or ``V3``)."""
    if not _VERSION_LIKE.fullmatch(text) or len(text) > 20 or int(text[1:]) < 1:
        raise ValueError(f"Invalid version {text!r}: versions are v1, v2, v3 …")
    return int(text[1:])


def is_version(text: str) -> bool:
    """Whether ``text`` reads as a version number, be it a possible one or not."""
    return _VERSION_LIKE.fullmatch(text) is not None


def check_time(text: str) -> datetime:
    """Return the moment ``text`` in UTC: an ISO date (its midnight), or a time with a zone."""
    try:
        moment = datetime.fromisoformat(text if _TIME.fullmatch(text) else "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"Invalid time {text!r}: use 2026-05-01, or with a zone 2026-05-01T12:30:00Z"
        ) from None


def check_run_id(text: str) -> str:
    """Return the run id ``text`` in Unicode NFC."""
    run_id = unicodedata.normalize("NFC", text)
    if not _is_word(run_id):
        raise ValueError(f"Invalid run id {text!r}: use 1 to 128 letters, digits, '.', '_' or '-'")
    return run_id


def check_digest(text: object) -> str:
    """Return the digest ``text``: ``sha256:`` and 64 hex digits."""
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ValueError(f"Invalid digest {str(text)[:80]!r}: it is sha256: and 64 hex digits")
    return text


def check_path(given: str | PurePath) -> str:
    """Return the path of a file in a version: relative, ``/`` between parts."""
    path = str(given).replace(os.sep, "/")
    if path.startswith("/") or PurePath(path).drive:
        raise ValueError(f"Invalid artifact path {path!r}: it must be relative")
    if "\0" in path or "\\" in path:
        raise ValueError(f"Invalid artifact path {path!r}: no backslash and no NUL")
    if {"", ".", ".."}.intersection(path.split("/")):
        raise ValueError(f"Invalid artifact path {path!r}: no empty part, no '.' and no '..'")
    if len(_utf8(path)) > MAX_PATH_BYTES:
        raise ValueError(f"Invalid artifact path {path!r}: longer than {MAX_PATH_BYTES} bytes")
    return path


def parent_folders(path: str) -> list[str]:
    """Every folder above ``path``: ``a/b/c`` gives ``a`` and ``a/b``."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def check_metadata(value: object, where: str = "metadata", depth: int = 0) -> Any:  # JSON
    """Return ``value`` as plain JSON; ``where`` names it in the message.

    Numbers of NumPy and PyTorch (anything with ``item()``) and paths become plain ones.
    """
    if depth > MAX_METADATA_DEPTH:
        raise ValueError(f"{where} is nested deeper than {MAX_METADATA_DEPTH} levels")
    if isinstance(value, dict):
        return {
            _check_key(key, where): check_metadata(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [check_metadata(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    return _check_scalar(value, where)


def _check_key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{where} has the key {key!r}: keys must be text")  # noqa: TRY004 ours
    return _check_text(key, where)


def _check_scalar(value: object, where: str) -> object:
    if isinstance(value, str):
        return _check_text(str(value), where)
    if isinstance(value, PurePath):
        return _check_text(str(value), where)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}, which JSON has no way to write")
    if value is None or isinstance(value, bool | int | float):
        return value
    return _check_scalar(_unwrap(value, where), where)


def _unwrap(value: object, where: str) -> object:
    """Take the plain number out of a NumPy or PyTorch scalar."""
    item = getattr(value, "item", None)
    plain = item() if callable(item) and getattr(value, "ndim", None) == 0 else value
    if not isinstance(plain, str | bool | int | float):
        raise ValueError(f"{where} is of the type {type(value).__name__}, which is not JSON")  # noqa: TRY004
    return plain


def _check_text(text: str, where: str) -> str:
    if "\0" in text:
        raise ValueError(f"{where} holds a NUL character")
    _utf8(text)
    return text


def _is_word(text: str) -> bool:
    """Whether ``text`` is letters and digits of any script, ``.``, ``_`` and ``-``.

    A combining mark is part of the letter before it.
    """
    fits = 1 <= len(text) <= MAX_WORD_CHARACTERS and all(map(_may_follow, f" {text}", text))
    return fits and text not in {".", ".."}


def _may_follow(before: str, character: str) -> bool:
    if unicodedata.category(character) in _MARKS:
        return before.isalnum() or unicodedata.category(before) in _MARKS
    return character.isalnum() or character in "._-"


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} is not valid Unicode") from None
