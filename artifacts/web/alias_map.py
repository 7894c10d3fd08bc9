"""The aliases of an artifact as the page shows them, and how they moved."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from artifacts.models import AliasEvent, Artifact
from artifacts.services.protection import Patterns, is_protected
from artifacts.web.rights import Rights

MOVES_PER_PAGE = 12


def alias_rows(artifact: Artifact, rights: Rights, patterns: Patterns) -> list[Any]:
    """The aliases by name, each with what may be done with it.

    ``expected`` is where a form says that it saw the alias: nowhere, if its version is deleted.
    """
    rows = list(artifact.aliases.select_related("version", "updated_by").order_by("name"))
    for alias in rows:
        alias.is_kept = is_protected(alias, patterns)
        alias.can_move = rights.can_move(is_protected=alias.is_kept)
        alias.wants_comment = patterns.want_comment(alias.name)
        alias.expected = None if alias.version.deleted_at else alias.version.number
        alias.version.artifact = artifact
    return rows


def moves_of(
    artifact: Artifact, request: HttpRequest, aliases: list[Any], rights: Rights, patterns: Patterns
) -> Page[Any]:
    """The moves of all aliases, newest first (``?moves=2``).

    ``can_roll_back`` is set on the last move of an alias that came from somewhere.
    """
    rows = AliasEvent.objects.filter(artifact=artifact).select_related("by").order_by("-id")
    page = Paginator(rows, MOVES_PER_PAGE).get_page(request.GET.get("moves"))
    newest = AliasEvent.objects.filter(artifact=artifact).order_by("name", "-id").distinct("name")
    last = set(newest.values_list("pk", flat=True))
    there = {alias.name: alias for alias in aliases}
    move: Any
    for move in page:
        alias = there.get(move.name)
        protected = alias.is_kept if alias else patterns.protect(move.name)
        is_undoable = move.pk in last and move.from_number is not None
        move.can_roll_back = is_undoable and rights.can_move(is_protected=protected)
        move.wants_comment = patterns.want_comment(move.name)
        move.expected = alias.expected if alias else None
    return page
