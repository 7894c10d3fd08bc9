"""An *artifact* is a named line of *versions*; a version's manifest is its *entries* (path → blob)
and *references* (things kept elsewhere).
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, Func, Index, Q, UniqueConstraint
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.models import Team
from accounts.names import EVERYONE
from artifacts.models.blobs import Blob
from artifacts.names import MAX_NAME_CHARACTERS, MAX_PATH_BYTES, TYPES
from artifacts.querysets import NAME_WORDS, ArtifactQuerySet, VersionQuerySet

OCTETS_OF_PATH = Func("path", function="octet_length", output_field=models.IntegerField())


class Artifact(models.Model):
    """A named line of versions; the name is unique within its type and team.

    ``team`` None: it belongs to everyone. A team's may be called as another's: a name that is taken
    by something hidden would tell that it is there.
    """

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="artifacts"
    )
    type = models.CharField(max_length=16, choices=[(name, name) for name in TYPES])
    name = models.CharField(max_length=MAX_NAME_CHARACTERS)
    last_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["name", "type", "team"],
                nulls_distinct=False,
                name="artifact_name_unique_per_type",
            ),
            CheckConstraint(condition=Q(type__in=TYPES), name="artifact_type_is_known"),
            CheckConstraint(condition=~Q(name=""), name="artifact_name_not_empty"),
        ]
        indexes = [
            Index(fields=["-updated_at", "-id"], name="artifact_newest_first"),
            GinIndex(NAME_WORDS, name="artifact_name_plain_words"),
        ]

    def __str__(self) -> str:
        return f"{self.team}/{self.type}/{self.name}" if self.team else f"{self.type}/{self.name}"

    @property
    def owner(self) -> str:
        """The team's name, or ``everyone``."""
        return self.team.name if self.team else EVERYONE


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
    def full_name(self) -> str:
        """The version with its type, and its team if it has one."""
        return f"{self.artifact}:v{self.number}"

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
