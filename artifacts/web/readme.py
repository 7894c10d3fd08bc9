"""What an artifact says of itself: the README of a version, else its description."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from artifacts.errors import Corrupted, StoreUnavailable
from artifacts.models import ManifestEntry, Version
from artifacts.services.contents import open_blob
from artifacts.services.entries import find_readme, require_intact
from artifacts.web.links import download_path
from artifacts.web.markdown import MAX_CHARACTERS, beginning, render_markdown

logger = logging.getLogger(__name__)

MAX_BYTES = 4 * MAX_CHARACTERS


@dataclass(frozen=True)
class Readme:
    """``html`` is safe to show; ``path`` None: it is the description of ``version``.

    ``is_cut``: there is more than is shown. ``is_damaged``: the file cannot be read; ``is_away``:
    for now, as the disk of the store is away.
    """

    version: Version
    html: SafeString
    path: str | None
    is_cut: bool = False
    is_damaged: bool = False
    is_away: bool = False


def read_readme(version: Version) -> Readme | None:
    """The README of ``version``, or its description; None where it has neither."""
    entry = find_readme(version)
    if entry is None:
        return _shown(version, version.description, None) if version.description.strip() else None
    try:
        return _shown(version, _read(entry), entry.path)
    except Corrupted:  # the page is about more than this file
        return Readme(version, SafeString(""), entry.path, is_damaged=True)
    except StoreUnavailable as error:
        logger.error("store not available: %s", error.detail)  # noqa: TRY400 - no bug of ours
        return Readme(version, SafeString(""), entry.path, is_away=True)


def _read(entry: ManifestEntry) -> str:
    with open_blob(require_intact(entry).blob) as source:
        content = source.read(MAX_BYTES)
    return content.decode("utf-8-sig", errors="replace").replace("\0", "")


def _shown(version: Version, text: str, path: str | None) -> Readme:
    def find_files(paths: set[str]) -> Mapping[str, str]:
        there = version.entries.filter(path__in=paths).values_list("path", flat=True)
        return {one: download_path(version, one) for one in there}

    html = render_markdown(text, find_files)
    return Readme(version, html, path, is_cut=beginning(text) != text)
