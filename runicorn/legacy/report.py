"""What an import did: counts, bytes, digests and findings, as text and as JSON."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from runicorn.legacy.values import Finding, PastVersion, on_one_line

FORMAT = 1
TAKEN = frozenset({"imported", "new", "there"})
KINDS = ("conflict", "corrupted", "repaired", "skipped", "note")
LEFT_OUT = frozenset({"conflict", "skipped"})
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True)
class VersionResult:
    """What became of one version; ``manifest_digest`` as the portal has it, once it is there."""

    version: str
    outcome: str
    status: str = ""
    manifest_digest: str = ""
    files: int = 0
    size_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Its fields."""
        return {
            "version": self.version, "outcome": self.outcome, "status": self.status,
            "manifest_digest": self.manifest_digest, "files": self.files,
            "size_bytes": self.size_bytes,
        }  # fmt: skip


@dataclass
class Report:
    """Everything that an import has to say; it grows while the import goes on."""

    root: str
    target: str
    is_dry_run: bool = False
    results: list[VersionResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    contents: Counter[str] = field(default_factory=Counter)
    content_bytes: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    links: int = 0
    artifacts: int = 0
    aliases: int = 0
    checked: int = 0
    unchecked: list[str] = field(default_factory=list)
    is_complete: bool = False
    seconds: float = 0.0

    def note(self, finding: Finding) -> None:
        """Keep a finding; the same one twice is one."""
        if finding not in self._known:
            self._known.add(finding)
            self.findings.append(finding)

    def __post_init__(self) -> None:
        self._known: set[Finding] = set()

    def add(self, past: PastVersion, outcome: str, **more: str) -> None:
        """Keep what became of a version."""
        size = sum(one.size for one in past.files)
        self.results.append(
            VersionResult(str(past), outcome, files=len(past.files), size_bytes=size, **more)
        )

    @property
    def outcomes(self) -> Counter[str]:
        """How many versions came to each outcome."""
        return Counter(one.outcome for one in self.results)

    @property
    def num_corrupted(self) -> int:
        """How many versions stand in the portal as corrupted."""
        return sum(one.status == "corrupted" for one in self.results)

    @property
    def is_signed_off(self) -> bool:
        """Whether it ran to its end, left nothing out, and the portal has what was taken.

        That is asked of it afterwards: each version is there, with the manifest digest of the
        store's. Content that the store has lost is no reason against it: it is said.
        """
        is_done = self.is_complete and not self.is_dry_run
        return is_done and not self.unchecked and not self.num_left_out

    @property
    def num_left_out(self) -> int:
        """How many findings say that something of the store is not in the portal."""
        return sum(one.kind in LEFT_OUT for one in self.findings)

    @property
    def digest(self) -> str | None:
        """The sha256 of all versions taken, with their manifest digests: equal imports agree.

        None where nothing was taken, or the portal does not say what it would make of it.
        """
        taken = [one for one in self.results if one.outcome in TAKEN]
        if not taken or not all(one.manifest_digest for one in taken):
            return None
        lines = (f"{one.version} {one.manifest_digest} {one.status}\n" for one in taken)
        return f"sha256:{hashlib.sha256(''.join(sorted(lines)).encode()).hexdigest()}"

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "kind": "runicorn-import-report", "format": FORMAT, "root": self.root,
            "target": self.target, "dry_run": self.is_dry_run, "complete": self.is_complete,
            "signed_off": self.is_signed_off, "digest": self.digest,
            "seconds": round(self.seconds, 3), "artifacts": self.artifacts,
            "versions": dict(self.outcomes), "corrupted": self.num_corrupted,
            "contents": dict(self.contents), "content_bytes": dict(self.content_bytes),
            "aliases": self.aliases, "runs": dict(self.runs), "run_links": self.links,
            "checked": self.checked, "unchecked": self.unchecked,
            "findings": [vars(one) for one in self.findings],
            "results": [one.to_json() for one in self.results],
        }  # fmt: skip

    def to_text(self) -> str:
        """For people: what was found, then the figures, and the verdict last."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for kind in KINDS:
            yield from map(str, [one for one in self.findings if one.kind == kind])
        how = " (dry run)" * self.is_dry_run
        yield f"Import of {on_one_line(self.root)} into {self.target}{how}"
        yield f"  artifacts  {self.artifacts}"
        yield f"  versions   {len(self.results)}: {_counts(self.outcomes)}"
        yield f"  corrupted  {self.num_corrupted}"
        for how, count in sorted(self.contents.items()):
            yield f"  contents   {count} {how}, {human_size(self.content_bytes[how])}"
        yield f"  aliases    {self.aliases}"
        yield f"  runs       {sum(self.runs.values())}: {_counts(self.runs)}; {self.links} links"
        yield f"  findings   {_counts(Counter(one.kind for one in self.findings))}"
        if self.digest:
            yield f"  digest     {self.digest}"
        yield self._verdict()

    def _verdict(self) -> str:
        if not self.is_complete:
            return "NOT COMPLETE: run it again, it goes on where it stopped."
        if self.is_dry_run:
            return "Nothing was written."
        if self.unchecked:
            return (
                f"NOT SIGNED OFF: the portal does not agree about {', '.join(self.unchecked[:5])}"
            )
        checked = f"the portal has {self.checked} versions, each with the store's manifest digest"
        if self.num_left_out:
            left_out = f"{self.num_left_out} findings say what was left out"
            return f"NOT SIGNED OFF: {left_out}; of the rest {checked}."
        return f"Signed off: nothing was left out, and {checked}."


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def human_size(size_bytes: int) -> str:
    """Write ``1536`` as ``1.5 KiB``."""
    size, unit = float(size_bytes), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size_bytes} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def write_json(report: Report) -> str:
    """The report as a JSON text."""
    return json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n"
