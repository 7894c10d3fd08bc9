"""What an import was asked for, and what became of it."""

from collections.abc import Callable
from pathlib import Path

from artifacts.models import Version
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
