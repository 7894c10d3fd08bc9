"""Losing a database and rebuilding it, for tests."""

from io import StringIO
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection

NEXT = "Next: `manage.py scrub --read-data`"


def wipe() -> None:
    """Lose the database: every row of the rooms."""
    connection.check_constraints()  # what is still to be checked would be in the way
    tables = [
        model._meta.db_table
        for room in ("artifacts", "lineage", "accounts")
        for model in apps.get_app_config(room).get_models()
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


def export_to(path: Path) -> Path:
    call_command("export_database", str(path), stdout=StringIO())
    return path


def rebuild(**options: Any) -> tuple[int, list[str]]:
    """The exit code and what was said, without what comes next."""
    said = StringIO()
    code = 0
    try:
        call_command("rebuild_database", stdout=said, **options)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, [line for line in said.getvalue().splitlines() if not line.startswith(NEXT)]
