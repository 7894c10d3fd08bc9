"""Beginning and ending runs: ``rn.init``, ``rn.finish``, and the run that is active."""

import logging
from functools import cache

from runicorn.active import active_runs
from runicorn.config import read_former_folder, read_mode, read_run_id
from runicorn.disabled import DisabledRun
from runicorn.offline import OfflineRun
from runicorn.run import Run

logger = logging.getLogger(__name__)

_KINDS: dict[str, type[Run]] = {"online": Run, "offline": OfflineRun, "disabled": DisabledRun}


def init(
    project: str = "default",
    *,
    name: str | None = None,
    run_id: str | None = None,
    mode: str | None = None,
    storage: object = None,
    capture_env: object = None,
) -> Run:
    """Begin a run and make it the active one.

    ``run_id`` of an earlier run with the same project and name goes on with that run; so do all
    processes of a job that have the same ``RUNICORN_RUN_ID``, and then only rank 0 says how the run
    ended. ``mode`` is ``online``, ``offline`` (what is logged is queued on this disk until
    ``runicorn sync``) or ``disabled`` (nothing is logged, everything goes through); None:
    ``RUNICORN_MODE``, else online. ``storage``, ``capture_env`` and ``RUNICORN_DIR`` are taken from
    scripts written for Runicorn 0.5 and do nothing: the server (``RUNICORN_TRACKING_URI``) keeps
    the data.

    A ``with`` block says best how a run ended. Without one, a program or a worker that dies of an
    exception leaves it failed, any other end finished; a code given to ``sys.exit`` is not seen
    there, and a process that is killed leaves the run ``running``.

    >>> with rn.init(project="vision", name="resnet50") as run:
    ...     run.project, run.name, run.status
    ('vision', 'resnet50', 'running')
    >>> run.status
    'finished'

    Raises :class:`ServerUnavailable` when there is no server, :class:`RunConflict` when
    ``run_id`` belongs to another project or name.
    """
    if storage is not None:
        logger.warning("storage=%r is ignored: the server at RUNICORN_TRACKING_URI stores", storage)
    if folder := read_former_folder():
        _warn_of_folder(folder)
    shared = read_run_id() if run_id is None else None
    kind = _KINDS[read_mode(mode)]
    run = kind(project, name=name, run_id=run_id or shared, is_shared=shared is not None)
    active_runs.remember(run)
    return run


@cache
def _warn_of_folder(folder: str) -> None:
    """Once: a program may begin thousands of runs, and its environment stays."""
    text = "RUNICORN_DIR=%r is ignored: the server at RUNICORN_TRACKING_URI stores"
    logger.warning(text, folder)


def init_apart(project: str, name: str) -> Run:
    """Begin a new run that is no part of the job around it, whatever ``RUNICORN_RUN_ID`` says."""
    run = _KINDS[read_mode(None)](project, name=name)
    active_runs.remember(run)
    return run


def finish(status: str = "finished") -> None:
    """Finish the active run; without one this does nothing.

    >>> run = rn.init(project="vision")
    >>> rn.finish()
    >>> rn.get_active_run() is None
    True
    """
    run = get_active_run()
    if run is not None:
        run.finish(status)


def get_active_run() -> Run | None:
    """Return the run ``init`` began last that is not finished, or None."""
    run = active_runs.newest
    return run if isinstance(run, Run) else None
