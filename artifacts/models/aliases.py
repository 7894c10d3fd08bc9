"""An *alias* is a movable name for one version; every move is kept, some names are protected."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone

from artifacts.models.versions import Artifact, Version
from artifacts.querysets import AliasQuerySet


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
    comment = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [Index(fields=["artifact", "name", "-id"], name="alias_event_newest_first")]

    def __str__(self) -> str:
        return f"{self.name}: {self.from_number} → {self.to_number}"


class ProtectedAlias(models.Model):
    """A pattern of alias names, such as ``release-*``, that only maintainers move or remove.

    It holds for every artifact. ``needs_comment``: a move has to say why.
    """

    pattern = models.CharField(
        max_length=128, unique=True, help_text="An alias; * stands for any characters, ? for one."
    )
    needs_comment = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "protected aliases"
        constraints = [
            CheckConstraint(condition=~Q(pattern=""), name="protected_alias_pattern_not_empty")
        ]

    def __str__(self) -> str:
        return self.pattern
