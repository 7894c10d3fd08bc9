"""The JSON files of a store, as Runicorn 0.5 writes them and will read them again.

Its classes refuse keys they do not know in metadata.json and in the rows of versions.json, so what
0.5 has no place for is in ``portal.json`` beside versions.json.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runicorn.legacy.values import Line, PastRun, PastVersion, RunLink, Tombstone

Json = dict[str, Any]
RESERVED_PROJECTS = frozenset({"artifacts", "runs", "webui", "sweeps"})
MAX_FOLDER_BYTES = 200
PORTAL_FORMAT = 1


@dataclass(frozen=True)
class WrittenVersion:
    """A version with its status, for the index."""

    past: PastVersion
    status: str

    @property
    def total_bytes(self) -> int:
        """As 0.5 counts: declared sizes of references too."""
        past = self.past
        return sum(one.size for one in past.files) + sum(one.size or 0 for one in past.references)


def to_bytes(content: Json) -> bytes:
    """JSON as 0.5 writes it."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def manifest_json(one: WrittenVersion) -> Json:
    """``manifest.json``."""
    past = one.past
    return {
        "files": [
            {"path": file.path, "size": file.size, "digest": file.digest,
             "modified_at": file.modified_at}
            for file in past.files
        ],
        "references": [
            {"uri": two.uri, "checksum": two.checksum, "size": two.size,
             "metadata": dict(two.metadata)}
            for two in past.references
        ],
        "total_size": one.total_bytes,
        "total_files": len(past.files),
        "total_references": len(past.references),
        "created_at": past.created_at,
    }  # fmt: skip


def metadata_json(one: WrittenVersion, manifest: bytes) -> Json:
    """``metadata.json``; 0.5 writes its digest of the manifest without ``sha256:``."""
    past = one.past
    return {
        "name": past.line.name,
        "type": past.line.type,
        "version": past.number,
        "created_at": past.created_at,
        "updated_at": past.updated_at,
        "created_by_run": past.run,
        "created_by_user": past.user or None,
        "size_bytes": one.total_bytes,
        "num_files": len(past.files),
        "num_references": len(past.references),
        "status": one.status,
        "metadata": dict(past.metadata),
        "description": past.description,
        "tags": list(past.tags),
        "aliases": _aliases(past),
        "parent_artifacts": [],
        "manifest_digest": hashlib.sha256(manifest).hexdigest(),
    }


def _aliases(past: PastVersion) -> list[str]:
    return [alias.name for alias in past.aliases]


def deleted_json(past: PastVersion) -> Json:
    """``.deleted``."""
    return {
        "deleted_at": past.deleted_at,
        "deleted_by": past.deleted_by or None,
        "version": past.number,
        "artifact_name": past.line.name,
    }


def index_json(line: Line, versions: Sequence[WrittenVersion], times: tuple[float, float]) -> Json:
    """``versions.json``; ``latest`` is the highest ready version, as in the portal."""
    ready = [one.past.number for one in versions if one.status == "ready"]
    aliases = {
        alias.name: one.past.number for one in versions for alias in one.past.aliases
    }  # fmt: skip
    return {
        "artifact_name": line.name,
        "artifact_type": line.type,
        "versions": [_row(one) for one in versions],
        "aliases": aliases | ({"latest": max(ready)} if ready else {}),
        "created_at": times[0],
        "updated_at": times[1],
    }


def _row(one: WrittenVersion) -> Json:
    return {
        "version": one.past.number,
        "created_at": one.past.created_at,
        "created_by_run": one.past.run,
        "size_bytes": one.total_bytes,
        "num_files": len(one.past.files),
        "status": one.status,
        "aliases": _aliases(one.past),
    }


def portal_json(
    line: Line,
    versions: Iterable[WrittenVersion],
    tombstones: Sequence[Tombstone],
    last_number: int,
) -> Json:
    """``portal.json``."""
    pasts = [one.past for one in versions]
    names = {str(one.number): [two.name for two in one.references] for one in pasts}
    return {
        "format": PORTAL_FORMAT,
        "team": line.team,
        "last_number": last_number,
        "purged": [
            {"number": one.number, "run": one.run or None, "created_at": one.created_at,
             "purged_at": one.purged_at}
            for one in tombstones
        ],
        "aliases": {
            alias.name: {"protected": alias.is_protected, "updated_at": alias.updated_at}
            for one in pasts
            for alias in one.aliases
        },
        "reference_names": {number: some for number, some in names.items() if any(some)},
    }  # fmt: skip


# Runs ---------------------------------------------------------------------------------------------


def run_files(run: PastRun) -> dict[str, Json]:
    """The files of a run's folder, by name."""
    files = {
        "meta.json": {
            "id": run.id, "project": run.project, "name": run.name,
            "created_at": run.created_at, "updated_at": run.updated_at,
            "created_by_user": run.user or None, "python": "", "platform": "", "hostname": "",
            "pid": None, "storage_dir": "",
        },
        "status.json": {"status": run.status, "started_at": run.created_at}
        | ({"ended_at": run.finished_at} if run.finished_at is not None else {}),
    }  # fmt: skip
    if run.used:
        files["artifacts_used.json"] = {"artifacts": [_link(one, "used_at") for one in run.used]}
    if run.made:
        made = [_link(one, "created_at") for one in run.made]
        files["artifacts_created.json"] = {"artifacts": made}
    return files


def _link(link: RunLink, time_field: str) -> Json:
    found = {"name": link.line.name, "type": link.line.type, "version": link.number}
    team = {"team": link.line.team} if link.line.team else {}
    return found | team | ({time_field: link.at} if link.at is not None else {})


def run_folder(run: PastRun) -> tuple[str, str, str, str]:
    """Where a run goes: ``project/name/runs/id``, as far as folders may be called so."""
    project = _as_folder(run.project)
    if project in RESERVED_PROJECTS:
        project = f"{project}_"
    return project, _as_folder(run.name or "default"), "runs", run.id


def _as_folder(text: str) -> str:
    """``text``, or something like it that a folder may be called."""
    kept = "".join("_" if one in '/\\:*?"<>|' or not one.isprintable() else one for one in text)
    if kept.startswith("."):
        kept = f"_{kept[1:]}"
    cut = kept.encode()[:MAX_FOLDER_BYTES].decode(errors="ignore")
    return cut.strip() or "default"


def is_folder_name(text: str) -> bool:
    """Whether a folder can be called so, to the letter."""
    return len(text.encode()) <= 255 and "/" not in text and text not in {"", ".", ".."}


def marker_json(source: str, extra: Mapping[str, Any]) -> Json:
    """``export.json``: what makes a folder an export, and of what."""
    return {"kind": "runicorn-export", "format": 1, "source": source, **extra}
