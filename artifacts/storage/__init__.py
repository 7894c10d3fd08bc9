"""Bytes on disk: plain Python that knows no Django and no database (docs/storage.md).

Callers decide, under database locks, *whether* bytes come or go; here is *how*, so that a crash at
any moment leaves every file either absent or whole.
"""
