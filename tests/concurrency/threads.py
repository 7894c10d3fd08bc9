"""Threads with database connections of their own, and a look at who waits for a lock."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")
PATIENCE_SECONDS = 30


def run_together(*jobs: Callable[[], T]) -> list[T]:
    """Run the jobs at the same moment, a thread each; their results, or the first error."""
    barrier = Barrier(len(jobs))

    def at_once(job: Callable[[], T]) -> T:
        barrier.wait(PATIENCE_SECONDS)
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        started = [threads.submit(_with_own_connection, partial(at_once, job)) for job in jobs]
        return [one.result(PATIENCE_SECONDS * 4) for one in started]


def start(job: Callable[[], T]) -> "Future[T]":
    """Run ``job`` in a thread of its own; ask the future for what became of it."""
    threads = ThreadPoolExecutor(1)
    future = threads.submit(_with_own_connection, job)
    threads.shutdown(wait=False)
    return future


def _with_own_connection(job: Callable[[], T]) -> T:
    try:
        return job()
    finally:
        connections.close_all()


def wait_until_blocked() -> None:
    """Return when a session of this database waits for another's lock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _count_waiting():
        assert time.monotonic() < deadline, "nobody waits for a lock"
        time.sleep(0.01)


def _count_waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else one look for a transaction
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def count_deadlocks() -> int:
    """How many deadlocks this database has seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
