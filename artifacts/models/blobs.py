"""Content: a *blob* is what some manifest entries are, known by its sha256 and stored once.

What keeps a blob alive are foreign keys, nothing else (docs/storage.md): those of entries, and
those of other blobs that keep some of their bytes in it (``BlobBase``).
"""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils import timezone

from artifacts.querysets import BlobQuerySet
from artifacts.storage.layout import Place

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
    """Content stored once, known by the sha256 of the whole of it.

    ``physical_bytes`` is the size of its own file on disk. Dead content that others still need
    bytes of stays as layout "remains": it can no longer be served.
    """

    class Layout(models.TextChoices):
        """How the bytes lie on disk."""

        FILE = "file", "one whole file"
        EXTENTS = "extents", "its own bytes, the others in other blobs"
        REMAINS = "remains", "only what other blobs need of it"

    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    physical_bytes = models.BigIntegerField()
    layout = models.CharField(max_length=16, choices=Layout, default=Layout.FILE)
    generation = models.PositiveIntegerField(default=0)
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
            CheckConstraint(
                condition=Q(layout__in=["file", "extents", "remains"]), name="blob_layout_is_known"
            ),
            CheckConstraint(
                condition=~Q(layout="file") | Q(physical_bytes=F("size_bytes")),
                name="blob_file_holds_all",
            ),
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

    @property
    def place(self) -> Place:
        """Where its own bytes lie, for ``storage``."""
        return Place(
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            physical_bytes=self.physical_bytes,
            layout=self.layout,
            generation=self.generation,
        )


class BlobBase(models.Model):
    """``blob`` keeps ``bytes`` of its content in the file of ``base``, which must therefore stay.

    A base is older than what leans on it, so that no circle keeps dead content alive.
    """

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="bases")
    base = models.ForeignKey(Blob, on_delete=models.RESTRICT, related_name="dependents")
    bytes = models.BigIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["blob", "base"], name="blob_base_unique"),
            CheckConstraint(condition=Q(base__lt=F("blob")), name="blob_base_is_older"),
            CheckConstraint(condition=Q(bytes__gt=0), name="blob_base_lends_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.blob_id} on {self.base_id}"


class BlobChunks(models.Model):
    """Where the chunks in a blob's own file begin: an index, for finding shared bytes.

    Losing it loses savings, never data. ``chunks`` is a ``storage.chunks.ChunkList``.
    """

    blob = models.OneToOneField(
        Blob, on_delete=models.CASCADE, primary_key=True, related_name="chunk_list"
    )
    chunks = models.BinaryField()

    class Meta:
        verbose_name_plural = "chunk lists"

    def __str__(self) -> str:
        return f"chunks of {self.blob_id}"


class Hook(models.Model):
    """One chunk in 64 of a blob, by which content of other artifacts finds it."""

    key = models.BigIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="hooks")

    class Meta:
        constraints = [UniqueConstraint(fields=["key", "blob"], name="hook_unique_per_blob")]

    def __str__(self) -> str:
        return f"{self.key} in {self.blob_id}"


class BlobUpload(models.Model):
    """Somebody has sent this content himself, and so may name it though he may not read it yet.

    ``team`` is the one with a quota that he last said it was for, ``sent_at`` when. ``plan`` is
    what his upload would have leaned on (sha256 → bytes) had the content not been stored before, in
    a way that he may not know of; null: it lies as he would have stored it.
    """

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    sent_at = models.DateTimeField(default=timezone.now)
    plan = models.JSONField(null=True, editable=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["user", "blob"], name="blob_upload_unique")]
        indexes = [
            Index(fields=["blob"], condition=Q(plan__isnull=False), name="blob_upload_planned"),
            Index(
                fields=["team", "user", "sent_at"],
                condition=Q(team__isnull=False),
                name="blob_upload_of_team",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blob_id} by {self.user_id}"
