"""Long lists, a page at a time; the state is in the URL (``?page=2``)."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 50
MAX_NUMBER = 10**9 - 1


def page_of(rows: QuerySet[Any], request: HttpRequest, per_page: int = PER_PAGE) -> Page[Any]:
    """The page of ``rows`` that the URL asks for, the last where it is past the end.

    In two queries: one counts.
    """
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def number_in(
    query: Mapping[str, Any], name: str, default: int, *, least: int = 0, most: int = MAX_NUMBER
) -> int:
    """The whole number ``name`` of ``query``, not below ``least`` nor above ``most``.

    ``default`` where it is none, or has ten digits or more.
    """
    text = query.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return min(max(int(text), least), most) if is_number else default
