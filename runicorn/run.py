"""Runs: what made a version and what it was made from. ``rn.init`` begins one."""

import logging
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from runicorn import payloads, rules
from runicorn.active import active_runs, is_clean_exit
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.cache import open_cache
from runicorn.commit import commit
from runicorn.drafts import Draft
from runicorn.errors import IntegrityError, RunEnded, RunicornError
from runicorn.former import missing_of_run
from runicorn.progress import reporting
from runicorn.ranks import is_main_process
from runicorn.records import remember
from runicorn.specs import Spec, parse_spec
from runicorn.transfer import Reporter, Transfer

logger = logging.getLogger(__name__)

# Runicorn 0.5 knew "interrupted" too; here a run that did not finish has failed.
DRAWS = 5
_STATUSES = {
    "running": "running",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "failed",
}


class Run:
    """One execution of your code, known to the server from the moment this exists.

    As a context manager it is finished at the end of the block, as failed after an exception.
    Threads and forked processes may share it. ``is_shared``: other processes of the job have the
    same run; then only rank 0 says how it ended.
    """

    def __init__(
        self,
        project: str = "default",
        *,
        name: str | None = None,
        run_id: str | None = None,
        client: Client | None = None,
        is_shared: bool = False,
    ) -> None:
        self.client = client or self._make_client()
        self._is_shared = is_shared
        self._pid = os.getpid()
        info = self._begin(project or "default", name or "default", run_id)
        self.id = info["id"]
        self.project = info["project"]
        self.name = info["name"]
        self.status = info["status"]

    @property
    def is_main(self) -> bool:
        """Whether this process is rank 0 of its job (torchrun, MPI, Slurm), or the only one.

        Every process may log and use artifacts; what all ranks would log alike, log in one:

        >>> run = rn.init(project="vision", name="train")
        >>> if run.is_main:
        ...     version = run.log_artifact(rn.Artifact("weights").add_file("model.pth"))
        >>> run.finish()
        """
        return is_main_process()

    def log_artifact(
        self,
        artifact: Artifact,
        aliases: str | Sequence[str] = (),
        *,
        comment: str = "",
        if_unchanged: str = "new",
        progress: Reporter | None = None,
    ) -> int:
        """Store ``artifact`` as a new version made by this run; return the version's number.

        ``aliases`` are set to it in the same step; ``comment`` says why, is kept in their history,
        and some protected aliases ask for it. Only content the server does not have is sent, and
        what broke off goes on where it broke off, in a new process too. With
        ``if_unchanged="reuse"`` content that the latest version has already makes no new one: that
        version gets the aliases, keeps its own description, tags and metadata, and its number is
        returned.

        Offline nothing is sent, the artifact waits in the queue for ``runicorn sync``, and the
        number is 0; so it is in a disabled run, which logs nothing.

        >>> with rn.init(project="vision", name="train") as run:
        ...     model = rn.Artifact("resnet50-model", type="model").add_file("model.pth")
        ...     run.log_artifact(model, aliases="production", if_unchanged="reuse")
        1

        Raises ``ValueError`` for an empty artifact, an alias outside the rules or a comment without
        an alias, :class:`CommentNeeded` where one is asked for,
        ``FileNotFoundError`` for a file that is gone, :class:`SourceChanged` for one that changes,
        :class:`RunEnded` when the run is finished.
        """
        self._require_running()
        if not isinstance(artifact, Artifact):
            raise TypeError(f"log_artifact takes an rn.Artifact, not {artifact!r}")
        base = self._use_base(artifact.base) if artifact.base else None
        draft = artifact.draft(
            check_aliases(aliases),
            self.id,
            self.client.team,
            comment=comment,
            base=base,
            if_unchanged=if_unchanged,
        )
        with reporting(progress, draft.name) as reporter:
            self._log(artifact, draft, Transfer(reporter))
        logger.info("Logged %s", artifact.full_name)
        return artifact.version or 0

    def _use_base(self, spec: Spec) -> Artifact | None:
        """The version that a new one starts from; None where there are none."""
        return self._use(spec)

    def _log(self, artifact: Artifact, draft: Draft, transfer: Transfer) -> None:
        open_cache()  # or a bad setting is found when the version is there already
        detail = commit(self.client, draft, transfer)
        artifact.mark_stored(self.client, detail)
        remember(self.client.url, detail)

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

        Offline that is what was queued on this machine, else what the cache knows from the last use
        online; ``as_of`` of the artifact says when that was.

        >>> with rn.init(project="vision", name="serve") as run:
        ...     run.use_artifact("resnet50-model:production").full_name
        'resnet50-model:v1'

        Raises ``FileNotFoundError`` for an unknown artifact or version, ``ValueError`` for an
        unknown alias (naming those that exist) or a spec outside the rules, :class:`RunEnded`
        when the run is finished.
        """
        self._require_running()
        return self._use(parse_spec(artifact_spec, type))

    def _use(self, spec: Spec) -> Artifact:
        open_cache()  # or a bad setting is found when the use is noted already
        used = self.client.use_version(self.id, spec.reference, artifact_type=spec.artifact_type)
        owner = (used["team"] or rules.EVERYONE) if "team" in used else spec.team
        detail = self.client.get_version(
            used["name"], used["version"], artifact_type=used["type"], team=owner
        )
        at = f"@{spec.at.isoformat()}" if spec.at else ""
        remember(self.client.url, detail, ref=f"{spec.ref}{at}")
        return Artifact.from_detail(self.client, detail)

    def finish(self, status: str = "finished") -> None:
        """Tell the server how the run ended: ``finished`` or ``failed``.

        Of the processes that share a run by ``RUNICORN_RUN_ID`` only rank 0 tells.
        """
        if status not in _STATUSES:
            raise ValueError(f"Unknown run status {status!r}: use finished or failed")
        self._end(_STATUSES[status])
        active_runs.forget(self)

    def _end(self, status: str) -> None:
        if not self._is_shared or self.is_main:
            status = self.client.set_run_status(self.id, status)["status"]
        self.status = status

    def __enter__(self) -> "Run":
        """Begin the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the run, unless the block did so itself; a forked process leaves that to us."""
        if not self.is_ours:
            return
        if error is None or is_clean_exit(error):
            if self.status == "running":
                self.finish()
            return
        hurry = isinstance(error, KeyboardInterrupt)  # whoever pressed Ctrl-C waits
        with self.client.hurrying() if hurry else nullcontext():
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

    def end_at_exit(self, status: str) -> None:
        """Finish in a hurry, as the program is about to end."""
        self.client.hurry()
        self.finish_quietly(status)

    @property
    def is_ours(self) -> bool:
        """Whether this process began it (a fork inherits the object, not the duty to finish)."""
        return self._pid == os.getpid()

    def _make_client(self) -> Client:
        return Client()

    def _begin(self, project: str, name: str, run_id: str | None) -> payloads.RunInfo:
        if run_id is None:
            return _create(self.client, project, name)
        reply = self.client.create_run(
            run_id=rules.check_run_id(run_id), project=project, name=name
        )
        info: payloads.RunInfo = reply.data
        if info["status"] == "running":
            return info
        if self._is_shared and not self.is_main:  # rank 0 has ended; that is its to say
            return {**info, "status": "running"}
        return self.client.set_run_status(run_id, "running")

    if not TYPE_CHECKING:  # for a type checker they are unknown names

        def __getattr__(self, name: str) -> NoReturn:
            """Say of what Runicorn 0.5 had what to do instead."""
            raise missing_of_run(self, name)

    def __repr__(self) -> str:
        """Show id, project, name and status."""
        return f"<Run {self.id} project={self.project} name={self.name} {self.status}>"


def _create(client: Client, project: str, name: str) -> payloads.RunInfo:
    """Create a run under an id made here, so that a lost answer may be asked for again.

    200 on the first attempt means that somebody else drew the same id: draw again.
    """
    for _ in range(DRAWS):
        reply = client.create_run(run_id=make_run_id(), project=project, name=name)
        if reply.status == 201 or reply.attempts > 1:
            info: payloads.RunInfo = reply.data
            return info
    raise IntegrityError(f"The server says of {DRAWS} new run ids that each is taken")


def new_run_info(run_id: str, project: str, name: str) -> payloads.RunInfo:
    """Return what is known of a run that no server has heard of."""
    now = time.time()
    return {
        "id": run_id,
        "project": project,
        "name": name,
        "status": "running",
        "created_at": now,
        "updated_at": now,
        "finished_at": None,
        "created_by_user": None,
    }


def make_run_id() -> str:
    """Return an id for a run that begins now: time, and chance."""
    return f"{datetime.now().astimezone():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"


def check_aliases(aliases: str | Sequence[str]) -> list[str]:
    """Return aliases in the form they are sent; ``latest`` a new version has anyway."""
    given = [aliases] if isinstance(aliases, str) else list(aliases)
    return [alias for alias in map(rules.check_alias, given) if alias != "latest"]
