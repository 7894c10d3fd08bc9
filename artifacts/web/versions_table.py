"""The versions of an artifact as rows: sizes and their changes, aliases, chosen metadata."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from accounts.access import Caller
from accounts.web.paging import page_of
from artifacts.metadata import read_values, split_path
from artifacts.models import Artifact, Version
from artifacts.services.aliases import aliases_by_version
from artifacts.services.protection import Patterns, protected_names
from artifacts.services.space import measure_physical

MAX_COLUMNS = 8


def chosen_columns(request: HttpRequest) -> list[str]:
    """The paths in ``?columns=accuracy,loss``, or ``?columns=accuracy&columns=loss``."""
    written = ",".join(request.GET.getlist("columns")).split(",")
    paths = dict.fromkeys(path for path in written if path and split_path(path))
    return list(paths)[:MAX_COLUMNS]


def page_of_versions(
    artifact: Artifact,
    request: HttpRequest,
    columns: list[str],
    asked_by: Caller,
    patterns: Patterns,
) -> Page[Any]:
    """The versions, newest first, 50 a page; each with what its row shows.

    ``kept_names`` are those of its ``alias_names`` that are protected; ``values`` are pairs of a
    column and what the version has there.
    """
    rows = Version.objects.remaining().filter(artifact=artifact).defer("metadata", "description")
    page = page_of(rows.select_related("created_by").order_by("-number"), request)
    versions = list(page)
    aliases = aliases_by_version(artifact)
    movable = {name for names in aliases.values() for name in names} - {"latest"}
    kept = protected_names(artifact, movable, patterns)
    physical = measure_physical(versions, asked_by) or {}
    values = read_values(versions, columns)
    before = _sizes_before(artifact, versions)
    for version in versions:
        version.alias_names = aliases.get(version.pk, [])
        version.physical_bytes = physical.get(version.pk)
        version.kept_names = kept
        version.values = list(zip(columns, values.get(version.pk, []), strict=False))
        version.size_change = before.get(version.number)
        version.artifact = artifact
    page.object_list = versions
    return page


def _sizes_before(artifact: Artifact, versions: Sequence[Version]) -> dict[int, int]:
    """Version number → by how many bytes it is larger than the one before that is still there."""
    if not versions:
        return {}
    older = Version.objects.remaining().filter(artifact=artifact, number__lt=versions[-1].number)
    last = older.order_by("-number").values_list("size_bytes", flat=True).first()
    sizes = [version.size_bytes for version in versions] + ([] if last is None else [last])
    return {
        version.number: size - before
        for version, size, before in zip(versions, sizes, sizes[1:], strict=False)
    }
