"""The routes by which what was elsewhere comes in, or goes there, and their JSON."""

from typing import Any, NotRequired, TypedDict

from runicorn.client.base import Routes, json_call
from runicorn.payloads import RunInfo
from runicorn.routes import artifact_path, run_path


class StandingInfo(TypedDict):
    """What stands at a number; see the server's ``outcome``."""

    artifact: str
    version: int
    outcome: str
    status: str | None
    manifest_digest: str | None
    aliases: list[str]
    differs: NotRequired[list[str]]  # older portals do not compare


class ImportedRunInfo(TypedDict):
    """The run, and what it used that is not there."""

    run: RunInfo
    missing: list[str]


class Imports(Routes):
    """``POST …/import`` of versions and of runs (both may be repeated), and all runs to export."""

    def version(self, name: str, body: dict[str, Any]) -> StandingInfo:
        """``POST /api/artifacts/{name}/import``."""
        return self._send(StandingInfo, "POST", f"{artifact_path(name)}/import", body)

    def run(self, run_id: str, body: dict[str, Any]) -> tuple[ImportedRunInfo, bool]:
        """``POST /api/runs/{run_id}/import``: the answer, and whether the run is new."""
        call = json_call("POST", f"{run_path(run_id)}/import", body)
        reply = self._reply(ImportedRunInfo, call)
        return reply.data, reply.status == 201

    def list_runs(self, *, limit: int, offset: int) -> list[RunInfo]:
        """``GET /api/runs``: a page of the runs, the newest first."""
        return self._get(list[RunInfo], "/api/runs", limit=limit, offset=offset)
