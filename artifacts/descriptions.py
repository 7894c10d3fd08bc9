"""What may be said of a version: metadata, description, tags. Plain functions and their limits."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from accounts.sentences import say

MAX_METADATA_BYTES = 1 << 20
MAX_METADATA_DEPTH = 64
MAX_DESCRIPTION_CHARACTERS = 100_000
MAX_TAGS = 100
MAX_TAG_CHARACTERS = 128


def read_json(text: str) -> Any:
    """Read JSON as RFC 8259 has it: no NaN, no Infinity, no number too large for a float.

    Nor a key twice. Raises ValueError, JSONDecodeError where ``text`` is none at all.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_each_key_once,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except RecursionError:
        raise ValueError(say("it is nested too deeply")) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two values counts is anybody's guess (RFC 8259 §4), so neither does."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(say("the key {key!r} is there twice", key=key[:40]))
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(say("{text} is not a JSON number", text=text))


def _finite_float(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(say("the number {text} is too large", text=text[:40]))
    return number


def check_metadata(value: object) -> dict[str, Any]:
    """Return ``value`` if PostgreSQL's jsonb can hold it; ``ValueError`` says why not.

    jsonb has no NUL in strings, no NaN and no Infinity.
    """
    if not isinstance(value, dict):
        raise ValueError(say("must be a JSON object"))  # noqa: TRY004 - one kind for the caller
    if _depth(value) > MAX_METADATA_DEPTH:
        raise ValueError(
            say(
                "is nested deeper than {most} levels",
                most=MAX_METADATA_DEPTH,
            )
        )
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if not is_storable(text) or "\\u0000" in text.replace("\\\\", ""):
        raise ValueError(say("must hold no NUL character and no lone surrogate"))
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValueError(
            say(
                "is larger than {most} bytes as JSON",
                most=MAX_METADATA_BYTES,
            )
        )
    return value


def as_stored(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """``metadata`` as PostgreSQL will give it back: what is hashed must not change by that."""
    stored: dict[str, Any] = json.loads(json.dumps(metadata), parse_float=_as_jsonb)
    return stored


def _as_jsonb(text: str) -> int | float:
    """jsonb writes numbers without an exponent, so 1e16 comes back whole, and knows no -0.0."""
    return int(Decimal(text)) if "e+" in text else float(text) + 0.0


def _depth(value: object) -> int:
    """How many containers lie inside each other, counted without recursion."""
    deepest, pending = 0, [(value, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(current, dict):
            pending += [(child, depth + 1) for child in current.values()]
        elif isinstance(current, list):
            pending += [(child, depth + 1) for child in current]
    return deepest


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold ``text``: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def check_tags(tags: Sequence[str]) -> list[str]:
    """Return ``tags``, each once, in the order given; ``ValueError`` says what is wrong."""
    once = list(dict.fromkeys(tags))
    if len(tags) > MAX_TAGS:
        raise ValueError(say("must be at most {most}", most=MAX_TAGS))
    long = next((tag for tag in once if len(tag) > MAX_TAG_CHARACTERS), None)
    if long is not None:
        raise ValueError(
            say(
                "{tag!r}… has more than {most} characters",
                tag=long[:20],
                most=MAX_TAG_CHARACTERS,
            )
        )
    return once
