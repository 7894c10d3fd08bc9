"""What this machine knows of versions: what they were when they were last used online.

::

    cache/versions/<sha256 of server and name>/<type>@<owner>@v3.json

with the version's ``detail`` and when it was told (``seen_at``), its ``files``, and by ``refs``
when it was last known to be called by each alias. Written beside what comes from the server, read
only offline. A file that is torn or damaged is as good as none.
"""

import hashlib
import json
import logging
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from runicorn import payloads, rules
from runicorn.answers import check_version
from runicorn.cache import open_cache
from runicorn.errors import AmbiguousTeam, AmbiguousType, IntegrityError, NotCached
from runicorn.specs import Spec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """A version as it was at ``seen_at``, in epoch seconds; ``files`` None: never asked for."""

    detail: payloads.VersionDetail
    files: payloads.FilesListing | None
    seen_at: float
    refs: dict[str, float]

    @property
    def as_of(self) -> datetime:
        """When that was."""
        return datetime.fromtimestamp(self.seen_at, tz=UTC)

    @property
    def owner(self) -> str:
        """The team whose it is, or ``everyone``."""
        return self.detail.get("team") or rules.EVERYONE


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
        seen_at: float | None = None,
    ) -> None:
        """Keep what the server said of a version at ``seen_at`` (default: now), also named ``ref``.

        It does not fail for a disk. Raises :class:`IntegrityError` for a version that cannot be.
        """
        check_version(detail)
        told_at = time.time() if seen_at is None else seen_at
        refs = dict.fromkeys([*detail.get("aliases", []), *([ref] if ref else [])], told_at)
        new = Known(detail, files, told_at, refs)
        path = self._path(detail)
        try:
            _replace(path, vars(_merged(_read(path), new)))
        except OSError as error:
            logger.debug("%s cannot be written: %s", path, error)

    def find(self, spec: Spec) -> Known:
        """Return the version that ``spec`` meant when that was last seen online, and when it was.

        Raises :class:`NotCached`; :class:`AmbiguousType` or :class:`AmbiguousTeam` where several
        artifacts of that name are known.
        """
        known = [one for one in self._all_of(spec.name) if _fits(one, spec)]
        meant = [replace(one, seen_at=at) for one in known if (at := _called_at(one, spec))]
        if not meant:
            raise NotCached(_not_known(spec, known))
        _require_one(spec, meant)
        return max(meant, key=lambda one: one.seen_at)

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


def remember(
    url: str,
    detail: payloads.VersionDetail,
    *,
    ref: str | None = None,
    files: payloads.FilesListing | None = None,
    seen_at: float | None = None,
) -> None:
    """Keep what the server at ``url`` said of a version, where there is a cache; see ``note``."""
    cache = open_cache()
    if cache is not None:
        Records(cache.root, url).note(detail, ref=ref, files=files, seen_at=seen_at)


def _merged(old: Known | None, new: Known) -> Known:
    """Both together: what was told last, and of each name when it was last heard."""
    if old is None:
        return new
    last = new if new.seen_at >= old.seen_at else old
    names = old.refs.keys() | new.refs.keys()
    refs = {one: max(old.refs.get(one, 0.0), new.refs.get(one, 0.0)) for one in names}
    return replace(last, files=new.files or old.files, refs=refs)


def _fits(one: Known, spec: Spec) -> bool:
    return spec.artifact_type in {None, one.detail["type"]} and spec.team in {None, one.owner}


def _called_at(one: Known, spec: Spec) -> float | None:
    """When it was last known to be what ``spec`` says; None: never."""
    if spec.version is not None:
        return one.seen_at if one.detail["version"] == spec.version else None
    return one.refs.get(f"{spec.ref}@{spec.at.isoformat()}" if spec.at else spec.ref)


def _require_one(spec: Spec, meant: list[Known]) -> None:
    types = sorted({one.detail["type"] for one in meant}, key=rules.TYPES.index)
    if len(types) > 1:
        text = f"{spec.name} exists in several types ({', '.join(types)}): say which type."
        raise AmbiguousType(text, details={"types": types})
    teams = sorted({one.owner for one in meant})
    if len(teams) > 1:
        text = f"{spec.name} is of several teams ({', '.join(teams)}): say whose."
        raise AmbiguousTeam(text, details={"teams": teams})


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
            {str(ref): float(at) for ref, at in data["refs"].items()},
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
