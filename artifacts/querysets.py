"""The reads: composable, and every look-up from outside starts at ``visible_to(caller)``.

*Live* means not soft-deleted and not purged; *ready* means live and undamaged. A *purged*
version is a tombstone that only lineage shows.
"""

from typing import Any, Self

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import JSONObject

from accounts.access import Caller, can_enter
from artifacts.names import TYPES

MAX_NUMBER = (1 << 31) - 1

LIVE = Q(deleted_at=None, purged_at=None)
READY = LIVE & Q(corrupted_at=None)

NAME_WORDS = SearchVector(
    Func(F("name"), Value("-_./"), Value("    "), function="translate"), config="simple"
)


class VisibleQuerySet(models.QuerySet[Any]):
    """A queryset that knows what a caller may see."""

    def visible_to(self, caller: Caller) -> Self:
        """Only the rows ``caller`` may know of; all of them once he may enter."""
        return self if can_enter(caller) else self.none()


class BlobQuerySet(VisibleQuerySet):
    """Stored content."""

    def healthy(self) -> Self:
        """Those whose bytes are not known to be damaged."""
        return self.filter(damaged_at=None)

    def physical_bytes(self) -> int:
        """What they take on disk, in bytes."""
        return self.aggregate(total=Sum("physical_bytes"))["total"] or 0

    def orphaned(self) -> Self:
        """Those that no manifest entry refers to. Compiles to NOT EXISTS, so it can be locked."""
        entry = apps.get_model("artifacts", "ManifestEntry")
        return self.filter(~Exists(entry.objects.filter(blob=OuterRef("pk"))))

    def damaged_in_version(self, version_ref: object) -> Self:
        """The damaged blobs a version refers to."""
        return self.filter(damaged_at__isnull=False, entries__version=version_ref)


class VersionQuerySet(VisibleQuerySet):
    """The versions of artifacts."""

    def remaining(self) -> Self:
        """All but tombstones, which only lineage shows."""
        return self.filter(purged_at=None)

    def numbered(self, number: int) -> Self:
        """Those with this number, which may be one that no version can have."""
        return self.filter(number=number) if number <= MAX_NUMBER else self.none()

    def live(self) -> Self:
        """Neither soft-deleted nor purged."""
        return self.filter(LIVE)

    def ready(self) -> Self:
        """Live and undamaged."""
        return self.filter(READY)

    def holding(self, blob_ids: list[int]) -> Self:
        """Those whose manifest names one of these blobs."""
        entry = apps.get_model("artifacts", "ManifestEntry")
        return self.filter(Exists(entry.objects.filter(version=OuterRef("pk"), blob__in=blob_ids)))

    def latest_of_each(self) -> Self:
        """The highest ready version of each artifact: what ``latest`` means."""
        higher = apps.get_model("artifacts", "Version").objects.filter(
            READY, artifact=OuterRef("artifact"), number__gt=OuterRef("number")
        )
        return self.ready().filter(~Exists(higher))

    def sizes_by_type(self) -> Any:
        """One row a type: artifacts, versions, files and logical bytes."""
        return (
            self.order_by()
            .values("artifact__type")
            .annotate(
                artifacts=Count("artifact", distinct=True),
                versions=Count("pk"),
                files=Sum("num_files"),
                bytes=Sum("size_bytes"),
            )
        )


class ArtifactQuerySet(VisibleQuerySet):
    """The named lines."""

    def named(self, name: str, type_: str | None) -> list[Any]:
        """The artifacts called ``name``, in the order of the types; at most five.

        One of nothing but tombstones is meant only where there is no other.
        """
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        rows = self.filter(name=name, **({"type": type_} if type_ else {}))
        rows = rows.annotate(has_versions=Exists(versions.filter(purged_at=None)))
        found = sorted(rows, key=lambda artifact: TYPES.index(artifact.type))
        return [artifact for artifact in found if artifact.has_versions] or found[:1]

    def search(self, text: str) -> Self:
        """Those whose name has a word beginning with each word of ``text``."""
        words = text.translate(str.maketrans("-_./", "    ")).split()
        if not words or not all(word.isascii() and word.isalnum() for word in words):
            return self.filter(name__icontains=text)  # scripts without spaces have no words
        query = " & ".join(f"{word}:*" for word in words)
        found = self.annotate(words=NAME_WORDS)
        return found.filter(words=SearchQuery(query, config="simple", search_type="raw"))

    def summaries(self) -> Any:
        """One row for each artifact with a ready version, newest first, in one query.

        Correlated subqueries, not joins: PostgreSQL then works for the rows of one page only.
        """
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        aliases = apps.get_model("artifacts", "Alias").objects.filter(artifact=OuterRef("pk"))
        ready = versions.ready().order_by("-number")
        return (
            self.filter(Exists(versions.ready()))
            .annotate(
                num_versions=Subquery(_count(versions.live())),
                latest_version=Subquery(ready.values("number")[:1]),
                size_bytes=Subquery(ready.values("size_bytes")[:1]),
                alias_pairs=ArraySubquery(aliases.resolving().values_list(_pair())),
            )
            .order_by("-updated_at", "-id")
            .values(
                "name", "type", "num_versions", "latest_version", "size_bytes", "created_at",
                "updated_at", "alias_pairs",
            )
        )  # fmt: skip


class AliasQuerySet(models.QuerySet[Any]):
    """The movable names."""

    def resolving(self) -> Self:
        """Those whose version is not deleted, by name."""
        return self.filter(version__deleted_at=None).order_by("name")


def _count(versions: VersionQuerySet) -> Any:
    return versions.order_by().values("artifact").annotate(n=Count("pk")).values("n")


def _pair() -> JSONObject:
    return JSONObject(name=F("name"), number=F("version__number"))
