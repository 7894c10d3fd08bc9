"""What runs do: begin, end, use versions, and make them."""

import logging
import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from artifacts.errors import (
    AmbiguousType,
    ArtifactNotFound,
    Invalid,
    RunConflict,
    RunNotFound,
    VersionNotFound,
    VersionNotReady,
)
from artifacts.models import Artifact, Version
from artifacts.services.access import require_entry
from artifacts.services.aliases import resolve_alias
from artifacts.services.versions import VersionDraft, create_version
from lineage.models import Run, RunInput
from lineage.references import check_run_id, parse_reference

logger = logging.getLogger(__name__)


def find_run(*, run_id: str, asked_by: Caller) -> Run:
    """The run with that id; RunNotFound (404), also for an id that no run can have."""
    try:
        canonical = check_run_id(run_id)
    except ValueError:
        raise RunNotFound(run_id) from None
    visible = Run.objects.visible_to(asked_by).select_related("created_by")
    found: Run | None = visible.filter(pk=canonical).first()
    if found is None:
        raise RunNotFound(run_id)
    return found


def create_run(
    *, project: str, created_by: Caller, name: str = "", run_id: str | None = None
) -> tuple[Run, bool]:
    """Begin a run; returns it and whether this call made it.

    Idempotent for a given ``run_id``; None has the server make one.

    Raises AccessDenied (403), RunConflict (409) where the id is a run's of another project or
    name, Invalid (400) for an id outside the rules.
    """
    require_entry(created_by)
    fields = {"project": project, "name": name, "created_by": user_or_none(created_by)}
    if run_id is None:
        return _create_with_new_id(fields), True
    try:
        canonical = check_run_id(run_id)
    except ValueError as error:
        raise Invalid({"id": [str(error)]}) from None
    run, is_new = Run.objects.get_or_create(id=canonical, defaults=fields)
    if (run.project, run.name) != (project, name):
        raise RunConflict(f"Run {run} exists: project {run.project!r}, name {run.name!r}.")
    _log_created(run, is_new=is_new)
    return run, is_new


def _create_with_new_id(fields: dict[str, Any]) -> Run:
    while True:
        run_id = f"{timezone.now():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=fields)
        if is_new:  # else somebody drew the same id in the same second
            _log_created(run, is_new=True)
            return run


def _log_created(run: Run, *, is_new: bool) -> None:
    if is_new:
        logger.info("run created run=%s project=%s user=%s", run, run.project, run.created_by)


def update_run(
    *, run: Run, changed_by: Caller, status: str | None = None, name: str | None = None
) -> Run:
    """Say how ``run`` stands or what it is called; None leaves that as it is.

    ``finished_at`` is when it first ended, until it runs again. Idempotent.

    Raises AccessDenied (403).
    """
    require_entry(changed_by)
    with transaction.atomic():
        rows = Run.objects.select_related("created_by").select_for_update(of=("self",))
        locked: Run = rows.get(pk=run.pk)
        before = (locked.status, locked.name)
        locked.status = locked.status if status is None else status
        locked.name = locked.name if name is None else name
        if before != (locked.status, locked.name):
            _save_change(locked)
    return locked


def _save_change(run: Run) -> None:
    run.updated_at = timezone.now()
    if run.status == Run.Status.RUNNING:
        run.finished_at = None
    elif run.finished_at is None:
        run.finished_at = run.updated_at
    run.save(update_fields=["status", "name", "finished_at", "updated_at"])
    logger.info("run changed run=%s status=%s", run, run.status)


def use_version(*, run: Run, version: Version, used_by: Caller) -> tuple[RunInput, bool]:
    """Note that ``run`` used ``version``; returns the edge and whether it is new. Idempotent.

    Takes no lock: a delete between the check and the insert leaves what a delete right after
    would leave.

    Raises AccessDenied (403), VersionNotReady (409).
    """
    require_entry(used_by)
    current = Version.objects.get(pk=version.pk)
    if current.status != "ready":
        raise VersionNotReady(f"{version} is {current.status}; a run uses ready versions.")
    edge, is_new = RunInput.objects.get_or_create(run=run, version=version)
    if is_new:
        logger.info("version used run=%s version=%s", run, version)
    return edge, is_new


def resolve_reference(*, text: str, type_: str | None, asked_by: Caller) -> Version:
    """The version that ``text`` names (``[type/]name[:v3|:alias]``), in any state but purged.

    ``type_`` says the type where ``text`` does not; None: not said.

    Raises Invalid (400), ArtifactNotFound, VersionNotFound, AliasNotFound (404), AmbiguousType
    (409): the answer is written down, so it must not be a guess.
    """
    try:
        reference = parse_reference(text)
    except ValueError as error:
        raise Invalid({"artifact": [str(error)]}) from None
    if reference.type_ and type_ and reference.type_ != type_:
        raise Invalid({"type": [f"{type_!r} is not the type in {text!r}"]})
    artifact = _find_artifact(reference.name, reference.type_ or type_, asked_by)
    if reference.number is None:
        return resolve_alias(artifact=artifact, name=reference.alias)
    return _find_version(artifact, reference.number)


def _find_artifact(name: str, type_: str | None, asked_by: Caller) -> Artifact:
    found: list[Artifact] = Artifact.objects.visible_to(asked_by).named(name, type_)
    if not found:
        raise ArtifactNotFound(name)
    if len(found) > 1:
        raise AmbiguousType(name, [artifact.type for artifact in found])
    return found[0]


def _find_version(artifact: Artifact, number: int) -> Version:
    found: Version | None = artifact.versions.remaining().numbered(number).first()
    if found is None:
        raise VersionNotFound(artifact.name, f"v{number}")
    found.artifact = artifact
    return found


def log_version(
    *, type_: str, name: str, draft: VersionDraft, created_by: Caller, run_id: str | None = None
) -> tuple[Version, bool]:
    """Commit a version, as the output of a run if one is named, in one transaction.

    Returns the version and whether this call made it (a repeated ``commit_id`` finds it).

    Raises RunNotFound (404) and what :func:`artifacts.services.versions.create_version` raises.
    """
    require_entry(created_by)
    with transaction.atomic():
        run = find_run(run_id=run_id, asked_by=created_by) if run_id else None
        return create_version(
            type_=type_, name=name, draft=draft, created_by=created_by, run_id=run.id if run else ""
        )
