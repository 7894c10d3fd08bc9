"""The routes by which what was elsewhere comes in, or goes there, and their JSON."""

import json
from typing import Any, NotRequired, TypedDict, cast

from runicorn.payloads import RunInfo
from runicorn.routes import artifact_path, run_path
from runicorn.transport import Call, Transport


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


class Imports:
    """``POST …/import`` of versions and of runs (both may be repeated), and all runs to export."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def version(self, name: str, body: dict[str, Any]) -> StandingInfo:
        """``POST /api/artifacts/{name}/import``."""
        return cast("StandingInfo", self._post(f"{artifact_path(name)}/import", body)[0])

    def run(self, run_id: str, body: dict[str, Any]) -> tuple[ImportedRunInfo, bool]:
        """``POST /api/runs/{run_id}/import``: the answer, and whether the run is new."""
        data, status = self._post(f"{run_path(run_id)}/import", body)
        return cast("ImportedRunInfo", data), status == 201

    def list_runs(self, *, limit: int, offset: int) -> list[RunInfo]:
        """``GET /api/runs``: a page of the runs, the newest first."""
        call = Call("GET", "/api/runs", {"limit": limit, "offset": offset})
        return cast("list[RunInfo]", self._transport.request(call).data)

    def _post(self, path: str, body: dict[str, Any]) -> tuple[Any, int]:
        data = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        reply = self._transport.request(Call("POST", path, {}, headers, body=lambda: data))
        return reply.data, reply.status
