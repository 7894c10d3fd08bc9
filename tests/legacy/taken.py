"""What an import was asked for, and what became of it."""

from collections.abc import Callable
from pathlib import Path

from artifacts.models import Alias, Artifact, Blob, Version
from lineage.models import Run, RunInput
from runicorn.legacy.report import Report

Take = Callable[..., Report]


Write = Callable[..., Path]


def versions() -> list[str]:
    """Every version with its status, as in ``model/model-a:v1 ready``."""
    rows = Version.objects.select_related("artifact__team").order_by(
        "artifact__type", "artifact__name", "number"
    )
    return [f"{one.full_name} {one.status}" for one in rows]


def kinds(report: Report) -> list[str]:
    """Every finding, as in ``damaged model/model-a:v1``."""
    return sorted(f"{one.kind} {one.about}" for one in report.findings)


def forget_all() -> None:
    """Lose the rows of artifacts and runs, and the content."""
    RunInput.objects.all().delete()
    Run.objects.all().delete()
    Alias.objects.all().delete()
    Version.objects.all().delete()
    Artifact.objects.all().delete()
    Blob.objects.all().delete()
