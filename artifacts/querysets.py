"""The reads: composable, and every look-up from outside starts at ``visible_to(caller)``.

*Live* means not soft-deleted and not purged; *ready* means live and undamaged. A *purged*
version is a tombstone that only lineage shows.
"""

import re
from collections.abc import Collection
from typing import Any, Self
from unicodedata import normalize

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from accounts.access import Caller, access_of
from accounts.names import EVERYONE
from accounts.roles import Access
from artifacts.names import TYPES

MAX_NUMBER = (1 << 31) - 1

LIVE = Q(deleted_at=None, purged_at=None)
READY = LIVE & Q(corrupted_at=None)

_ACCENTS = r"[\u0300-\u036f]"
_WITHOUT_ACCENTS = Func(
    Func(F("name"), template="normalize(%(expressions)s, NFD)"), Value(_ACCENTS), Value(""),
    Value("g"), function="regexp_replace",
)  # fmt: skip
NAME_WORDS = SearchVector(
    Func(_WITHOUT_ACCENTS, Value("-_./"), Value("    "), function="translate"), config="simple"
)
"""The words of a name; by PostgreSQL's own means, for not every server has ``unaccent``."""


class VisibleQuerySet(models.QuerySet[Any]):
    """A queryset that knows what a caller may see; ``team_field`` leads to whose the rows are."""

    team_field = "team"

    def visible_to(self, caller: Caller) -> Self:
        """Only the rows ``caller`` may know of."""
        access = access_of(caller)
        return (
            self.none() if access.highest is None else self.filter(access.visible(self.team_field))
        )


class BlobQuerySet(models.QuerySet[Any]):
    """Stored content."""

    def visible_to(self, caller: Caller) -> Self:
        """What ``caller`` may read in some version, or has sent himself (docs/security.md)."""
        access = access_of(caller)
        if access.sees_all:
            return self
        if access.highest is None:
            return self.none()
        entries = apps.get_model("artifacts", "ManifestEntry").objects.filter(blob=OuterRef("pk"))
        uploads = apps.get_model("artifacts", "BlobUpload").objects.filter(blob=OuterRef("pk"))
        readable = entries.filter(access.visible("version__artifact__team"))
        return self.filter(Exists(readable) | Exists(uploads.filter(user=caller.pk)))

    def healthy(self) -> Self:
        """Those whose bytes are not known to be damaged."""
        return self.filter(damaged_at=None)

    def with_digests(self, sha256s: Collection[str]) -> Self:
        """Those with one of these; one parameter for all, which may be 100 000."""
        wanted = RawSQL("SELECT unnest(%s::text[])", [list(sha256s)])
        return self.filter(sha256__in=wanted)

    def physical_bytes(self) -> int:
        """What they take on disk, in bytes."""
        return self.aggregate(total=Sum("physical_bytes"))["total"] or 0

    def dead(self) -> Self:
        """Those that no manifest entry refers to. Compiles to NOT EXISTS, so it can be locked."""
        entry = apps.get_model("artifacts", "ManifestEntry")
        return self.filter(~Exists(entry.objects.filter(blob=OuterRef("pk"))))

    def lending(self) -> Self:
        """Those that other blobs keep bytes in."""
        lent = apps.get_model("artifacts", "BlobBase").objects.filter(base=OuterRef("pk"))
        return self.filter(Exists(lent))

    def orphaned(self) -> Self:
        """The dead that no other blob keeps bytes in: nothing refers to them at all."""
        lent = apps.get_model("artifacts", "BlobBase").objects.filter(base=OuterRef("pk"))
        return self.dead().filter(~Exists(lent))

    def damaged_in_version(self, version_ref: object) -> Self:
        """The damaged blobs a version refers to."""
        return self.filter(damaged_at__isnull=False, entries__version=version_ref)


class VersionQuerySet(VisibleQuerySet):
    """The versions of artifacts."""

    team_field = "artifact__team"

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

    def owned_by(self, team: str) -> Self:
        """Those of the team of that name; ``everyone``: those of no team."""
        return self.filter(team=None) if team == EVERYONE else self.filter(team__name=team)

    def named(
        self, name: str, type_: str | None, *, asked_by: Caller, team: str | None = None
    ) -> list[Any]:
        """The artifacts called ``name``, in the order of the types, that ``asked_by`` may mean.

        Of several in one type his own teams' stand before everyone's, and those before others':
        nobody can put another in the place of a team's. ``team`` says whose is meant.

        One of nothing but tombstones is meant only where there is no other.
        """
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        rows = self.visible_to(asked_by).filter(name=name).select_related("team")
        if type_:
            rows = rows.filter(type=type_)
        if team is not None:
            rows = rows.owned_by(team)
        rows = rows.annotate(has_versions=Exists(versions.filter(purged_at=None))).order_by("pk")
        found = sorted(rows, key=lambda artifact: TYPES.index(artifact.type))
        live = [artifact for artifact in found if artifact.has_versions]
        return _nearest(live, access_of(asked_by)) or found[:1]

    def with_remaining(self) -> Self:
        """Those of which there is more than tombstones."""
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        return self.filter(Exists(versions.remaining()))

    def search(self, text: str) -> Self:
        """Those whose name has a word beginning with each word of ``text``, accents or not."""
        plain = re.sub(_ACCENTS, "", normalize("NFD", text))
        words = plain.translate(str.maketrans("-_./", "    ")).split()
        if not words or not all(word.isascii() and word.isalnum() for word in words):
            return self.filter(name__icontains=text)  # scripts without spaces have no words
        query = " & ".join(f"{word}:*" for word in words)
        found = self.annotate(words=NAME_WORDS)
        return found.filter(words=SearchQuery(query, config="simple", search_type="raw"))

    def with_figures(self) -> Self:
        """With the number of live versions, and the number and size of the latest."""
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        latest = versions.ready().order_by("-number")
        return self.annotate(
            num_versions=Subquery(_count(versions.live())),
            latest_version=Subquery(latest.values("number")[:1]),
            size_bytes=Subquery(latest.values("size_bytes")[:1]),
        )

    def with_ready(self) -> Self:
        """Those that a list shows: there is a ready version of them."""
        versions = apps.get_model("artifacts", "Version").objects.filter(artifact=OuterRef("pk"))
        return self.filter(Exists(versions.ready()))

    def summaries(self) -> Any:
        """One row for each artifact with a ready version, newest first, in one query.

        Correlated subqueries, not joins: PostgreSQL then works for the rows of one page only, and
        for those that an offset skips. So deep pages are found by their ids first.
        """
        aliases = apps.get_model("artifacts", "Alias").objects.filter(artifact=OuterRef("pk"))
        return (
            self.with_ready()
            .with_figures()
            .annotate(alias_pairs=ArraySubquery(aliases.resolving().values_list(_pair())))
            .order_by("-updated_at", "-id")
            .values(
                "name", "type", "num_versions", "latest_version", "size_bytes", "created_at",
                "updated_at", "alias_pairs", "team__name",
            )
        )  # fmt: skip


class AliasQuerySet(models.QuerySet[Any]):
    """The movable names."""

    def resolving(self) -> Self:
        """Those whose version is not deleted, by name."""
        return self.filter(version__deleted_at=None).order_by("name")


def _nearest(artifacts: list[Any], access: Access) -> list[Any]:
    """Of each type only those that stand nearest to the caller, in the order given."""

    def distance(artifact: Any) -> int:
        if artifact.team_id in access.team_roles:
            return 0
        return 1 if artifact.team_id is None else 2

    nearest: dict[str, int] = {}
    for artifact in artifacts:
        nearest[artifact.type] = min(distance(artifact), nearest.get(artifact.type, 2))
    return [artifact for artifact in artifacts if distance(artifact) == nearest[artifact.type]]


def _count(versions: VersionQuerySet) -> Any:
    return versions.order_by().values("artifact").annotate(n=Count("pk")).values("n")


def _pair() -> JSONObject:
    return JSONObject(name=F("name"), number=F("version__number"), is_protected=F("is_protected"))
