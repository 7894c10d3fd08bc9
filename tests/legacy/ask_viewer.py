"""Ask the viewer of the real Runicorn 0.5.3 everything about a store, and print its answers.

    ENVIRONMENT/bin/python tests/legacy/ask_viewer.py ROOT

One JSON object: route → [status, answer].
"""

import json
import logging
import os
import sys
from pathlib import Path
from urllib.parse import quote

os.environ["RUNICORN_DISABLE_MODERN_STORAGE"] = "1"

from fastapi.testclient import TestClient
from runicorn.viewer import create_app

TYPES = ("model", "dataset", "config", "code", "custom")


class Viewer:
    """The package's own FastAPI application, on ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = TestClient(create_app(storage=str(root)))
        self.answers: dict[str, object] = {}

    def ask(self, route: str):
        """Ask once; each time as another client, since it limits how often one may ask."""
        address = f"10.0.{len(self.answers) // 250}.{len(self.answers) % 250}"
        answer = self.client.get(route, headers={"X-Forwarded-For": address})
        self.answers[route] = [answer.status_code, answer.json()]
        return answer.json() if answer.status_code == 200 else None

    def ask_everything(self) -> None:
        """Every route about artifacts, for all there is."""
        for item in self.ask("/api/artifacts") or []:
            self.ask_artifact(item["type"], item["name"])
        for kind in TYPES:
            self.ask(f"/api/artifacts?type={kind}")
        self.ask("/api/artifacts/stats")
        for folder in sorted(self.root.glob("*/*/runs/*")):
            self.ask(f"/api/runs/{folder.name}/artifacts")

    def ask_artifact(self, kind: str, name: str) -> None:
        """Of one artifact."""
        base = f"/api/artifacts/{quote(name)}"
        for row in self.ask(f"{base}/versions?type={kind}") or []:
            version = f"{base}/v{row['version']}"
            self.ask(f"{version}?type={kind}")
            self.ask(f"{version}/files?type={kind}")
            self.ask(f"{version}/lineage?type={kind}&max_depth=5")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    viewer = Viewer(Path(sys.argv[1]).absolute())
    viewer.ask_everything()
    print(json.dumps(viewer.answers, ensure_ascii=False))  # noqa: T201 - a script
