"""Runs: what made a version and what it was made from. ``rn.init`` begins one."""

import atexit
import logging
import os
import secrets
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.commit import commit
from runicorn.errors import RunEnded, RunicornError
from runicorn.specs import parse_spec
from runicorn.transfer import Reporter, Transfer

logger = logging.getLogger(__name__)

# Runicorn 0.5 knew "interrupted" too; here a run that did not finish has failed.
_STATUSES = {
    "running": "running",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "failed",
}


class Run:
    """One execution of your code, known to the server from the moment this exists.

    As a context manager it is finished at the end of the block, as failed after an exception.
    """

    def __init__(
        self,
        project: str = "default",
        *,
        name: str | None = None,
        run_id: str | None = None,
        client: Client | None = None,
    ) -> None:
        self.client = client or Client()
        info = _begin(self.client, project or "default", name or "default", run_id)
        self.id = info["id"]
        self.project = info["project"]
        self.name = info["name"]
        self.status = info["status"]
        self._pid = os.getpid()

    def log_artifact(
        self,
        artifact: Artifact,
        aliases: str | Sequence[str] = (),
        *,
        comment: str = "",
        progress: Reporter | None = None,
    ) -> int:
        """Store ``artifact`` as a new version made by this run; return the version's number.

        ``aliases`` are set to it in the same step; ``comment`` says why, is kept in their history,
        and some protected aliases ask for it. Only content the server does not have is sent.

        Raises ``ValueError`` for an empty artifact, an alias outside the rules or a comment without
        an alias, :class:`CommentNeeded` where one is asked for,
        ``FileNotFoundError`` for a file that is gone, :class:`SourceChanged` for one that changes,
        :class:`RunEnded` when the run is finished.
        """
        self._require_running()
        if not isinstance(artifact, Artifact):
            raise TypeError(f"log_artifact takes an rn.Artifact, not {artifact!r}")
        draft = artifact.draft(_check_aliases(aliases), self.id, self.client.team, comment=comment)
        detail = commit(self.client, draft, Transfer(progress))
        artifact.mark_stored(self.client, detail)
        logger.info("Logged %s", artifact.full_name)
        return detail["version"]

    def use_artifact(
        self,
        artifact_spec: str,
        type: str | None = None,  # noqa: A002 the name users know
    ) -> Artifact:
        """Note that this run uses a version, and return it, ready to download.

        ``artifact_spec`` is ``name:production``, ``name:v3``, ``model/name:v3`` or ``name`` (its
        latest); ``name:production@2026-05-01`` is where the alias pointed then. Where a name stands
        in several types, say the type; where several of your teams have it, the team:
        ``vision/model/name:v3``, ``everyone/model/name``.

        Raises ``FileNotFoundError`` for an unknown artifact or version, ``ValueError`` for an
        unknown alias (naming those that exist) or a spec outside the rules, :class:`RunEnded`
        when the run is finished.
        """
        self._require_running()
        spec = parse_spec(artifact_spec, type)
        used = self.client.use_version(self.id, spec.reference, artifact_type=spec.artifact_type)
        owner = (used["team"] or rules.EVERYONE) if "team" in used else spec.team
        detail = self.client.get_version(
            used["name"], used["version"], artifact_type=used["type"], team=owner
        )
        return Artifact.from_detail(self.client, detail)

    def finish(self, status: str = "finished") -> None:
        """Tell the server how the run ended: ``finished`` or ``failed``."""
        if status not in _STATUSES:
            raise ValueError(f"Unknown run status {status!r}: use finished or failed")
        self.status = self.client.set_run_status(self.id, _STATUSES[status])["status"]
        _active.forget(self)

    def __enter__(self) -> "Run":
        """Begin the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the run, unless the block did so itself."""
        if error is None or _is_clean_exit(error):
            if self.status == "running":
                self.finish()
            return
        self.finish_quietly("failed")

    def _require_running(self) -> None:
        if self.status != "running":
            raise RunEnded(
                f"The run {self.id} is {self.status}. Log and use artifacts before finish() or the "
                "end of the with block, or go on with the run: "
                f"rn.init(project={self.project!r}, name={self.name!r}, run_id={self.id!r})"
            )

    def finish_quietly(self, status: str) -> None:
        """Finish, and only log it if that fails: something worse is being reported already."""
        try:
            self.finish(status)
        except RunicornError as error:
            logger.warning("Run %s is still shown as running: %s", self.id, error)

    @property
    def is_ours(self) -> bool:
        """Whether this process began it (a fork inherits the object, not the duty to finish)."""
        return self._pid == os.getpid()

    def __repr__(self) -> str:
        """Show id, project, name and status."""
        return f"<Run {self.id} project={self.project} name={self.name} {self.status}>"


class _Active:
    """The runs of this process that are not finished; the newest is the active one."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._lock = threading.Lock()

    def remember(self, run: Run) -> None:
        with self._lock:
            self._runs.append(run)

    def forget(self, run: Run) -> None:
        with self._lock:
            self._runs = [one for one in self._runs if one is not run]

    @property
    def newest(self) -> Run | None:
        with self._lock:
            return self._runs[-1] if self._runs else None

    def finish_all(self) -> None:
        """At exit: a script that died of an exception leaves failed runs, any other finished."""
        is_interactive = hasattr(sys, "ps1")
        died = getattr(sys, "last_value", None) is not None and not is_interactive
        for run in [run for run in self._runs if run.is_ours]:
            run.client.hurry()
            run.finish_quietly("failed" if died else "finished")


_active = _Active()
atexit.register(_active.finish_all)


def init(
    project: str = "default",
    *,
    name: str | None = None,
    run_id: str | None = None,
    storage: object = None,
    capture_env: object = None,
) -> Run:
    """Begin a run and make it the active one.

    ``run_id`` of an earlier run with the same project and name goes on with that run. ``storage``
    and ``capture_env`` are taken from scripts written for Runicorn 0.5 and do nothing: the server
    (``RUNICORN_TRACKING_URI``) keeps the data.

    Raises :class:`ServerUnavailable` when there is no server, :class:`RunConflict` when
    ``run_id`` belongs to another project or name.
    """
    if storage is not None:
        logger.warning("storage=%r is ignored: the server at RUNICORN_TRACKING_URI stores", storage)
    run = Run(project, name=name, run_id=run_id)
    _active.remember(run)
    return run


def finish(status: str = "finished") -> None:
    """Finish the active run; without one this does nothing."""
    run = _active.newest
    if run is not None:
        run.finish(status)


def get_active_run() -> Run | None:
    """Return the run ``init`` began last that is not finished, or None."""
    return _active.newest


def _begin(client: Client, project: str, name: str, run_id: str | None) -> payloads.RunInfo:
    if run_id is None:
        return _create(client, project, name)
    reply = client.create_run(run_id=rules.check_run_id(run_id), project=project, name=name)
    info: payloads.RunInfo = reply.data
    return info if info["status"] == "running" else client.set_run_status(run_id, "running")


def _create(client: Client, project: str, name: str) -> payloads.RunInfo:
    """Create a run under an id made here, so that a lost answer may be asked for again.

    200 on the first attempt means that somebody else drew the same id: draw again.
    """
    while True:
        reply = client.create_run(run_id=_make_run_id(), project=project, name=name)
        if reply.status == 201 or reply.attempts > 1:
            info: payloads.RunInfo = reply.data
            return info


def _make_run_id() -> str:
    return f"{datetime.now().astimezone():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"


def _check_aliases(aliases: str | Sequence[str]) -> list[str]:
    """``latest`` may be asked for: a new version has it anyway."""
    given = [aliases] if isinstance(aliases, str) else list(aliases)
    return [alias for alias in map(rules.check_alias, given) if alias != "latest"]


def _is_clean_exit(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code in {None, 0}
