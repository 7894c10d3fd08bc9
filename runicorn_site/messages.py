"""Finds the texts of templates for Babel (``make messages``); only development needs it."""

from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

Found = tuple[int, str | tuple[str, ...], list[str], str | None]


def extract_template(
    source: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: object
) -> Iterator[Found]:
    """Yield what :func:`extract_python` does, of each text in a Django template.

    Django turns a template into something like Python, of which Babel reads the calls.
    """
    lines = templatize(source.read().decode()).splitlines()
    looks_like_python = "\n".join(line.lstrip() for line in lines)  # HTML's indentation is not its
    yield from extract_python(BytesIO(looks_like_python.encode()), keywords, comment_tags, {})
