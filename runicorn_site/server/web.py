"""The web server: granian's main loop in this process, its workers forked from it.

Workers start with Django already loaded, and die with this process, also after a kill -9.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

from django.core.handlers.wsgi import WSGIHandler
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from runicorn_site.wsgi import application

THREADS = 64  # per worker: clients that stall hold one each
KILL_SECONDS = 30  # for running requests to end; also the way out of a stop during the start
PR_SET_PDEATHSIG = 1


def serve_until_stopped(
    *, host: str, port: int, workers: int, on_ready: Callable[[], None]
) -> None:
    """Serve the portal until SIGINT, SIGTERM or SIGHUP.

    ``on_ready`` is called once the port is open. The caller has closed its database connections:
    forked workers must not share them. Raises SystemExit(1) when workers die again and again.
    """
    server = Server(
        target="runicorn_site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        websockets=False,
        log_level=LogLevels.error,
    )
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        # granian would reload its workers; a closed terminal should end the portal.
        server.on_startup(partial(signal.signal, signal.SIGHUP, server.signal_handler_interrupt))
    server.on_startup(on_ready)
    server.serve(target_loader=partial(load_worker, os.getpid()), wrap_loader=False)


def load_worker(supervisor: int) -> WSGIHandler:
    """Runs first in each worker: tie its life to the supervisor's, then give the application."""
    # granian's own handlers come later; until then those of the supervisor would swallow a stop.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before the line above
        sys.exit(1)
    return application
