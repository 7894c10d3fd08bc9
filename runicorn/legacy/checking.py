"""From what a JSON file says to checked values; what cannot be kept is refused or noted.

``Odd`` means that a whole version (or run) is left out. What merely surrounds content, such as a
tag, is left out by itself, and noted.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from runicorn import rules
from runicorn.legacy.values import PastReference

MAX_TAGS = 100
MAX_TAG_CHARACTERS = 128
MAX_DESCRIPTION_CHARACTERS = 100_000
MAX_METADATA_BYTES = 1 << 20
MAX_REFERENCE_CHARACTERS = 8192
MAX_SIZE = (1 << 63) - 1
MAX_NUMBER = (1 << 31) - 1
MAX_TIME = 253_402_300_799.0
MIN_TIME = -62_135_596_800.0

Note = Callable[[str], None]
Json = Mapping[str, Any]


class Odd(ValueError):  # noqa: N818 - a verdict
    """It cannot be taken over; the text says why."""


def number_of(value: object) -> int | None:
    """A version number, or None for what is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 1 <= value <= MAX_NUMBER else None


def time_of(value: object) -> float | None:
    """Epoch seconds, or None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and MIN_TIME <= found <= MAX_TIME else None


def text_of(value: object) -> str:
    """Text that can be kept, or an empty one."""
    return value if isinstance(value, str) and _is_storable(value) else ""


def line_of(value: object) -> str:
    """One line of text without control characters, at most 255 of them, or an empty one."""
    text = text_of(value).strip()
    return text if len(text) <= 255 and text.isprintable() else ""


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def size_of(value: object, what: str) -> int:
    """A number of bytes; raises Odd."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE:
        raise Odd(f"{what}: the size {_shown(value)} is no number of bytes")
    return value


def digest_of(value: object, what: str) -> str:
    """``sha256:`` and 64 hex digits; raises Odd."""
    text = value if isinstance(value, str) else ""
    hexed = text.removeprefix("sha256:")
    if len(hexed) != 64 or set(hexed) - set("0123456789abcdef"):
        raise Odd(f"{what}: {_shown(value)} is no sha256 digest")
    return f"sha256:{hexed}"


def path_of(value: object) -> str:
    """A path inside a version; raises Odd."""
    if not isinstance(value, str):
        raise Odd(f"the path {_shown(value)} is no text")
    try:
        return rules.check_path(value)
    except ValueError as error:
        raise Odd(str(error)[:300]) from None


def _shown(value: object) -> str:
    return repr(value)[:80]


def description_of(value: object, note: Note) -> str:
    """The description, cut where it is too long."""
    if not isinstance(value, str) or not _is_storable(value):
        if value is not None:
            note(f"the description {_shown(value)} is no text; left out")
        return ""
    if len(value) > MAX_DESCRIPTION_CHARACTERS:
        note(f"the description has {len(value)} characters; the first 100000 are kept")
    return value[:MAX_DESCRIPTION_CHARACTERS]


def tags_of(value: object, note: Note) -> tuple[str, ...]:
    """The tags, each once; those that cannot be one are left out."""
    found: dict[str, None] = {}
    if value is not None and not isinstance(value, list):
        note(f"the tags {_shown(value)} are no list; left out")
    for tag in value if isinstance(value, list) else []:
        text = text_of(tag).strip()
        if 1 <= len(text) <= MAX_TAG_CHARACTERS:
            found[text] = None
        else:
            note(f"the tag {_shown(tag)} is none (text of 1 to 128 characters); left out")
    if len(found) > MAX_TAGS:
        note(f"there are {len(found)} tags; the first {MAX_TAGS} are kept")
    return tuple(found)[:MAX_TAGS]


def metadata_of(value: object, note: Note, *, what: str = "metadata") -> dict[str, Any]:
    """The metadata, or nothing where it cannot be kept."""
    if value is None:
        return {}
    try:
        if not isinstance(value, dict):
            raise ValueError("is no JSON object")  # noqa: TRY004, TRY301 - one kind for all
        checked: dict[str, Any] = rules.check_metadata(value, what)
        size = len(json.dumps(checked, ensure_ascii=False, separators=(",", ":")).encode())
        if size > MAX_METADATA_BYTES:
            raise ValueError(f"is larger than {MAX_METADATA_BYTES} bytes")  # noqa: TRY301
    except (ValueError, RecursionError) as error:
        note(f"{what} left out: {str(error)[:200]}")
        return {}
    return checked


def reference_of(value: object, note: Note, name: object = None) -> PastReference:
    """A reference; raises Odd."""
    if not isinstance(value, dict):
        raise Odd(f"a reference is no object: {_shown(value)}")
    uri, checksum = value.get("uri"), value.get("checksum")
    for field, text in (("uri", uri), ("checksum", checksum), ("name", name)):
        is_absent = field != "uri" and (text is None or text == "")
        if not is_absent and (not text_of(text) or len(str(text)) > MAX_REFERENCE_CHARACTERS):
            raise Odd(
                f"the {field} {_shown(text)} of a reference is no text of 1 to 8192 characters"
            )
    size = value.get("size")
    return PastReference(
        uri=str(uri),
        checksum=None if checksum is None else str(checksum),
        size=None if size is None else size_of(size, f"the reference {_shown(uri)}"),
        metadata=metadata_of(value.get("metadata"), note, what=f"metadata of the reference {uri}"),
        name=None if name is None else str(name),
    )
