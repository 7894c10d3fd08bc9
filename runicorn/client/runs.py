"""Runs over HTTP."""

from runicorn import payloads
from runicorn.client.base import Routes, json_call
from runicorn.routes import run_path
from runicorn.transport import Reply


class RunRoutes(Routes):
    """Runs: what made versions and used them."""

    def create_run(self, *, run_id: str, project: str, name: str) -> Reply:
        """``POST /api/runs``; 200 instead of 201 where that run was there already."""
        body = {"id": run_id, "project": project, "name": name}
        return self._reply(payloads.RunInfo, json_call("POST", "/api/runs", body))

    def list_runs(self, **filters: str | int | None) -> list[payloads.RunInfo]:
        """``GET /api/runs``, newest first; ``filters`` are its query, None leaves one out."""
        return self._get(list[payloads.RunInfo], "/api/runs", **filters)

    def get_run(self, run_id: str) -> payloads.RunInfo:
        """``GET /api/runs/{run_id}``."""
        return self._get(payloads.RunInfo, run_path(run_id))

    def set_run_status(self, run_id: str, status: str) -> payloads.RunInfo:
        """``PATCH /api/runs/{run_id}``: ``running``, ``finished`` or ``failed``."""
        return self._send(payloads.RunInfo, "PATCH", run_path(run_id), {"status": status})

    def use_version(
        self, run_id: str, artifact: str, *, artifact_type: str | None = None
    ) -> payloads.RunUse:
        """``POST /api/runs/{run_id}/uses``: note the use, learn the version."""
        body = {"artifact": artifact} | ({"type": artifact_type} if artifact_type else {})
        return self._send(payloads.RunUse, "POST", f"{run_path(run_id)}/uses", body)

    def get_run_artifacts(self, run_id: str) -> payloads.RunArtifacts:
        """``GET /api/runs/{run_id}/artifacts``: what it made and used."""
        return self._get(payloads.RunArtifacts, f"{run_path(run_id)}/artifacts")
