"""Runs and what they used as records of an export, and back (docs/storage.md)."""

from collections.abc import Iterable, Iterator

from artifacts.services.export import FETCHED, Record, name_artifact, write_moment
from artifacts.services.report import RebuildReport
from artifacts.services.restore import find_user, find_version, maybe_moment, name_of, read_moment
from lineage.models import Run, RunInput


def export_runs() -> Iterator[Record]:
    """Every run, then every use of a version; the caller holds one snapshot."""
    yield from _runs()
    yield from _inputs()


def _runs() -> Iterator[Record]:
    rows = Run.objects.select_related("created_by").order_by("created_at", "pk")
    for run in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "run",
            "id": run.id,
            "project": run.project,
            "name": run.name,
            "status": run.status,
            "created_at": write_moment(run.created_at),
            "updated_at": write_moment(run.updated_at),
            "finished_at": write_moment(run.finished_at),
            "created_by": run.created_by.get_username() if run.created_by else None,
        }


def _inputs() -> Iterator[Record]:
    rows = RunInput.objects.select_related("version__artifact__team").order_by("pk")
    for one in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "run_input",
            "run": one.run_id,
            **name_artifact(one.version.artifact),
            "number": one.version.number,
            "created_at": write_moment(one.created_at),
        }


def restore_runs(records: Iterable[Record], report: RebuildReport) -> None:
    """Make the runs."""
    Run.objects.bulk_create(
        (
            Run(
                id=record["id"],
                project=record["project"],
                name=record["name"],
                status=record["status"],
                created_at=read_moment(record["created_at"]),
                updated_at=read_moment(record["updated_at"]),
                finished_at=maybe_moment(record["finished_at"]),
                created_by=find_user(record["created_by"]),
            )
            for record in records
        ),
        batch_size=FETCHED,
    )


def restore_inputs(records: Iterable[Record], report: RebuildReport) -> None:
    """Say again which versions the runs used; one that is gone is a loss."""
    for record in records:
        version = find_version(record)
        if version is None:
            report.losses.append(f"run {record['run']} used {name_of(record)}, which is gone")
            continue
        moment = read_moment(record["created_at"])
        RunInput.objects.create(run_id=record["run"], version=version, created_at=moment)
