"""The web server: granian's main loop in this process, its workers forked from it.

Workers start with Django already loaded, and die with this process, also after a kill -9.
"""

import ctypes
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from runicorn_site import wsgi

Callback = Callable[[], None]
Handler = Callable[[int, FrameType | None], None]

THREADS = 64  # per worker: clients that stall hold one each
KILL_SECONDS = 30  # for running requests to end
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def serve_until_stopped(
    *, address: str, port: int, workers: int, on_ready: Callback, on_stop: Callback
) -> None:
    """Serve the portal on ``address`` (an IP address) until SIGINT, SIGTERM or SIGHUP.

    Then running requests have KILL_SECONDS to end, or until a second signal. ``on_ready`` is called
    once the port is open, ``on_stop`` at the first signal. The caller has closed its database
    connections: forked workers must not share them.

    Raises SystemExit(1) when workers die again and again.
    """
    server = MPServer(
        target=f"{wsgi.__name__}:application",  # loaded here already, so found at once
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        websockets=False,
        log_level=LogLevels.error,
    )
    handler = partial(stop, server, on_stop)
    server.on_startup(partial(take_signals, handler, signal.getsignal(signal.SIGHUP)))
    server.on_startup(on_ready)
    tie_forks_to_this_process()
    wake_at_signals(server)
    try:
        server.serve()
    except BaseException:
        # Granian waits for its workers when Python ends, whatever the reason: for ever, otherwise.
        kill_workers(server)
        raise


def take_signals(handler: Handler, hangup: object) -> None:
    """Replace granian's handlers, of which SIGHUP (a closed terminal) would only reload workers.

    ``hangup`` is what was set before: nohup had it ignored, and so it stays.
    """
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGHUP, signal.SIG_IGN if hangup is signal.SIG_IGN else handler)


def wake_at_signals(server: MPServer) -> None:
    """Wake granian's main loop at every signal, also at one that comes as it falls asleep.

    Python runs handlers in the main thread alone: a signal in the moment before its lock sleeps, or
    taken by another thread, would be heeded at the next one.
    """
    bell, rope = socket.socketpair()
    rope.settimeout(0)
    signal.set_wakeup_fd(rope.fileno(), warn_on_full_buffer=False)

    def listen() -> None:
        with bell, rope:  # open as long as anybody listens
            while bell.recv(64):
                server.main_loop_interrupt.set()

    threading.Thread(target=listen, name="signal-bell", daemon=True).start()


def stop(server: MPServer, on_stop: Callback, signum: int, frame: FrameType | None) -> None:
    """Let running requests end; end them when asked a second time."""
    if server.interrupt_signal:
        kill_workers(server)
        return
    with suppress(OSError):  # nobody may be left to tell: the terminal is closed
        on_stop()
    server.signal_handler_interrupt()  # type: ignore[no-untyped-call]


def kill_workers(server: MPServer) -> None:
    """End the workers and what they are doing, at once."""
    for worker in server.wrks:
        worker.kill()  # type: ignore[no-untyped-call]


def tie_forks_to_this_process() -> None:
    """Make every process forked from now on die with this one, and heed a stop from its birth.

    Without the latter a worker that is stopped in its first milliseconds would run the handlers it
    inherited from granian's main loop, swallow the signal, and hold up the stop for KILL_SECONDS.
    The signals wait, blocked, until the child has its own.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    supervisor = os.getpid()

    def begin_child() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the line above
            os._exit(1)
        signal.set_wakeup_fd(-1)
        os.setsid()  # Ctrl-C in the terminal is for the supervisor alone
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, STOP_SIGNALS),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, STOP_SIGNALS),
        after_in_child=begin_child,
    )
