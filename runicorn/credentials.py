"""The tokens that ``runicorn login`` keeps, one for each server.

::

    ~/.config/runicorn/credentials.json      {"http://127.0.0.1:23300": {"token": "rn_…"}}

Below ``XDG_CONFIG_HOME`` where that is set, and right in ``RUNICORN_HOME`` where that is. Only its
owner may read the file; it is replaced as a whole, so that no reader and no crash sees half of it.
"""

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from runicorn.home import home, user_dir

logger = logging.getLogger(__name__)

Kept = dict[str, dict[str, str]]


def credentials_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the tokens are kept; None where this user has no home."""
    ours = home(environ)
    if ours is not None:
        return ours / "credentials.json"
    base = environ.get("XDG_CONFIG_HOME", "")
    if base:
        return Path(base) / "runicorn" / "credentials.json"
    user = user_dir(environ)
    return user / ".config" / "runicorn" / "credentials.json" if user else None


def find_token(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token kept for the server at ``url``, or None.

    A file that cannot be opened is as good as none: much needs no token. Raises ``ValueError`` for
    one that is damaged.
    """
    path = credentials_path(environ)
    if path is None:
        return None
    try:
        found = _read(path).get(url)
    except OSError as error:
        logger.warning("%s cannot be read: %s", path, error.strerror)
        return None
    return found["token"] if found else None


def store_token(url: str, token: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Keep ``token`` for the server at ``url``, instead of an older one; return where.

    Raises ``OSError``; ``ValueError`` where the file is damaged or there is no home.
    """
    path = _require_path(environ)
    _write(path, {**_read(path), url: {"token": token}})
    return path


def forget_token(url: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Remove the token kept for ``url``; whether there was one. Raises as :func:`store_token`."""
    path = _require_path(environ)
    kept = _read(path)
    if url not in kept:
        return False
    _write(path, {other: entry for other, entry in kept.items() if other != url})
    return True


def _require_path(environ: Mapping[str, str]) -> Path:
    path = credentials_path(environ)
    if path is None:
        raise ValueError("There is no home to keep a token in: set HOME or XDG_CONFIG_HOME")
    return path


def _read(path: Path) -> Kept:
    """What the file holds; nothing of it may get into a message."""
    try:
        kept = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(map(_is_entry, kept.values())):
        raise ValueError(f"{path} is damaged: remove it, then log in again")
    return kept


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("token"), str)


def _write(path: Path, kept: Kept) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")  # mode 0600
    part = Path(name)
    try:
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(json.dumps(kept, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
