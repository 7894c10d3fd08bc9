"""The files of a version: a folder at a time, or those with a text in their path."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from accounts.web.paging import number_in
from artifacts.models import Version
from artifacts.services.folders import Listing, list_folder, search_files

PER_PAGE = 100
MAX_PAGE = 1 << 24


class Crumb:
    """A folder on the way to another."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = path.rstrip("/").rpartition("/")[2]
        self.query = f"?{urlencode({'path': path})}"


def crumbs_of(path: str) -> list[Crumb]:
    """The folders above a file, or above a folder and itself, from the outermost on."""
    names = path.split("/")[:-1]
    return [Crumb("/".join(names[: n + 1]) + "/") for n in range(len(names))]


def listing_context(version: Version, request: HttpRequest) -> dict[str, Any]:
    """The rows that the URL asks for (``path``, ``q``, ``page``), in one query.

    In two where the page is past the end: then the first is shown.
    """
    q, folder = request.GET.get("q", "").strip(), folder_of(request.GET.get("path", ""))
    asked = number_in(request.GET, "page", 1, least=1, most=MAX_PAGE)
    listing, number = _read(version, q, folder, asked)
    return {
        "q": q,
        "folder": folder,
        "crumbs": crumbs_of(folder),
        "listing": listing,
        "page": _pager(listing, number),
    }


def folder_of(text: str) -> str:
    """A folder as the service wants it: ``""`` or with a slash at its end."""
    name = text.strip("/")
    return f"{name}/" if name else ""


def _read(version: Version, q: str, folder: str, number: int) -> tuple[Listing, int]:
    def read(page: int) -> Listing:
        offset = (page - 1) * PER_PAGE
        if q:
            return search_files(version=version, text=q, limit=PER_PAGE, offset=offset)
        return list_folder(version=version, folder=folder, limit=PER_PAGE, offset=offset)

    listing = read(number)
    return (listing, number) if listing.rows or number == 1 else (read(1), 1)


def _pager(listing: Listing, number: int) -> "Page[int]":
    """What the pager wants to know; the rows themselves are in the listing."""
    return Paginator(range(listing.num_rows), PER_PAGE).page(number)
