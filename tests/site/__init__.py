"""The frame: settings, checks, the embedded PostgreSQL, ``manage.py serve``, middleware."""
