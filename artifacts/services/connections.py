"""Database connections are few, and slow clients many; the log of accounts knows that too."""

from accounts.connections import release_connection

__all__ = ["release_connection"]
