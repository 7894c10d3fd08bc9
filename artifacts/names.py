"""The rules for names, paths and digests (contract, part 2), as plain functions.

Each ``check_*`` returns the text in its canonical form or raises ``ValueError`` with a message
that says what is allowed.
"""

import re
import unicodedata

TYPES = ("model", "dataset", "config", "code", "custom")

MAX_NAME_CHARACTERS = 128
MAX_PATH_BYTES = 1024
RESERVED_NAMES = frozenset({"stats"})
FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')

_ALIAS = re.compile(r"[\w.-]{1,128}")
_VERSION_LIKE = re.compile(r"v[0-9]+")
_VERSION = re.compile(r"v(0|[1-9][0-9]*)")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def check_type(text: str) -> str:
    """Return ``text`` if it is one of the five artifact types."""
    if text not in TYPES:
        raise ValueError(f"{text!r} is not a type; one of {', '.join(TYPES)}")
    return text


def check_name(text: str) -> str:
    """Return the artifact name ``text`` in Unicode NFC."""
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise ValueError(f"must have 1 to {MAX_NAME_CHARACTERS} characters")
    if FORBIDDEN_IN_NAMES.intersection(name) or not is_plain_text(name):
        raise ValueError('must hold none of / \\ : * ? " < > | and no control characters')
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        raise ValueError("must not begin or end with a dot or a space")
    if name in RESERVED_NAMES:
        raise ValueError(f"{name!r} is reserved")
    return name


def is_plain_text(text: str) -> bool:
    """Whether ``text`` has no control characters (Cc) and no lone surrogates (Cs)."""
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def check_alias(text: str) -> str:
    """Return the alias ``text``: letters and digits of any script, ``.``, ``_``, ``-``."""
    alias = unicodedata.normalize("NFC", text)
    if not _ALIAS.fullmatch(alias) or alias in {".", ".."}:  # in a URL those mean another path
        raise ValueError("must be 1 to 128 letters, digits, '.', '_' or '-', not '.' or '..'")
    if alias == "latest":
        raise ValueError("'latest' is kept by the server: it is the highest ready version")
    if _VERSION_LIKE.fullmatch(alias):
        raise ValueError(f"{alias!r} looks like a version number")
    return alias


def check_path(path: str) -> str:
    """Return the file path ``path``: relative, ``/`` between parts, byte for byte as given."""
    if "\0" in path or "\\" in path:
        raise ValueError("must hold no backslash and no NUL")
    parts = path.split("/")
    if path.startswith("/"):
        raise ValueError("must be relative")
    if "" in parts or "." in parts or ".." in parts:
        raise ValueError("must have no empty part and no part '.' or '..'")
    if utf8_length(path) > MAX_PATH_BYTES:
        raise ValueError(f"must be at most {MAX_PATH_BYTES} bytes")
    return path


def utf8_length(text: str) -> int:
    """The length of ``text`` in UTF-8 bytes; ``ValueError`` where it has no UTF-8 form."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode (no lone surrogates)") from None


def check_digest(text: str) -> str:
    """Return the 64 hex digits of the digest ``sha256:…``."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise ValueError("must be 'sha256:' and 64 lower-case hex digits")
    return match[1]


def check_version(text: str) -> int:
    """Return the number in ``v7``; it may be one that no version can have."""
    # Twenty digits are past every bigint; Python would convert thousands of them, slowly.
    if len(text) > 4096 or not _VERSION.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a version; versions are v1, v2, v3 …")
    return int(text[1:])


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
