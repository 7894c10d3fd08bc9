"""A store of 0.5 as it is read, and what was noted of it."""

from pathlib import Path
from typing import Any

from runicorn.legacy.reading import Settings, StoreReader
from runicorn.legacy.values import Finding, PastVersion


class Reading:
    """A reader, and what it noted."""

    def __init__(self, root: Path, **more: Any) -> None:
        self.findings: list[Finding] = []
        self.reader = StoreReader(root, self.findings.append, Settings(**more))
        self.artifacts = {str(one.line): one for one in self.reader.artifacts()}

    def load(self, line: str = "model/model-a", number: int = 1) -> PastVersion:
        return self.reader.versions.load(self.artifacts[line], number)

    def said(self, kind: str) -> list[str]:
        return [f"{one.about}: {one.text}" for one in self.findings if one.kind == kind]
