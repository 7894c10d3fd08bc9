"""Every list asks the database as often for thirty rows as for one."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from artifacts.storage.manifest import ManifestReference
from tests.conftest import MakeVersion

ROUTES = {
    "/api/artifacts": 1,
    "/api/artifacts?limit=50": 2,
    "/api/artifacts?tag=t&metadata.a__gte=0&alias=latest&q=model": 1,
    "/api/artifacts/stats": 2,
    "/api/artifacts/model-0/versions": 6,
    "/api/artifacts/model-0/versions?limit=50&tag=t": 7,
    "/api/artifacts/model-0/v{rows}": 5,
    "/api/artifacts/model-0/v{rows}/files": 4,
    "/api/artifacts/model-0/v{rows}/archive": 4,
    "/api/artifacts/model-0/v{rows}/files/0.bin": 3,
    "/api/artifacts/model-0/v{rows}/preview/0.bin": 3,
    "/api/artifacts/model-0/compare?from=v1&to=v{rows}": 10,
    "/api/artifacts/model-0/compare?from=v1&to=production&with=model-0&limit=5": 11,
    "/api/artifacts/model-0/compare/files/0.bin?from=v1&to=v{rows}": 5,
    "/api/artifacts/model-0/aliases": 4,
    "/api/artifacts/model-0/aliases/production": 4,
    "/api/artifacts/model-0/aliases/production/history": 2,
    "/api/audit": 1,
    "/api/audit?limit=50&object=model/model-0": 2,
    "/api/audit?format=csv": 1,
    "/api/runs": 1,
    "/api/runs?limit=50": 2,
    "/api/runs/run-0": 1,
    "/api/runs/run-0/artifacts": 3,
}


def test_no_route_asks_more_often_for_thirty_rows_than_for_one(
    api: APIClient, make_version: MakeVersion
) -> None:
    add_rows(api, make_version, range(1))
    assert queries(api, rows=1) == ROUTES
    add_rows(api, make_version, range(1, 30))
    assert queries(api, rows=30) == ROUTES


def add_rows(api: APIClient, make_version: MakeVersion, numbers: range) -> None:
    """Add a row for each number to every list; the last version of model-0 has as many files."""
    member = User.objects.create_user(f"member-{numbers.start}")
    for number in numbers:
        run = {"id": f"run-{number}", "project": "p", "name": ""}
        api.post("/api/runs", run, format="json")
        rows = range(numbers.stop if number == numbers[-1] else 1)
        for name in {f"model-{number}", "model-0"}:
            make_version(
                name,
                files={f"{row}.bin": b"same" for row in rows},
                references=tuple(ManifestReference(uri=f"s3://{row}") for row in rows),
                tags=["t"],
                metadata={"a": number},
                aliases=[f"alias-{number}", "production"],
                run_id="run-0",
                created_by=member,
            )
        api.post("/api/runs/run-0/uses", {"artifact": f"model-{number}"}, format="json")


def queries(api: APIClient, *, rows: int) -> dict[str, int]:
    """Route → how many queries it takes."""
    return {route: _count(api, route.format(rows=rows)) for route in ROUTES}


def _count(api: APIClient, route: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = api.get(route)
        assert answer.status_code == 200, route
        list(answer)
    return len(captured)
