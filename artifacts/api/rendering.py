"""From rows to the JSON of the contract (the classes in ``schemas.py`` describe the same)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from accounts.access import Caller, access_of
from artifacts.models import Alias, AliasEvent, Artifact, Version
from artifacts.services.aliases import aliases_by_version
from artifacts.services.materialize import find_materialized, materialized_bytes
from artifacts.services.past import PastTarget
from artifacts.services.protection import Patterns, is_protected
from artifacts.services.space import measure_physical, measure_version
from artifacts.services.statistics import measure_store
from artifacts.services.trees import path_on_disk
from artifacts.storage.layout import FILE

Json = dict[str, Any]


def told_name(artifact: Artifact) -> str:
    """How an answer's sentence calls ``artifact``: with team and type where it has a team."""
    return str(artifact) if artifact.team else artifact.name


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
        "team": row["team__name"],
        "num_versions": row["num_versions"],
        "latest_version": row["latest_version"],
        "size_bytes": row["size_bytes"],
        "created_at": epoch(row["created_at"]),
        "updated_at": epoch(row["updated_at"]),
        "aliases": {"latest": row["latest_version"], **aliases},
    }


def version_item(version: Version, aliases: Iterable[str]) -> Json:
    """What the version history and the detail of a version both say."""
    return {
        "version": version.number,
        "created_at": epoch(version.created_at),
        "created_by_run": version.created_by_run or None,
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "status": version.status,
        "aliases": list(aliases),
    }


def version_history(
    versions: Sequence[Version], artifact: Artifact, asked_by: Caller
) -> list[Json]:
    """The version history of ``artifact``, or a part of it."""
    aliases = aliases_by_version(artifact)
    physical = measure_physical(versions, asked_by) or {}
    return [
        {
            **version_item(version, aliases.get(version.pk, [])),
            "physical_bytes": physical.get(version.pk),
        }
        for version in versions
    ]


def version_detail(version: Version, asked_by: Caller) -> Json:
    """One version in full."""
    aliases = aliases_by_version(version.artifact).get(version.pk, [])
    space = measure_version(version, asked_by)
    return {
        "name": version.artifact.name,
        "type": version.artifact.type,
        "team": version.artifact.team.name if version.artifact.team else None,
        **version_item(version, aliases),
        "physical_bytes": space.physical_bytes,
        "shared_bytes": space.shared_bytes,
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
        "path", "blob__size_bytes", "blob__sha256", "modified_at", "blob__layout"
    )
    files = [
        {
            "path": path,
            "size": size,
            "digest": f"sha256:{sha256}",
            "modified_at": epoch(modified_at or version.created_at),
            "absolute_path": absolute_path(folder, path, sha256, layout) if folder else None,
            "is_remote": False,
        }
        for path, size, sha256, modified_at, layout in rows.iterator(chunk_size=10_000)
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


def absolute_path(folder: Path, path: str, sha256: str, layout: str) -> str | None:
    """Where a program on this machine finds the file; None where it is no one file."""
    if layout == FILE:
        return str(path_on_disk(folder, path))
    found = find_materialized(path=path, sha256=sha256)
    return str(found) if found else None


def reference_item(reference: Any) -> Json:
    """One external reference."""
    return {
        "uri": reference.uri,
        "checksum": reference.checksum,
        "size": reference.size_bytes,
        "metadata": reference.metadata,
        "name": reference.name,
    }


def storage_stats(caller: Caller) -> Json:
    """The storage statistics of what ``caller`` may see."""
    size = measure_store(caller)
    return {
        "total_artifacts": size.artifacts,
        "total_versions": size.versions,
        "total_size_bytes": size.logical_bytes,
        "total_files": size.files,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": size.physical_bytes,
        "materialized_bytes": materialized_bytes() if access_of(caller).sees_all else 0,
        "space_saved_bytes": size.saved_bytes,
        "dedup_ratio": size.saved_share,
        "by_type": {
            one.type: {
                "count": one.artifacts,
                "versions": one.versions,
                "size_bytes": one.size_bytes,
            }
            for one in size.by_type
        },
    }


def alias_item(alias: Alias, patterns: Patterns) -> Json:
    """One alias; ``patterns`` protect some by their names."""
    return {
        "alias": alias.name,
        "version": alias.version.number,
        "protected": is_protected(alias, patterns),
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


def past_item(name: str, target: PastTarget, *, protected: bool) -> Json:
    """An alias as it was: where it pointed, since when, and who had moved it there."""
    return {
        "alias": name,
        "version": target.version.number,
        "protected": protected,
        "updated_at": epoch(target.moved_at),
        "updated_by_user": username(target.moved_by),
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
        "comment": event.comment,
    }
