"""PostgreSQL counts its tables anew after a large commit, and only then."""

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from artifacts.services.planner import LARGE_FILES, count_after_commit, count_rows
from tests.conftest import MakeVersion


def counted() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'artifacts_manifestentry'")
        return float(cursor.fetchone()[0])


def pretend(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = %s WHERE relname = 'artifacts_manifestentry'", [rows]
        )


@pytest.mark.parametrize(("known", "is_counted"), [(0, True), (19, True), (21, False)])
def test_tables_are_counted_where_it_makes_a_difference(
    make_version: MakeVersion, known: int, is_counted: bool
) -> None:
    make_version(files={"a": b"a", "b": b"b"})
    pretend(known)
    count_rows(2)
    assert (counted() == 2) == is_counted


@pytest.mark.django_db
def test_only_a_large_commit_counts_them(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        count_after_commit(LARGE_FILES - 1)
        assert callbacks == []
        count_after_commit(LARGE_FILES)
    assert len(callbacks) == 1
