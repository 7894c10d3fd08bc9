"""What content takes on disk as far as somebody may know: as if there were nothing hidden from him.

How a content really lies tells what was stored before it, and so of hidden content too. So whoever
does not see everything is told what follows from what he sees: of a content all but the bytes that
lie in others he knows, where those are enough to lean on. Where it was stored before in a way
he may not know of, its *plan* says what his own upload would have leaned on
(``BlobUpload.plan``). Who sees everything is told what there is.

The fragments of SQL here go with :func:`seen_values`.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, Sum

from artifacts.known import ARTIFACT_IS_KNOWN, BASE_IS_KNOWN, Values, content_is_known
from artifacts.models import BlobUpload
from artifacts.querysets import BlobQuerySet
from artifacts.storage.layout import EXTENTS
from artifacts.storage.matching import WORTH_BYTES

# The plan of the oldest upload of ``blob`` that he knows of: his own, or that of the author of
# something he sees. NULL: it lies as it lies.
_PLAN = f"""(
    SELECT sent.plan FROM artifacts_blobupload sent
    WHERE sent.blob_id = blob.id AND sent.plan IS NOT NULL AND NOT %(sees_all)s
    AND (sent.user_id = %(user)s OR EXISTS (
        SELECT FROM artifacts_manifestentry one
        JOIN artifacts_version version ON version.id = one.version_id
        JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
        WHERE one.blob_id = blob.id AND version.created_by_id = sent.user_id
        AND {ARTIFACT_IS_KNOWN}
    )) ORDER BY sent.id LIMIT 1
)"""  # noqa: S608 - constants only

# What ``blob`` keeps in which others. Without a plan PostgreSQL must not even look: it would read
# all blobs for each, which takes half a minute for a version of 10 000 files.
_LEANS = """(
    SELECT real.base_id, real.bytes FROM artifacts_blobbase real
    WHERE real.blob_id = blob.id AND planned.bases IS NULL
    UNION ALL
    SELECT base.id, one.value::bigint FROM jsonb_each_text(planned.bases) one
    JOIN artifacts_blob base ON base.sha256 = one.key
    WHERE planned.bases IS NOT NULL
)"""

_IS_WORTH = "(%(sees_all)s OR lent.bytes >= %(worth)s AND lent.bytes * 10 >= blob.size_bytes)"


def seen_blobs(where: str) -> str:
    """SQL for the rows (id, size_bytes, physical_bytes, lent_bytes) of each ``blob`` that is meant.

    ``lent_bytes`` lie in other contents that he knows.
    """
    return f"""
    SELECT blob.id, blob.size_bytes,
        CASE WHEN %(sees_all)s THEN least(blob.size_bytes, blob.physical_bytes)
            WHEN {_IS_WORTH} THEN blob.size_bytes - lent.bytes
            ELSE blob.size_bytes END AS physical_bytes,
        CASE WHEN {_IS_WORTH} THEN lent.bytes ELSE 0 END AS lent_bytes
    FROM artifacts_blob blob
    CROSS JOIN LATERAL (SELECT {_PLAN} AS bases) planned
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(lean.bytes), 0) AS bytes FROM {_LEANS} lean WHERE {BASE_IS_KNOWN}
    ) lent
    WHERE {where}"""  # noqa: S608 - constants only


_SIZES = f"""
SELECT id, physical_bytes, lent_bytes FROM ({seen_blobs("blob.id = ANY(%(blobs)s)")}) seen
"""  # noqa: S608 - constants only

# Those that only the given versions list, as far as he sees, and what others he knows keep there.
_FREED = f"""
WITH gone AS (
    SELECT DISTINCT mine.blob_id AS id FROM artifacts_manifestentry mine
    WHERE mine.version_id = ANY(%(versions)s) AND NOT EXISTS (
        SELECT FROM artifacts_manifestentry one
        JOIN artifacts_version version ON version.id = one.version_id
        JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
        WHERE one.blob_id = mine.blob_id AND one.version_id <> ALL(%(versions)s)
        AND {ARTIFACT_IS_KNOWN}
    )
), leaning AS (
    SELECT lean.blob_id AS id FROM artifacts_blobbase lean WHERE lean.base_id IN (TABLE gone)
    UNION
    SELECT sent.blob_id FROM artifacts_blobupload sent
    WHERE sent.plan IS NOT NULL AND jsonb_exists_any(sent.plan, ARRAY(
        SELECT blob.sha256::text FROM artifacts_blob blob WHERE blob.id IN (TABLE gone)
    ))
), staying AS (
    SELECT id FROM leaning
    WHERE id NOT IN (TABLE gone) AND {content_is_known("leaning.id")}
), kept AS (
    SELECT lean.base_id, sum(lean.bytes) AS bytes
    FROM ({seen_blobs("blob.id IN (TABLE staying)")}) stays
    JOIN artifacts_blob blob ON blob.id = stays.id
    CROSS JOIN LATERAL (SELECT {_PLAN} AS bases) planned
    CROSS JOIN LATERAL {_LEANS} lean
    WHERE stays.lent_bytes > 0 GROUP BY lean.base_id
)
SELECT coalesce(sum(dead.physical_bytes - least(dead.physical_bytes, coalesce(kept.bytes, 0))), 0)
FROM ({seen_blobs("blob.id IN (TABLE gone)")}) dead
LEFT JOIN kept ON kept.base_id = dead.id
"""  # noqa: S608 - constants only


def seen_values(known: Values) -> dict[str, Any]:
    """The parameters of the fragments, for what ``known`` says that one may know."""
    return {"worth": WORTH_BYTES, **known}


def seen_sizes(blob_ids: Iterable[int], known: Values) -> dict[int, tuple[int, int]]:
    """Blob id → (``physical_bytes``, ``lent_bytes``) as far as ``known`` goes."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, seen_values(known) | {"blobs": list(blob_ids)})
        return {pk: (int(physical), int(lent)) for pk, physical, lent in cursor.fetchall()}


def seen_bytes(blobs: BlobQuerySet, known: Values) -> int:
    """What ``blobs`` take together as far as ``known`` goes: asked only of those that may lean."""
    if known["sees_all"]:
        return blobs.physical_bytes()
    planned = BlobUpload.objects.filter(blob=OuterRef("pk"), plan__isnull=False)
    leaning = blobs.filter(Q(layout=EXTENTS) | Exists(planned)).values_list("pk", flat=True)
    sizes = seen_sizes(leaning, known).values()
    total: int = blobs.aggregate(total=Sum("size_bytes"))["total"] or 0
    return total - sum(lent for _, lent in sizes)


def seen_freed_bytes(version_ids: Iterable[int], known: Values) -> int:
    """What would come free were these versions gone for ever, for somebody to whom not all is told.

    Content that another version he sees lists counts nothing; what contents he knows keep in one
    that goes stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FREED, seen_values(known) | {"versions": list(version_ids)})
        return int(cursor.fetchone()[0])
