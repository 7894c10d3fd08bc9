"""Database connections are few, and slow clients many."""

from django.db import connection


def release_connection() -> None:
    """Give the connection back to the pool, before bytes flow at the pace of a client.

    For requests only: a command's session may hold advisory locks, which would go with it.
    A worker has more threads than connections: sixteen slow downloads would leave none for
    everybody else. The next query takes a new one.
    """
    if not connection.in_atomic_block:
        connection.close()
