"""The records of an export become rows again, on top of what a rebuild found on disk."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from django.db import connection

from accounts.models import Team, User
from artifacts.models import Alias, AliasEvent, Artifact, Blob, ProtectedAlias, Version
from artifacts.services.export import Record
from artifacts.services.report import RebuildReport


def restore_artifacts(records: Iterable[Record], report: RebuildReport) -> None:
    """Say when the artifacts were made, and which number was given last; make the missing ones."""
    for record in records:
        team = Team.objects.get(name=record["team"]) if record.get("team") else None
        artifact, _ = Artifact.objects.get_or_create(
            team=team, type=record["type"], name=record["name"]
        )
        artifact.last_number = max(artifact.last_number, record["last_number"])
        artifact.created_at = read_moment(record["created_at"])
        artifact.updated_at = read_moment(record["updated_at"])
        artifact.save()


def restore_versions(records: Iterable[Record], report: RebuildReport) -> None:
    """Say what surrounds the versions; one whose folder is gone is a loss."""
    known: set[int] = set()
    for record in records:
        version = find_version(record)
        if record["purged_at"]:
            version = _bury(record, version)
        elif version is None:
            report.losses.append(f"{name_of(record)}: its folder is gone")
            continue
        elif version.manifest_sha256 != record["manifest_sha256"]:
            report.losses.append(f"{name_of(record)}: its manifest.json is another one's")
        _describe(version, record)
        known.add(version.pk)
    younger = Version.objects.exclude(pk__in=known).select_related("artifact__team")
    for version in younger.order_by("pk"):
        report.notes.append(f"{version.full_name} is younger than the export")


def _bury(record: Record, version: Version | None) -> Version:
    """The tombstone; what a crash in the purge left of the version goes."""
    if version is not None:
        version.delete()
    return Version(artifact=_find_artifact(record), number=record["number"])


def _find_artifact(record: Record) -> Artifact:
    return Artifact.objects.get(
        team__name=record.get("team"), type=record["type"], name=record["name"]
    )


def _describe(version: Version, record: Record) -> None:
    version.created_at = read_moment(record["created_at"])
    version.updated_at = read_moment(record["updated_at"])
    version.created_by = find_user(record["created_by"])
    version.created_by_run = record["created_by_run"]
    version.commit_id = record["commit_id"]
    version.description = record["description"]
    version.tags = record["tags"]
    version.metadata = record["metadata"]
    version.deleted_at = maybe_moment(record["deleted_at"])
    version.deleted_by = find_user(record["deleted_by"])
    version.purged_at = maybe_moment(record["purged_at"])
    version.save()


def restore_files(records: Iterable[Record], report: RebuildReport) -> None:
    """Say when the files were modified; of one version at a time."""
    for _, some in groupby(records, key=name_of):
        files = list(some)
        version = find_version(files[0])
        if version is None:
            continue  # a loss that its version's record has told
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE artifacts_manifestentry SET modified_at = said.modified_at"
                " FROM unnest(%s::text[], %s::timestamptz[]) AS said (path, modified_at)"
                " WHERE version_id = %s AND artifacts_manifestentry.path = said.path",
                [[one["path"] for one in files], [one["modified_at"] for one in files], version.pk],
            )


def restore_damage(records: Iterable[Record], report: RebuildReport) -> None:
    """Say again which content is damaged: the bytes on disk do not tell without being read."""
    for record in records:
        sha256 = record["digest"].removeprefix("sha256:")
        moment = read_moment(record["damaged_at"])
        Blob.objects.filter(sha256=sha256, damaged_at=None).update(damaged_at=moment)


def restore_aliases(records: Iterable[Record], report: RebuildReport) -> None:
    """Let the aliases point again; one whose version is gone is a loss."""
    for record in records:
        version = find_version(record)
        if version is None:
            report.losses.append(f"alias {record['alias']} of {name_of(record)}, which is gone")
            continue
        Alias.objects.create(
            artifact=version.artifact,
            name=record["alias"],
            version=version,
            is_protected=record["is_protected"],
            updated_at=read_moment(record["updated_at"]),
            updated_by=find_user(record["updated_by"]),
        )


def restore_alias_events(records: Iterable[Record], report: RebuildReport) -> None:
    """Tell again how the aliases moved."""
    for record in records:
        AliasEvent.objects.create(
            artifact=_find_artifact(record),
            name=record["alias"],
            from_number=record["from_number"],
            to_number=record["to_number"],
            comment=record.get("comment", ""),
            at=read_moment(record["at"]),
            by=find_user(record["by"]),
        )


def restore_protected_aliases(records: Iterable[Record], report: RebuildReport) -> None:
    """Say again which aliases only maintainers move."""
    for record in records:
        ProtectedAlias.objects.update_or_create(
            pattern=record["pattern"], defaults={"needs_comment": record["needs_comment"]}
        )


def find_version(record: Record) -> Version | None:
    """The version that a record names; None when it is gone."""
    return (
        Version.objects.select_related("artifact__team")
        .filter(
            artifact__team__name=record.get("team"),
            artifact__type=record["type"],
            artifact__name=record["name"],
            number=record["number"],
        )
        .first()
    )


def find_user(username: str | None) -> User | None:
    """The account of that name; None for nobody."""
    return None if username is None else User.objects.filter(username=username).first()


def name_of(record: Record) -> str:
    """The version that a record names, for people."""
    artifact = "/".join(filter(None, [record.get("team"), record["type"], record["name"]]))
    return f"{artifact}:v{record['number']}"


def read_moment(text: str) -> datetime:
    """A time of a record."""
    return datetime.fromisoformat(text)


def maybe_moment(text: str | None) -> datetime | None:
    """A time of a record, or None."""
    return None if text is None else read_moment(text)
