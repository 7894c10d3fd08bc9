"""A run that does nothing: for tests and debugging of the code around it."""

from runicorn import rules
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.config import Config
from runicorn.drafts import Draft
from runicorn.models import ArtifactManifest, ArtifactMetadata
from runicorn.payloads import RunInfo
from runicorn.run import Run, make_run_id, new_run_info
from runicorn.specs import Spec
from runicorn.stored import Origin, StoredVersion
from runicorn.transfer import Transfer


class DisabledRun(Run):
    """A run that no server hears of (``RUNICORN_MODE=disabled``).

    What is logged is forgotten, what is used has no files: ``download`` makes an empty folder.
    """

    def _make_client(self) -> Client:
        return Client(Config())  # which talks to nobody, wherever the portal is said to be

    def _begin(self, project: str, name: str, run_id: str | None) -> RunInfo:
        return new_run_info(run_id or make_run_id(), project, name)

    def _use_base(self, spec: Spec) -> Artifact | None:
        return None

    def _log(self, artifact: Artifact, draft: Draft, transfer: Transfer) -> None:
        artifact.become(_hollow(draft.name, draft.artifact_type, draft.team, 0))

    def _use(self, spec: Spec) -> Artifact:
        kind = spec.artifact_type or rules.TYPES[0]
        stored = _hollow(spec.name, kind, spec.team, spec.version or 0)
        return Artifact.from_stored(stored, spec.team)

    def _end(self, status: str) -> None:
        self.status = status


def _hollow(name: str, kind: str, team: str | None, version: int) -> StoredVersion:
    owner = None if team == rules.EVERYONE else team
    metadata = ArtifactMetadata(name, kind, version, created_at=0.0, updated_at=0.0, team=owner)
    return StoredVersion(metadata, Origin(is_hollow=True), ArtifactManifest())
