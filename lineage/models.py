"""Runs and what they used.

The edges of the lineage: a :class:`RunInput` leads from a version to the run that used it; a
version's ``created_by_run`` holds the id of the run that made it. Runs are never deleted, and
versions leave a tombstone, so an edge always points at something true.
"""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone

from artifacts.models import Version
from artifacts.querysets import VisibleQuerySet

MAX_RUN_ID_CHARACTERS = 128
MAX_RUN_NAME_CHARACTERS = 255


class RunQuerySet(VisibleQuerySet):
    """The runs."""

    def newest_first(self) -> Self:
        """In the order of the list, with who began them."""
        return self.select_related("created_by").order_by("-created_at", "-id")


class Run(models.Model):
    """One execution of somebody's code. ``finished_at`` is set exactly while it is not running."""

    class Status(models.TextChoices):
        """How it stands."""

        RUNNING = "running", "running"
        FINISHED = "finished", "finished"
        FAILED = "failed", "failed"

    id = models.CharField(primary_key=True, max_length=MAX_RUN_ID_CHARACTERS)
    project = models.CharField(max_length=MAX_RUN_NAME_CHARACTERS)
    name = models.CharField(max_length=MAX_RUN_NAME_CHARACTERS, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(id=""), name="run_id_not_empty"),
            CheckConstraint(
                condition=~Q(id__regex=r"[/:[:space:][:cntrl:]]"), name="run_id_fits_a_path"
            ),
            CheckConstraint(condition=~Q(project=""), name="run_project_not_empty"),
            CheckConstraint(
                condition=Q(status="running", finished_at=None)
                | Q(status__in=["finished", "failed"], finished_at__isnull=False),
                name="run_finished_at_tells_status",
            ),
        ]
        indexes = [
            Index(fields=["-created_at", "-id"], name="run_newest_first"),
            Index(fields=["project", "-created_at", "-id"], name="run_newest_of_project"),
        ]

    def __str__(self) -> str:
        return self.id


class RunInput(models.Model):
    """A run used a version."""

    # No index of its own: the one of the unique constraint begins with it.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="inputs", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.RESTRICT, related_name="uses")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["run", "version"], name="run_input_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} uses {self.version_id}"
