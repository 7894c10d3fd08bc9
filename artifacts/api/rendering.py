"""From rows to the JSON of the contract (the classes in ``schemas.py`` describe the same)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from artifacts.models import Alias, AliasEvent, Artifact, Blob, Version
from artifacts.querysets import LIVE
from artifacts.services.trees import path_on_disk

Json = dict[str, Any]


def epoch(moment: datetime) -> float:
    """Seconds since the epoch."""
    return moment.timestamp()


def maybe_epoch(moment: datetime | None) -> float | None:
    """Seconds since the epoch, or None."""
    return None if moment is None else moment.timestamp()


def artifact_summary(row: Json) -> Json:
    """One item of the artifact list, from a row of ``summaries()``."""
    aliases = {pair["name"]: pair["number"] for pair in row["alias_pairs"]}
    return {
        "name": row["name"],
        "type": row["type"],
        "num_versions": row["num_versions"],
        "latest_version": row["latest_version"],
        "size_bytes": row["size_bytes"],
        "created_at": epoch(row["created_at"]),
        "updated_at": epoch(row["updated_at"]),
        "aliases": {"latest": row["latest_version"], **aliases},
    }


def aliases_by_version(artifact: Artifact) -> dict[int, list[str]]:
    """Version id → the aliases that resolve to it, ``latest`` first."""
    found: dict[int, list[str]] = defaultdict(list)
    latest = artifact.versions.ready().order_by("-number").values_list("pk", flat=True).first()
    if latest is not None:
        found[latest].append("latest")
    for pk, name in artifact.aliases.resolving().values_list("version_id", "name"):
        found[pk].append(name)
    return found


def version_item(version: Version, aliases: Iterable[str]) -> Json:
    """One item of the version history."""
    return {
        "version": version.number,
        "created_at": epoch(version.created_at),
        "created_by_run": version.created_by_run or None,
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "status": version.status,
        "aliases": list(aliases),
    }


def version_detail(version: Version) -> Json:
    """One version in full."""
    aliases = aliases_by_version(version.artifact).get(version.pk, [])
    return {
        "name": version.artifact.name,
        "type": version.artifact.type,
        **version_item(version, aliases),
        "updated_at": epoch(version.updated_at),
        "created_by_user": username(version.created_by),
        "num_references": version.num_references,
        "metadata": version.metadata,
        "description": version.description,
        "tags": version.tags,
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "deleted_at": maybe_epoch(version.deleted_at),
    }


def username(user: Any) -> str | None:
    """The name of an account, None where nobody was logged in."""
    return user.get_username() if user else None


def version_files(version: Version, folder: Path | None) -> Json:
    """The files and references; ``folder`` is where they lie, if the caller may know."""
    rows = version.entries.order_by("path").values_list(
        "path", "blob__size_bytes", "blob__sha256", "modified_at"
    )
    files = [
        {
            "path": path,
            "size": size,
            "digest": f"sha256:{sha256}",
            "modified_at": epoch(modified_at or version.created_at),
            "absolute_path": str(path_on_disk(folder, path)) if folder else None,
            "is_remote": False,
        }
        for path, size, sha256, modified_at in rows.iterator(chunk_size=10_000)
    ]
    references = [reference_item(one) for one in version.references.order_by("position")]
    return {
        "artifact": str(version),
        "files": files,
        "references": references,
        "total_size": version.size_bytes,
        "total_files": len(files),
        "total_references": len(references),
        "is_remote": False,
    }


def reference_item(reference: Any) -> Json:
    """One external reference."""
    return {
        "uri": reference.uri,
        "checksum": reference.checksum,
        "size": reference.size_bytes,
        "metadata": reference.metadata,
        "name": reference.name,
    }


def storage_stats(caller: Any) -> Json:
    """The storage statistics, in two queries."""
    rows = Version.objects.visible_to(caller).filter(LIVE).sizes_by_type()
    by_type = {row["artifact__type"]: row for row in sorted(rows, key=_type_of)}
    logical = sum(row["bytes"] for row in by_type.values())
    physical = Blob.objects.visible_to(caller).physical_bytes()
    saved = max(0, logical - physical)
    return {
        "total_artifacts": sum(row["artifacts"] for row in by_type.values()),
        "total_versions": sum(row["versions"] for row in by_type.values()),
        "total_size_bytes": logical,
        "total_files": sum(row["files"] for row in by_type.values()),
        "dedup_enabled": True,
        "dedup_pool_size_bytes": physical,
        "space_saved_bytes": saved,
        "dedup_ratio": saved / logical if logical else 0,
        "by_type": {
            name: {
                "count": row["artifacts"],
                "versions": row["versions"],
                "size_bytes": row["bytes"],
            }
            for name, row in by_type.items()
        },
    }


def _type_of(row: Json) -> str:
    return str(row["artifact__type"])


def alias_item(alias: Alias) -> Json:
    """One alias."""
    return {
        "alias": alias.name,
        "version": alias.version.number,
        "protected": alias.is_protected,
        "updated_at": epoch(alias.updated_at),
        "updated_by_user": username(alias.updated_by),
    }


def latest_item(version: Version) -> Json:
    """``latest``, which is no row: it points at the highest ready version by itself."""
    return {
        "alias": "latest",
        "version": version.number,
        "protected": False,
        "updated_at": epoch(version.created_at),
        "updated_by_user": username(version.created_by),
    }


def alias_detail(item: Json, artifact: Artifact) -> Json:
    """One alias with the artifact it belongs to."""
    return {
        **item,
        "artifact": f"{artifact.name}:v{item['version']}",
        "name": artifact.name,
        "type": artifact.type,
    }


def alias_event(event: AliasEvent) -> Json:
    """One move of an alias."""
    return {
        "from_version": event.from_number,
        "to_version": event.to_number,
        "at": epoch(event.at),
        "by_user": username(event.by),
    }
