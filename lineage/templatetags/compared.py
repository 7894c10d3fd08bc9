"""``{% load compared %}``: values, digests and links of a comparison."""

import json
from collections.abc import Sequence

from django import template

from artifacts.models import Version
from lineage.web.sides import pair_path

MAX_CHARACTERS = 200
TIMES = "\u00d7"

register = template.Library()


@register.filter
def cut(text: str) -> str:
    """At most MAX_CHARACTERS of ``text``."""
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


@register.filter
def json_text(value: object) -> str:
    """``value`` as JSON, cut."""
    return cut(json.dumps(value, ensure_ascii=False))


@register.filter
def short_digest(digest: str) -> str:
    """``sha256:`` and the first twelve digits."""
    return f"{digest[:19]}…"


@register.filter
def shape(numbers: Sequence[int]) -> str:
    """``[64, 3]`` as ``64`` times ``3``; a scalar as ``[]``."""
    return f" {TIMES} ".join(map(str, numbers)) or "[]"


@register.simple_tag
def compare_file_url(
    before: Version, after: Version, path: str, *, start: int | None = None, all: bool = False  # noqa: A002 - the query's word
) -> str:  # fmt: skip
    """The page of one file of a comparison, from the row ``start`` on."""
    return pair_path(before, after, "compare_file", path=path, start=start, all="1" if all else "")
