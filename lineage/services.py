"""What runs do: begin, end, use versions, and make them."""

import logging
import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from accounts.audit import record
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import (
    ArtifactNotFound,
    Invalid,
    RunConflict,
    RunNotFound,
    VersionNotFound,
    VersionNotReady,
)
from artifacts.models import Artifact, Version
from artifacts.services.access import require_everywhere, require_somewhere
from artifacts.services.aliases import resolve_alias
from artifacts.services.journal import team_of
from artifacts.services.past import require_past, resolve_alias_at
from artifacts.services.teams import only_one
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
    require_somewhere(created_by, Role.CONTRIBUTOR)
    fields = {"project": project, "name": name, "created_by": user_or_none(created_by)}
    if run_id is None:
        return _create_with_new_id(fields, created_by), True
    try:
        canonical = check_run_id(run_id)
    except ValueError as error:
        raise Invalid({"id": [str(error)]}) from None
    run, is_new = _find_or_create(canonical, fields, created_by)
    if (run.project, run.name) != (project, name):
        raise RunConflict(
            say(
                "Run {run} exists: project {project!r}, name {name!r}.",
                run=run,
                project=run.project,
                name=run.name,
            )
        )
    return run, is_new


def _create_with_new_id(fields: dict[str, Any], created_by: Caller) -> Run:
    while True:
        run_id = f"{timezone.now():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"
        run, is_new = _find_or_create(run_id, fields, created_by)
        if is_new:  # else somebody drew the same id in the same second
            return run


def _find_or_create(run_id: str, fields: dict[str, Any], created_by: Caller) -> tuple[Run, bool]:
    with transaction.atomic():
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=fields)
        if is_new:
            after = {"project": run.project, "name": run.name}
            record("run.create", caller=created_by, obj=run, after=after)
            logger.info("run created run=%s project=%s user=%s", run, run.project, run.created_by)
    return run, is_new


def require_to_write(caller: Caller, run: Run) -> None:
    """Raise AccessDenied (403) unless it is the caller's own run, or he is a maintainer."""
    user = user_or_none(caller)
    if user is not None and run.created_by_id == user.pk:
        require_somewhere(caller, Role.CONTRIBUTOR)
    else:
        require_everywhere(caller, Role.MAINTAINER)


def update_run(
    *, run: Run, changed_by: Caller, status: str | None = None, name: str | None = None
) -> Run:
    """Say how ``run`` stands or what it is called; None leaves that as it is.

    ``finished_at`` is when it first ended, until it runs again. Idempotent.

    Raises AccessDenied (403).
    """
    require_to_write(changed_by, run)
    with transaction.atomic():
        rows = Run.objects.select_related("created_by").select_for_update(of=("self",))
        locked: Run = rows.get(pk=run.pk)
        before = _changeable(locked)
        locked.status = locked.status if status is None else status
        locked.name = locked.name if name is None else name
        after = _changeable(locked)
        if before != after:
            _save_change(locked)
            record("run.update", caller=changed_by, obj=locked, before=before, after=after)
    return locked


def _changeable(run: Run) -> dict[str, Any]:
    return {"status": str(run.status), "name": run.name}


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
    require_to_write(used_by, run)
    current = Version.objects.get(pk=version.pk)
    if current.status != "ready":
        raise VersionNotReady(
            say(
                "{version} is {status}; a run uses ready versions.",
                version=version,
                status=say(current.status),
            )
        )
    with transaction.atomic():
        edge, is_new = RunInput.objects.get_or_create(run=run, version=version)
        if is_new:
            after, team = {"version": version.full_name}, team_of(version.artifact)
            record("run.use", caller=used_by, obj=run, team=team, after=after)
            logger.info("version used run=%s version=%s", run, version)
    return edge, is_new


def resolve_reference(*, text: str, type_: str | None, asked_by: Caller) -> Version:
    """The version that ``text`` names (``[[team/]type/]name[:v3|:alias[@time]]``), if not purged.

    ``type_`` says the type where ``text`` does not; None: not said.

    Raises Invalid (400), ArtifactNotFound, VersionNotFound, AliasNotFound (404), AmbiguousType
    (409): the answer is written down, so it must not be a guess.
    """
    try:
        reference = parse_reference(text)
    except ValueError as error:
        raise Invalid({"artifact": [str(error)]}) from None
    if reference.type_ and type_ and reference.type_ != type_:
        raise Invalid(
            {"type": [say("{type_!r} is not the type in {text!r}", type_=type_, text=text)]}
        )
    artifact = _find_artifact(reference.name, reference.type_ or type_, reference.team, asked_by)
    if reference.number is not None:
        return _find_version(artifact, reference.number)
    if reference.at is None:
        return resolve_alias(artifact=artifact, name=reference.alias)
    require_past(reference.at, field="artifact")
    return resolve_alias_at(artifact=artifact, name=reference.alias, at=reference.at).version


def _find_artifact(name: str, type_: str | None, team: str | None, asked_by: Caller) -> Artifact:
    found: list[Artifact] = Artifact.objects.all().named(name, type_, asked_by=asked_by, team=team)
    if not found:
        raise ArtifactNotFound(name)
    return only_one(found)


def _find_version(artifact: Artifact, number: int) -> Version:
    found: Version | None = artifact.versions.remaining().numbered(number).first()
    if found is None:
        raise VersionNotFound(artifact.name, f"v{number}")
    found.artifact = artifact
    return found


def log_version(
    *,
    type_: str,
    name: str,
    draft: VersionDraft,
    created_by: Caller,
    run_id: str | None = None,
    team: str | None = None,
) -> tuple[Version, bool]:
    """Commit a version, as the output of a run if one is named, in one transaction.

    Returns the version and whether this call made it (a repeated ``commit_id`` finds it).

    Raises RunNotFound (404) and what :func:`artifacts.services.versions.create_version` raises.
    """
    require_somewhere(created_by, Role.CONTRIBUTOR)
    with transaction.atomic():
        run = find_run(run_id=run_id, asked_by=created_by) if run_id else None
        if run is not None:
            require_to_write(created_by, run)
        return create_version(
            type_=type_, name=name, team=team, draft=draft, created_by=created_by,
            run_id=run.id if run else "",
        )  # fmt: skip
