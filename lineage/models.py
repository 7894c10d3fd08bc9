"""Runs and what they used.

The edges of the lineage: a :class:`RunInput` leads from a version to the run that used it; a
version's ``created_by_run`` holds the id of the run that made it. Runs are never deleted, and
versions leave a tombstone, so an edge always points at something true.
"""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Count, Index, OuterRef, Q, Subquery, UniqueConstraint
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.access import Caller, can_enter
from artifacts.models import Version

MAX_RUN_ID_CHARACTERS = 128
MAX_RUN_NAME_CHARACTERS = 255


class RunQuerySet(models.QuerySet[Any]):
    """The runs."""

    def visible_to(self, caller: Caller) -> Self:
        """All of them, for whoever may enter; what they made and used is another matter."""
        return self if can_enter(caller) else self.none()

    def newest_first(self) -> Self:
        """In the order of the list, with who began them."""
        return self.select_related("created_by").order_by("-created_at", "-id")

    def search(self, text: str) -> Self:
        """Those with ``text`` in their id, name or project."""
        return self.filter(
            Q(id__icontains=text) | Q(name__icontains=text) | Q(project__icontains=text)
        )

    def projects(self) -> models.QuerySet[Any, str]:
        """The names of their projects, each once, in order."""
        return self.order_by("project").values_list("project", flat=True).distinct()

    def with_counts(self, caller: Caller) -> Self:
        """With how many versions each used and made, of those ``caller`` may know of."""
        visible = Version.objects.visible_to(caller).order_by()
        used = visible.filter(uses__run=OuterRef("pk")).values("uses__run")
        made = visible.filter(created_by_run=OuterRef("pk")).values("created_by_run")
        return self.annotate(num_used=_count(used), num_made=_count(made))


def _count(rows: models.QuerySet[Any, Any]) -> Coalesce:
    counted = rows.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


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

    @property
    def duration(self) -> timedelta | None:
        """How long it ran; None while it does."""
        return self.finished_at - self.created_at if self.finished_at else None


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
