"""What happens to a run without a portal: it begins, logs, uses, ends.

In an event's ``body`` stand its ``kind``, the ``run`` and the time ``at``; for ``log`` the
``name`` and the ``commit`` as the API takes it; for ``use`` an ``artifact`` with its
``manifest_digest``, or the commit's id as ``queued`` and the ``name`` of what it is to be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from runicorn import payloads, rules
from runicorn.specs import Spec


@dataclass(frozen=True)
class Event:
    """Something that happened offline; a damaged one has an empty ``body``."""

    path: Path
    body: dict[str, Any]  # differs by kind

    @classmethod
    def of(cls, path: Path, said: dict[str, Any]) -> Self:
        """Take what a file says, as far as it is an event."""
        return cls(path, said if is_event(said) else {})

    @property
    def number(self) -> int:
        """Where it stands in the queue; 0 where somebody gave its file another name."""
        return int(self.path.stem) if self.path.stem.isdecimal() else 0

    @property
    def kind(self) -> str:
        """``run``, ``log``, ``use`` or ``status``."""
        return str(self.body.get("kind"))

    @property
    def digests(self) -> set[str]:
        """The content it speaks of."""
        files = self.body["commit"]["files"] if self.kind == "log" else []
        return {item["digest"] for item in files}

    @property
    def needs(self) -> list[str]:
        """Name what it is nothing without: its run, the version it uses."""
        used = [f"commit {self.body['queued']}"] if "queued" in self.body else []
        return [f"run {self.body.get('run')}", *used]

    @property
    def follows(self) -> list[str]:
        """Name what must be sent before it: what it needs, earlier versions of its artifact."""
        if self.kind != "log":
            return self.needs
        commit = self.body["commit"]
        return [*self.needs, f"artifact {commit.get('team')}/{commit['type']}/{self.body['name']}"]

    @property
    def provides(self) -> list[str]:
        """Name what others may need."""
        match self.kind:
            case "run":
                return [f"run {self.body['run']}"]
            case "log":
                return [f"commit {self.body['commit']['commit_id']}"]
        return []

    def without_aliases(self) -> Self:
        """The same version without aliases, and without the comment on their moves."""
        commit = {**self.body["commit"], "aliases": []}
        commit.pop("comment", None)
        return replace(self, body={**self.body, "commit": commit})

    def __str__(self) -> str:
        """Say what it is in a few words."""
        body = self.body
        match self.kind:
            case "run":
                return f"run {body['run']} ({body['project']}, {body['name']})"
            case "log":
                return f"{body['name']} ({body['commit']['type']}), logged by {body['run']}"
            case "use":
                queued = f"{body['name']}:queued" if "name" in body else "a queued version"
                return f"use of {body.get('artifact') or queued} by {body['run']}"
            case "status":
                return f"run {body['run']} {body['status']}"
        return f"damaged event {self.path}"


def choose_with_dependents(events: Iterable[Event], numbers: set[int]) -> list[Event]:
    """Return the events of these numbers, and those after them that are nothing without them."""
    gone: set[str] = set()
    chosen = []
    for event in events:
        if event.number in numbers or not gone.isdisjoint(event.needs):
            chosen.append(event)
            gone.update(event.provides)
    return chosen


def list_files(name: str, commit: payloads.CommitRequest) -> payloads.FilesListing:
    """List what a commit names, as the server does for a version."""
    return {
        "artifact": f"{name}:queued",
        "files": commit["files"],
        "references": commit["references"],
        "total_size": sum(item["size"] for item in commit["files"]),
        "total_files": len(commit["files"]),
        "total_references": len(commit["references"]),
        "is_remote": False,
    }


def identity(detail: payloads.VersionDetail) -> dict[str, str | None]:
    """Name a version, and say what tells it from one of that name on another portal."""
    owner = detail.get("team") or rules.EVERYONE
    spec = Spec(detail["name"], f"v{detail['version']}", detail["type"], owner)
    return {"artifact": spec.reference, "manifest_digest": detail["manifest_digest"]}


def is_event(body: dict[str, Any]) -> bool:
    """Whether an event has what is needed to send it, as far as that can be seen here."""
    match body:
        case {"kind": "run", "run": str(), "project": str(), "name": str()}:
            return True
        case {"kind": "status", "run": str(), "status": str()}:
            return True
        case {"kind": "use", "run": str(), "artifact": str(), "manifest_digest": str()}:
            return True
        case {"kind": "use", "run": str(), "queued": str()}:
            return True
        case {
            "kind": "log",
            "run": str(),
            "name": str(),
            "commit": {
                "type": str(),
                "commit_id": str(),
                "files": list(files),
            },
        }:
            return all(isinstance(one, dict) and _is_digest(one.get("digest")) for one in files)
    return False


def _is_digest(value: object) -> bool:
    try:
        rules.check_digest(value)
    except ValueError:
        return False
    return True
