"""``{% load artifacts %}``: where the pages of an artifact are."""

import re
from urllib.parse import quote

from django import template
from django.urls import NoReverseMatch, reverse

from artifacts.models import Version
from artifacts.web.links import archive_path, artifact_path, download_path, json_path, version_path

register = template.Library()

_ARRAY_TYPE = re.compile(r"[<|]([biufc])(\d{1,2})")
_KINDS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}

register.simple_tag(artifact_path, name="artifact_url")
register.simple_tag(version_path, name="version_url")
register.simple_tag(archive_path, name="archive_url")
register.simple_tag(download_path, name="download_url")
register.simple_tag(json_path, name="json_url")


@register.simple_tag
def run_url(run_id: str) -> str:
    """The path of the page of a run, which a room above this one has."""
    return f"/runs/{quote(run_id, safe='')}"


@register.simple_tag
def artifact_row_url(row: dict[str, str | None]) -> str:
    """The path of the artifact of a row of ``summaries()``."""
    place = {"type_": row["type"], "name": row["name"], "team": row["team__name"]}
    return reverse("artifact", kwargs={key: text for key, text in place.items() if text})


@register.simple_tag
def version_tab_url(version: Version, view: str) -> str:
    """The path of a page that a room above may have; ``""`` where there is none."""
    try:
        return version_path(version, view)
    except NoReverseMatch:
        return ""


@register.filter
def value_type(written: str | None) -> str:
    """The name that NumPy has for a type of values: ``float32`` for ``<f4``.

    What is no such type stays as it is written, and so does the other order of bytes, which would
    read the same. Nothing for None.
    """
    match = _ARRAY_TYPE.fullmatch(written or "")
    if not match:
        return written or ""
    kind, num_bytes = match[1], int(match[2])
    return "bool" if kind == "b" else f"{_KINDS[kind]}{num_bytes * 8}"
