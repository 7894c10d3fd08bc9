"""``/artifacts/{type}/{name}/v3/files/{path}``: what a file holds, without running any of it."""

import posixpath
from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.utils.html import escape

from accounts.web.language import translated
from artifacts.errors import Corrupted
from artifacts.formats.documents import Json, Table
from artifacts.formats.images import Image
from artifacts.formats.looking import Content, Text
from artifacts.formats.parquet import Cell, Parquet
from artifacts.formats.pickles import Pickle
from artifacts.formats.tensors import Tensors
from artifacts.formats.text import suffix_of
from artifacts.models import ManifestEntry, Version
from artifacts.services.entries import require_entry
from artifacts.services.preview import Preview, preview_entry
from artifacts.web.code import show_lines, split_text
from artifacts.web.folders import crumbs_of
from artifacts.web.json_tree import tree_context
from artifacts.web.links import version_path
from artifacts.web.markdown import beginning, render_markdown
from artifacts.web.pages import ContentPage

MAX_IMAGE_BYTES = 16 << 20
MAX_IMAGE_PIXELS = 64_000_000
"""A small file may unpack into a very large picture, in the memory of who looks at it."""
MAX_COLUMNS = 100
MAX_CELL_CHARACTERS = 120
MAX_TABLE_HTML = 150_000
CELL_HTML = len("<td></td>")
ROWS_PER_PAGE = 100
"""Of tensors, of the columns of a Parquet file, and of what a pickle imports."""
MARKDOWN = frozenset({"md", "markdown"})


class VersionFile(ContentPage):
    """A file: where it lies, what it is, and so much of what it holds as can be shown."""

    template_name = "artifacts/version_file.html"
    fragment_name = "artifacts/_preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The file and what is shown of it. Raises FileNotFound (404)."""
        path = self.kwargs["path"]
        entry = require_entry(self.version, path)
        found = {"entry": entry, "crumbs": crumbs_of(path), "file_name": path.rpartition("/")[2]}
        return super().get_context_data(**found, **self._look_into(entry), **kwargs)

    def _look_into(self, entry: ManifestEntry) -> dict[str, Any]:
        try:
            preview = preview_entry(entry=entry)
        except Corrupted as damage:
            return {"damage": translated(damage.detail)}
        notes = [translated(note) for note in preview.notes]
        shown = {"preview": preview, "content": preview.content, "notes": notes}
        return shown | self._context_of(preview)

    def _context_of(self, preview: Preview) -> dict[str, Any]:
        """What the template of its kind needs besides."""
        match preview.content:
            case Text():
                return self._show_text(preview.path, preview.content)
            case Json():
                return tree_context(preview.content.value, self.request.GET)
            case Table():
                return _show_cells(preview.content.rows, preview.content)
            case Parquet():
                names = tuple(one.name for one in preview.content.columns)
                cells = _show_cells((names, *preview.content.rows), preview.content)
                return cells | {"page": self._page(preview.content.columns, ROWS_PER_PAGE)}
            case Image():
                return {"is_shown": _is_small(preview)}
        listed = _listed(preview.content)
        return {"page": self._page(listed, ROWS_PER_PAGE)} if listed is not None else {}

    def _show_text(self, path: str, content: Text) -> dict[str, Any]:
        is_markdown = suffix_of(path) in MARKDOWN
        if is_markdown and self.request.GET.get("as") != "source":
            rendered = render_markdown(content.text, _files_beside(self.version, path))
            is_part = beginning(content.text) != content.text
            return {"is_markdown": True, "rendered": rendered, "is_part": is_part}
        page = self._page(split_text(content.text), 1)
        piece = page[0]
        lines = show_lines(piece, content.language)
        return {"is_markdown": is_markdown, "page": page, "piece": piece, "lines": lines}

    def _page(self, rows: Any, per_page: int) -> "Page[Any]":
        return Paginator(rows, per_page).get_page(self.request.GET.get("page"))

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        """With the status that the download would have."""
        if "damage" in context:
            options["status"] = Corrupted.status
        return super().render_to_response(context, **options)


def _listed(content: Content) -> Sequence[Any] | None:
    """What is listed of a file of tensors or imports; None: it is another kind."""
    match content:
        case Tensors():
            return content.tensors
        case Pickle():
            return content.imports
    return None


def _is_small(preview: Preview) -> bool:
    """Whether the picture may be loaded into the page."""
    image = preview.content
    if not isinstance(image, Image) or preview.size_bytes > MAX_IMAGE_BYTES:
        return False
    return (image.width or 0) * (image.height or 0) <= MAX_IMAGE_PIXELS


def _show_cells(rows: Sequence[Sequence[Cell]], table: Table | Parquet) -> dict[str, Any]:
    """So many rows and columns that a page holds them; the first row is the head."""
    budget = MAX_TABLE_HTML
    shown: list[list[Cell]] = []
    for row in rows:
        cells = [cell and cell[:MAX_CELL_CHARACTERS] for cell in row[:MAX_COLUMNS]]
        budget -= sum(len(escape(cell)) + CELL_HTML for cell in cells)
        if budget < 0 and shown:
            break
        shown.append(cells)
    return {
        "columns": shown[0],
        "rows": shown[1:],
        "has_more_columns": table.num_columns > MAX_COLUMNS,
        "has_more_rows": table.has_more or len(shown) < len(rows),
    }


def _files_beside(version: Version, path: str) -> Any:
    """Finds what relative links of the file ``path`` lead to."""
    folder = path.rpartition("/")[0]

    def find(paths: set[str]) -> dict[str, str]:
        full = {posixpath.normpath(posixpath.join(folder, one)): one for one in paths}
        asked = [one for one in full if "\0" not in one]
        found = version.entries.filter(path__in=asked).values_list("path", flat=True)
        return {full[one]: version_path(version, "version_file", path=one) for one in found}

    return find
