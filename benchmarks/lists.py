"""How much the list of artifacts costs beside reading the bare rows of the same table.

Run by ``make bench``. Prints ratios to a baseline of the same run: seconds differ from machine to
machine, ratios do not much.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import urllib3

from runicorn_site.embedded import database_url
from tests.live import start_portal

FILL = """
INSERT INTO artifacts_artifact (type, name, last_number, created_at, updated_at)
SELECT 'model', 'model-' || n, %(versions)s, now(), now() - n * interval '1 second'
FROM generate_series(1, %(artifacts)s) n;

INSERT INTO artifacts_version (artifact_id, number, created_at, updated_at, created_by_run,
    description, tags, metadata, manifest_sha256, size_bytes, num_files, num_references)
SELECT id, n, now(), now(), '', '', '{}', '{"accuracy": 0.9}', repeat('0', 64), 1000, 1, 0
FROM artifacts_artifact, generate_series(1, %(versions)s) n;

INSERT INTO artifacts_alias (artifact_id, name, version_id, is_protected, updated_at)
SELECT artifact_id, 'production', id, false, now() FROM artifacts_version WHERE number = 1;

ANALYZE;
"""

BARE_ROWS = "SELECT name, type, last_number FROM artifacts_artifact"

QUERIES = {
    "all of them": "",
    "a page of 100": "?limit=100",
    "the last page of 100": "?limit=100&offset={last}",
    "search by two words": "?q=model+777&limit=100",
    "metadata comparison, a page of 100": "?metadata.accuracy__gte=0.5&limit=100",
}


def best_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """The best of ``repeats`` times."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(url: str, database: psycopg.Connection, artifacts: int) -> None:
    """Print one line a query: milliseconds, and the ratio to the baseline."""
    http = urllib3.PoolManager()
    baseline = best_seconds(lambda: json.dumps(database.execute(BARE_ROWS).fetchall()))
    print(f"{'baseline: the bare rows of all':36} {baseline * 1000:8.1f} ms    1.00")
    for label, query in QUERIES.items():
        address = f"{url}/api/artifacts{query.format(last=artifacts - 100)}"
        seconds = best_seconds(lambda address=address: http.request("GET", address).data)
        print(f"{label:36} {seconds * 1000:8.1f} ms {seconds / baseline:7.2f}")


def main() -> None:
    """Fill a portal of its own, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--artifacts", type=int, default=10_000)
    options.add_argument("--versions", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        portal = start_portal(Path(folder) / "var", RUNICORN_LOG_LEVEL="WARNING")
        try:
            url = database_url(portal.data_dir / "postgres")
            with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as made:
                made.execute(FILL, vars(chosen))
                print(f"{chosen.artifacts} artifacts with {chosen.versions} versions each")
                measure(portal.url, made, chosen.artifacts)
        finally:
            portal.stop()


if __name__ == "__main__":
    main()
