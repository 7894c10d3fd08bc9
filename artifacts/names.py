"""The rules for names, paths and digests (contract, part 2), as plain functions.

Each ``check_*`` returns the text in its canonical form or raises ``ValueError`` with a message
that says what is allowed.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import NamedTuple

from accounts.names import TEAM_NAME
from accounts.sentences import say

TYPES = ("model", "dataset", "config", "code", "custom")

MAX_NAME_CHARACTERS = 128
MAX_PATH_BYTES = 1024
RESERVED_NAMES = frozenset({"stats"})
FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')
MAX_WORD_CHARACTERS = 128
MAX_COMMENT_CHARACTERS = 2000
MARKS = frozenset({"Mn", "Mc"})

_TEAM = re.compile(TEAM_NAME)
_VERSION_LIKE = re.compile(r"v[0-9]+")
_VERSION = re.compile(r"v(0|[1-9][0-9]*)")
_PAIR = re.compile(r"([^/]*[^./])\.\.\.([^./][^/]*)")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-5][0-9]))?"
)


class ArtifactName(NamedTuple):
    """An artifact as people write it, ``[[TEAM/]TYPE/]NAME``; None: not said.

    The team ``everyone`` says that it is no team's.
    """

    type_: str | None
    name: str
    team: str | None = None


def check_type(text: str) -> str:
    """Return ``text`` if it is one of the five artifact types."""
    if text not in TYPES:
        raise ValueError(
            say("{text!r} is not a type; one of {types}", text=text, types=", ".join(TYPES))
        )
    return text


def check_name(text: str) -> str:
    """Return the artifact name ``text`` in Unicode NFC."""
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise ValueError(
            say(
                "must have 1 to {most} characters",
                most=MAX_NAME_CHARACTERS,
            )
        )
    if FORBIDDEN_IN_NAMES.intersection(name) or not is_plain_text(name):
        raise ValueError(say('must hold none of / \\ : * ? " < > | and no control characters'))
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        raise ValueError(say("must not begin or end with a dot or a space"))
    if name in RESERVED_NAMES:
        raise ValueError(say("{name!r} is reserved", name=name))
    return name


def parse_artifact(text: str) -> ArtifactName:
    """Read ``NAME``, ``TYPE/NAME`` or ``TEAM/TYPE/NAME``. Raises ValueError."""
    rest, slash, name = text.rpartition("/")
    team, has_team, type_ = rest.rpartition("/")
    return ArtifactName(
        check_type(type_) if slash else None,
        check_name(name),
        check_team(team) if has_team else None,
    )


def check_team(text: str) -> str:
    """Return ``text`` if a team may be called so."""
    if not _TEAM.fullmatch(text):
        raise ValueError(say("{text!r} is no team: 1 to 63 of a-z, 0-9, - and _", text=text[:80]))
    return text


def is_plain_text(text: str) -> bool:
    """Whether ``text`` has no control characters (Cc) and no lone surrogates (Cs)."""
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def check_alias(text: str) -> str:
    """Return the alias ``text`` in Unicode NFC: a word that means no version and not ``latest``."""
    alias = check_word(text)
    if alias == "latest":
        raise ValueError(say("'latest' is kept by the server: it is the highest ready version"))
    if is_version_like(alias):
        raise ValueError(say("{alias!r} looks like a version number", alias=alias))
    return alias


def check_word(text: str) -> str:
    """Return ``text`` in NFC if it is letters and digits of any script, ``.``, ``_`` and ``-``.

    A combining mark is part of the letter before it: Hindi and Thai are not written without.
    ``.`` and ``..`` are refused: in a URL they would mean another path.
    """
    word = unicodedata.normalize("NFC", text)
    fits = 1 <= len(word) <= MAX_WORD_CHARACTERS and all(map(_may_follow, f" {word}", word))
    if not fits or word in {".", ".."}:
        raise ValueError(say("must be 1 to 128 letters, digits, '.', '_' or '-', not '.' or '..'"))
    return word


def _may_follow(before: str, character: str) -> bool:
    """Whether a word may have ``character`` after ``before``."""
    if unicodedata.category(character) in MARKS:
        return before.isalnum() or unicodedata.category(before) in MARKS
    return character.isalnum() or character in "._-"


def is_version_like(text: str) -> bool:
    """Whether ``text`` reads as a version, be it a possible one or not."""
    return _VERSION_LIKE.fullmatch(text) is not None


def check_time(text: str) -> datetime:
    """Return the moment ``text``, in UTC: an ISO date (its midnight, UTC), or a time with a zone.

    ``2026-05-01``, ``2026-05-01T12:30Z``, ``2026-05-01T12:30:00.5+02:00``.
    """
    try:
        moment = datetime.fromisoformat(text if _TIME.fullmatch(text) else "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            say(
                "{text!r} is not a time: 2026-05-01, or with a zone 2026-05-01T12:30:00Z",
                text=text[:40],
            )
        ) from None


def check_comment(text: str) -> str:
    """Return the comment ``text``: plain text of any number of lines; empty: none was made."""
    comment = text.strip().replace("\r\n", "\n")
    if len(comment) > MAX_COMMENT_CHARACTERS:
        raise ValueError(
            say(
                "must have at most {most} characters",
                most=MAX_COMMENT_CHARACTERS,
            )
        )
    if not is_plain_text(comment.replace("\n", "").replace("\t", "")):
        raise ValueError(say("must be plain text: no control characters but line breaks and tabs"))
    return comment


def check_path(path: str) -> str:
    """Return the file path ``path``: relative, ``/`` between parts, byte for byte as given."""
    if "\0" in path or "\\" in path:
        raise ValueError(say("must hold no backslash and no NUL"))
    parts = path.split("/")
    if path.startswith("/"):
        raise ValueError(say("must be relative"))
    if "" in parts or "." in parts or ".." in parts:
        raise ValueError(say("must have no empty part and no part '.' or '..'"))
    if utf8_length(path) > MAX_PATH_BYTES:
        raise ValueError(say("must be at most {most} bytes", most=MAX_PATH_BYTES))
    return path


def utf8_length(text: str) -> int:
    """The length of ``text`` in UTF-8 bytes; ``ValueError`` where it has no UTF-8 form."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(say("must be valid Unicode (no lone surrogates)")) from None


def check_digest(text: str) -> str:
    """Return the 64 hex digits of the digest ``sha256:…``."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise ValueError(say("must be 'sha256:' and 64 lower-case hex digits"))
    return match[1]


def check_version(text: str) -> int:
    """Return the number in ``v7``; it may be one that no version can have."""
    # Twenty digits are past every bigint; Python would convert thousands of them, slowly.
    if len(text) > 4096 or not _VERSION.fullmatch(text):
        raise ValueError(
            say("{text!r} is not a version; versions are v1, v2, v3 …", text=text[:40])
        )
    return int(text[1:])


def parse_pair(text: str) -> tuple[str, str]:
    """Read ``v2...v3``: two versions, by number or alias. Raises ValueError.

    An alias that ends in a dot, or has three in a row, cannot be written so.
    """
    match = _PAIR.fullmatch(text)
    if match is None or "..." in match[1] or "..." in match[2]:
        raise ValueError(
            say("{text!r} is not two versions, as v2...v3 or stable...latest", text=text[:300])
        )
    return match[1], match[2]


def find_path_clash(paths: list[str]) -> tuple[str, str] | None:
    """Find a path that is there twice, or that is a folder of another.

    Returns ``(path, why)`` or None.
    """
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            return path, "is there twice"
        seen.add(path)
    for path in paths:
        folder = next((folder for folder in parent_folders(path) if folder in seen), None)
        if folder is not None:
            return path, f"lies in {folder!r}, which is a file"
    return None


def parent_folders(path: str) -> list[str]:
    """Every folder above ``path``, outermost first: ``a/b/c`` gives ``a`` and ``a/b``."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
