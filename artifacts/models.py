"""The shape of the heart. The database refuses bad data; Python explains it.

An *artifact* is a named line of *versions*; a version's manifest is its *entries* (path → blob)
and *references* (things kept elsewhere); an *alias* is a movable name for one version. What keeps
a *blob* alive are the foreign keys of entries, nothing else (docs/storage.md).
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, Func, Index, Q, UniqueConstraint
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from artifacts.names import MAX_NAME_CHARACTERS, MAX_PATH_BYTES, TYPES
from artifacts.querysets import (
    NAME_WORDS,
    AliasQuerySet,
    ArtifactQuerySet,
    BlobQuerySet,
    VersionQuerySet,
)

OCTETS_OF_PATH = Func("path", function="octet_length", output_field=models.IntegerField())
HEX_64 = r"^[0-9a-f]{64}$"


class StoreIdentity(models.Model):
    """Which store on disk these rows are about: one row, the id in its ``store.json``."""

    store_id = models.UUIDField(primary_key=True)
    is_only = models.BooleanField(default=True, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "store identities"
        constraints = [CheckConstraint(condition=Q(is_only=True), name="store_identity_is_only")]

    def __str__(self) -> str:
        return str(self.store_id)


class Blob(models.Model):
    """Content stored once, known by the sha256 of the whole of it."""

    class Layout(models.TextChoices):
        """How the bytes lie on disk."""

        FILE = "file", "one whole file"

    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    physical_bytes = models.BigIntegerField()
    layout = models.CharField(max_length=16, choices=Layout, default=Layout.FILE)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True, blank=True)
    damaged_at = models.DateTimeField(null=True, blank=True)

    objects = BlobQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(sha256__regex=HEX_64), name="blob_sha256_is_hex"),
            CheckConstraint(
                condition=Q(size_bytes__gte=0, physical_bytes__gte=0),
                name="blob_sizes_not_negative",
            ),
            CheckConstraint(condition=Q(layout__in=["file"]), name="blob_layout_is_known"),
        ]
        indexes = [
            Index(fields=["damaged_at"], name="blob_damaged", condition=~Q(damaged_at=None)),
            Index(fields=["verified_at", "id"], name="blob_verified_at"),
        ]

    def __str__(self) -> str:
        return self.digest

    @property
    def digest(self) -> str:
        """The digest as the API writes it."""
        return f"sha256:{self.sha256}"


class Artifact(models.Model):
    """A named line of versions; the name is unique within its type."""

    type = models.CharField(max_length=16, choices=[(name, name) for name in TYPES])
    name = models.CharField(max_length=MAX_NAME_CHARACTERS)
    last_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["name", "type"], name="artifact_name_unique_per_type"),
            CheckConstraint(condition=Q(type__in=TYPES), name="artifact_type_is_known"),
            CheckConstraint(condition=~Q(name=""), name="artifact_name_not_empty"),
        ]
        indexes = [
            Index(fields=["-updated_at", "-id"], name="artifact_newest_first"),
            GinIndex(NAME_WORDS, name="artifact_name_words"),
        ]

    def __str__(self) -> str:
        return f"{self.type}/{self.name}"


class Version(models.Model):
    """What was logged once and never changes; only its description, tags and metadata may.

    ``created_by_run`` is the id of the run that made it: an id and not a foreign key, because runs
    belong to the lineage, which stands above. ``commit_id`` is the client's own id of the commit,
    so that a repeated commit finds the version the first one made.
    """

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by_run = models.CharField(max_length=128, blank=True, default="")
    commit_id = models.UUIDField(null=True, blank=True, unique=True)
    description = models.TextField(blank=True, default="")
    tags = ArrayField(models.TextField(), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.BigIntegerField(default=0)
    num_files = models.PositiveIntegerField(default=0)
    num_references = models.PositiveIntegerField(default=0)
    corrupted_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    purged_at = models.DateTimeField(null=True, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["artifact", "number"], name="version_number_unique"),
            CheckConstraint(condition=Q(number__gte=1), name="version_number_from_one"),
            CheckConstraint(condition=Q(size_bytes__gte=0), name="version_size_not_negative"),
            CheckConstraint(
                condition=Q(purged_at=None)
                | Q(
                    description="",
                    tags=[],
                    metadata={},
                    manifest_sha256="",
                    size_bytes=0,
                    num_files=0,
                    num_references=0,
                    commit_id=None,
                ),
                name="version_tombstone_holds_nothing",
            ),
        ]
        indexes = [
            Index(fields=["created_by_run", "id"], name="version_by_run"),
            GinIndex(fields=["metadata"], name="version_metadata", opclasses=["jsonb_path_ops"]),
            GinIndex(fields=["tags"], name="version_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.artifact.name}:v{self.number}"

    @property
    def status(self) -> str:
        """``ready``, ``deleted`` or ``corrupted``; ``purged`` for a tombstone."""
        if self.purged_at:
            return "purged"
        if self.deleted_at:
            return "deleted"
        return "corrupted" if self.corrupted_at else "ready"


class ManifestEntry(models.Model):
    """One file of a version: its path and the blob that is its content."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="entries")
    path = models.TextField()
    blob = models.ForeignKey(Blob, on_delete=models.RESTRICT, related_name="entries")
    modified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "manifest entries"
        constraints = [
            UniqueConstraint(fields=["version", "path"], name="entry_path_unique_per_version"),
            CheckConstraint(condition=~Q(path=""), name="entry_path_not_empty"),
            CheckConstraint(
                condition=LessThanOrEqual(OCTETS_OF_PATH, MAX_PATH_BYTES),
                name="entry_path_not_too_long",
            ),
        ]

    def __str__(self) -> str:
        return self.path


class Reference(models.Model):
    """Something a version points at that is kept elsewhere; never counted as stored bytes."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="references")
    position = models.PositiveIntegerField()
    uri = models.TextField()
    checksum = models.TextField(null=True, blank=True)  # noqa: DJ001 - null: none was given
    size_bytes = models.BigIntegerField(null=True, blank=True)
    name = models.TextField(null=True, blank=True)  # noqa: DJ001 - null: none was given
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["version", "position"], name="reference_position_unique"),
            CheckConstraint(
                condition=Q(size_bytes=None) | Q(size_bytes__gte=0),
                name="reference_size_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.uri


class Alias(models.Model):
    """A movable name for one version of an artifact, such as ``production``.

    ``latest`` is never a row: it is the highest ready version.
    """

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=128)
    version = models.ForeignKey(Version, on_delete=models.RESTRICT, related_name="aliases")
    is_protected = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = AliasQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            UniqueConstraint(fields=["artifact", "name"], name="alias_name_unique_per_artifact"),
            CheckConstraint(
                condition=~Q(name__regex=r"^(latest|v[0-9]+)$") & ~Q(name=""),
                name="alias_is_not_a_version_number",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AliasEvent(models.Model):
    """One move of an alias, kept for ever: from where to where, who and when.

    ``from_number`` None: it was made; ``to_number`` None: it was removed.
    """

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="alias_events")
    name = models.CharField(max_length=128)
    from_number = models.PositiveIntegerField(null=True)
    to_number = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [Index(fields=["artifact", "name", "-id"], name="alias_event_newest_first")]

    def __str__(self) -> str:
        return f"{self.name}: {self.from_number} → {self.to_number}"
