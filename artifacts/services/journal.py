"""What the log of who did what says of versions and aliases (``accounts.audit``)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.access import Caller
from accounts.audit import Values, make_event
from accounts.models import AuditEvent
from artifacts.models import Alias, Artifact, Version

MAX_VALUE_BYTES = 4096


def team_of(artifact: Artifact) -> str:
    """The name of its team, empty for everyone's."""
    return artifact.team.name if artifact.team else ""


def version_event(
    action: str,
    version: Version,
    caller: Caller,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEvent:
    """``caller`` did something to ``version``."""
    return make_event(
        action, caller=caller, obj=version, name=version.full_name,
        team=team_of(version.artifact), before=before, after=after,
    )  # fmt: skip


def creation_event(version: Version, caller: Caller, *, aliases: Sequence[str]) -> AuditEvent:
    """``caller`` made ``version``, and pointed ``aliases`` at it."""
    after = {
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "num_references": version.num_references,
        "run": version.created_by_run or None,
        "aliases": list(aliases),
    }
    return version_event("version.create", version, caller, after=after)


def status_event(action: str, version: Version, caller: Caller, *, before: str) -> AuditEvent:
    """The status of ``version`` is another than ``before`` now."""
    after = {"status": version.status}
    return version_event(action, version, caller, before={"status": before}, after=after)


def alias_event(
    action: str,
    artifact: Artifact,
    name: str,
    caller: Caller,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEvent:
    """``caller`` did something to the alias ``name`` of ``artifact``."""
    return make_event(
        action, caller=caller, obj=Alias(name=name), name=f"{artifact}:{name}",
        team=team_of(artifact), before=before, after=after,
    )  # fmt: skip


def shortened(values: Mapping[str, Any]) -> Values:
    """``values``, of which the large ones are told by length and digest: a log is kept for ever."""
    return {name: _short(value) for name, value in values.items()}


def _short(value: Any) -> Any:
    raw = json.dumps(value, sort_keys=True).encode()
    if len(raw) <= MAX_VALUE_BYTES:
        return value
    return f"{len(raw)} bytes of JSON, sha256:{hashlib.sha256(raw).hexdigest()}"
