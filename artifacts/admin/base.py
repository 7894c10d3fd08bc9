"""What the pages of artifacts have in common."""

from accounts.admin.base import EMPTY
from accounts.sizes import human_size
from artifacts.models import Blob


def size(size_bytes: int | None) -> str:
    """In a unit for people."""
    return EMPTY if size_bytes is None else human_size(size_bytes)


def short(blob: Blob) -> str:
    """Enough of its digest to tell it apart."""
    return f"{blob.digest[:23]}…"
