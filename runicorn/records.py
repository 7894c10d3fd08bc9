"""What this machine knows of versions: what they were when they were last used online.

::

    cache/versions/<sha256 of server and name>/<type>@<owner>@v3.json    detail, files, seen_at

Written beside what comes from the server, read only offline. A file that is torn or damaged is as
good as none.
"""

import hashlib
import json
import logging
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from runicorn import payloads, rules
from runicorn.answers import check_version
from runicorn.errors import IntegrityError, NotCached
from runicorn.specs import Spec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """A version as it was at ``seen_at``, in epoch seconds; ``files`` None: never asked for."""

    detail: payloads.VersionDetail
    files: payloads.FilesListing | None
    seen_at: float
    refs: list[str]

    @property
    def as_of(self) -> datetime:
        """When that was."""
        return datetime.fromtimestamp(self.seen_at, tz=UTC)


class Records:
    """The versions of one server that this machine knows, below the cache's folder ``root``."""

    def __init__(self, root: Path, url: str) -> None:
        self._root = root / "versions"
        self._url = url

    def note(
        self,
        detail: payloads.VersionDetail,
        *,
        ref: str | None = None,
        files: payloads.FilesListing | None = None,
    ) -> None:
        """Keep what the server just said of a version, and what it was called by.

        It does not fail for a disk. Raises :class:`IntegrityError` for a version that cannot be.
        """
        check_version(detail)
        path = self._path(detail)
        old = _read(path)
        refs = [ref] if ref else (old.refs if old else [])
        known = {
            "detail": detail,
            "files": files or (old.files if old else None),
            "seen_at": time.time(),
            "refs": refs,
        }
        try:
            _replace(path, known)
        except OSError as error:
            logger.debug("%s cannot be written: %s", path, error)

    def find(self, spec: Spec) -> Known:
        """Return the version that ``spec`` meant when it was last used online.

        Raises :class:`NotCached`.
        """
        known = [one for one in self._all_of(spec.name) if _fits(one, spec)]
        meant = [one for one in known if _is_called(one, spec)]
        if not meant:
            raise NotCached(_not_known(spec, known))
        kinds = [_rank(one) for one in meant]
        first = [one for one, kind in zip(meant, kinds, strict=True) if kind == min(kinds)]
        return max(first, key=lambda one: one.seen_at)

    def types_of(self, name: str, team: str | None) -> set[str]:
        """Return the types in which this machine knows the name, of ``team`` where one is said."""
        return {
            one.detail["type"] for one in self._all_of(name) if _fits(one, Spec(name, team=team))
        }

    def _all_of(self, name: str) -> list[Known]:
        found = (_read(path) for path in sorted(self._folder(name).glob("*.json")))
        return [one for one in found if one is not None]

    def _folder(self, name: str) -> Path:
        return self._root / hashlib.sha256(f"{self._url}\n{name}".encode()).hexdigest()[:32]

    def _path(self, detail: payloads.VersionDetail) -> Path:
        owner = detail.get("team") or rules.EVERYONE
        return self._folder(detail["name"]) / f"{detail['type']}@{owner}@v{detail['version']}.json"


def _fits(one: Known, spec: Spec) -> bool:
    owner = one.detail.get("team") or rules.EVERYONE
    return spec.artifact_type in {None, one.detail["type"]} and spec.team in {None, owner}


def _is_called(one: Known, spec: Spec) -> bool:
    if spec.version is not None:
        return one.detail["version"] == spec.version
    if spec.at is not None:
        return f"{spec.ref}@{spec.at.isoformat()}" in one.refs
    return spec.ref in {*one.detail["aliases"], *one.refs}


def _rank(one: Known) -> int:
    """A name without a type means the first type that has it, as on the server."""
    return rules.TYPES.index(one.detail["type"])


def _not_known(spec: Spec, known: list[Known]) -> str:
    versions = sorted({one.detail["version"] for one in known})
    has = ", ".join(f"v{version}" for version in versions) or "no version of it"
    return f"{spec} was not used online on this machine, which knows {has}."


def _read(path: Path) -> Known | None:
    try:
        data = json.loads(path.read_bytes())
        check_version(data["detail"])
        return Known(
            cast("payloads.VersionDetail", data["detail"]),
            cast("payloads.FilesListing | None", data["files"]),
            float(data["seen_at"]),
            list(data["refs"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IntegrityError):
        return None


def _replace(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_text(json.dumps(data), encoding="utf-8")
        os.replace(part, path)  # noqa: PTH105
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
