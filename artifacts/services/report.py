"""What a rebuild of the database did, and what it could not."""

from dataclasses import dataclass, field


@dataclass
class RebuildReport:
    """Counts, what is worth knowing (``notes``), and what is lost or wrong (``losses``)."""

    blobs: int = 0
    versions: int = 0
    notes: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
