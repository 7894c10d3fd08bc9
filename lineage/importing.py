"""A run comes in as it once was elsewhere: with its times, and what it used. Only for admins."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.access import Caller
from accounts.audit import record
from accounts.models import User
from accounts.names import EVERYONE
from accounts.roles import Role
from artifacts.errors import Invalid, RunConflict
from artifacts.models import Version
from artifacts.names import ArtifactName
from artifacts.services.access import require_everywhere
from artifacts.services.journal import team_of
from lineage.models import Run, RunInput
from lineage.references import check_run_id

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PastUse:
    """A version that the run used, and when (None: as it began)."""

    artifact: ArtifactName
    number: int
    used_at: datetime | None = None

    def __str__(self) -> str:
        type_, name, team = self.artifact
        return "/".join(filter(None, (team, type_, name))) + f":v{self.number}"


@dataclass(frozen=True)
class PastRun:
    """A run as it was; ``finished_at`` None exactly while it is running."""

    id: str
    project: str
    name: str
    status: str
    created_at: datetime
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    user: str = ""
    used: Sequence[PastUse] = ()


@dataclass(frozen=True)
class ImportedRun:
    """The run, whether it is new, and what it used that is not here."""

    run: Run
    is_new: bool
    missing: Sequence[PastUse]


def import_run(*, past: PastRun, imported_by: Caller) -> ImportedRun:
    """Make the run, and its links to versions that are here, tombstones too. Idempotent.

    Raises AccessDenied (403) unless the caller is an admin, RunConflict (409) where the id is a
    run's of another project or name, Invalid (400).
    """
    require_everywhere(imported_by, Role.ADMIN)
    run_id = _check_id(past)
    found = [(use, _find_version(use)) for use in past.used]
    with transaction.atomic():
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=_fields(past))
        _refuse_other(run, past.project, past.name)
        if is_new:
            after = {"project": run.project, "name": run.name, "status": run.status}
            record("run.import", caller=imported_by, obj=run, after=after)
            logger.info("run imported run=%s project=%s", run, run.project)
        for use, version in found:
            if version is not None:
                _use(run, version, use, imported_by)
    return ImportedRun(run, is_new, [use for use, version in found if version is None])


def has_run(*, run_id: str, project: str, name: str, asked_by: Caller) -> bool:
    """Whether :func:`import_run` would find the run there; changes nothing.

    Raises AccessDenied (403), RunConflict (409), as it would.
    """
    require_everywhere(asked_by, Role.ADMIN)
    run = Run.objects.filter(pk=run_id).first()
    if run is not None:
        _refuse_other(run, project, name)
    return run is not None


def _refuse_other(run: Run, project: str, name: str) -> None:
    if (run.project, run.name) != (project, name):
        raise RunConflict(f"Run {run} exists: project {run.project!r}, name {run.name!r}.")


def _check_id(past: PastRun) -> str:
    if (past.status == Run.Status.RUNNING) != (past.finished_at is None):
        raise Invalid({"finished_at": ["must be given exactly where the run is not running"]})
    try:
        return check_run_id(past.id)
    except ValueError as error:
        raise Invalid({"id": [str(error)]}) from None


def _fields(past: PastRun) -> dict[str, object]:
    return {
        "project": past.project,
        "name": past.name,
        "status": past.status,
        "created_at": past.created_at,
        "updated_at": past.updated_at or past.finished_at or past.created_at,
        "finished_at": past.finished_at,
        "created_by": User.objects.filter(username=past.user).first() if past.user else None,
    }


def _find_version(use: PastUse) -> Version | None:
    type_, name, team = use.artifact
    rows = Version.objects.select_related("artifact__team").numbered(use.number)
    rows = rows.filter(artifact__type=type_, artifact__name=name)
    no_team = team in {None, EVERYONE}
    found: Version | None = rows.filter(
        **({"artifact__team": None} if no_team else {"artifact__team__name": team})
    ).first()
    return found


def _use(run: Run, version: Version, use: PastUse, imported_by: Caller) -> None:
    used_at = {"created_at": use.used_at or run.created_at}
    _, is_new = RunInput.objects.get_or_create(run=run, version=version, defaults=used_at)
    if is_new:
        after, team = {"version": version.full_name}, team_of(version.artifact)
        record("run.use", caller=imported_by, obj=run, team=team, after=after)
