"""How what is there now came to be, day by day: what was deleted since is in no row any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDate

from accounts.access import Caller, access_of
from artifacts.known import ARTIFACT_IS_KNOWN, sql_values
from artifacts.models import Blob, Version

# Of each content that he sees somewhere: whole, and since he could have seen it.
_FIRST_SEEN = f"""
SELECT (first_at AT TIME ZONE 'UTC')::date, sum(size_bytes) FROM (
    SELECT one.blob_id, min(version.created_at) AS first_at FROM artifacts_manifestentry one
    JOIN artifacts_version version ON version.id = one.version_id
    JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
    WHERE {ARTIFACT_IS_KNOWN} GROUP BY one.blob_id
) seen
JOIN artifacts_blob blob ON blob.id = seen.blob_id GROUP BY 1
"""  # noqa: S608 - constants only

Day = tuple[date, int]


@dataclass(frozen=True)
class Growth:
    """Bytes that were added on each day (UTC), oldest first; days without any are left out.

    ``stored`` are bytes on disk for who sees everything, and are dated by when the content was
    sent. For others they are those of each content once, dated by the first version that they see.
    """

    logical: tuple[Day, ...]
    stored: tuple[Day, ...]


def measure_growth(asked_by: Caller) -> Growth:
    """All of what ``asked_by`` may see, in two queries."""
    live = Version.objects.visible_to(asked_by).live()
    return Growth(_by_day(live, "size_bytes"), _sorted(_stored(asked_by)))


def _stored(asked_by: Caller) -> Iterable[Day]:
    if access_of(asked_by).sees_all:
        return _by_day(Blob.objects.all(), "physical_bytes")
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_SEEN, sql_values(asked_by))
        return [(day, int(total)) for day, total in cursor.fetchall()]


def _by_day(rows: QuerySet[Any], column: str) -> tuple[Day, ...]:
    days = rows.order_by().values_list(TruncDate("created_at", tzinfo=UTC))
    return _sorted(days.annotate(total=Sum(column)))


def _sorted(days: Iterable[Day]) -> tuple[Day, ...]:
    return tuple(sorted(days))
