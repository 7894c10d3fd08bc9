"""How much longer a page takes, and how long it gets, with 100 000 artifacts than with 100.

Run by ``make bench-pages``. Each page is asked of a small portal and of a large one in the same
run: the ratio of the two says how it grows. One version has as many files as there are artifacts.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import psycopg
import urllib3

from benchmarks.lists import best_seconds
from runicorn_site.embedded import database_url
from tests.live import LivePortal, start_portal

FILL = """
INSERT INTO artifacts_artifact (type, name, last_number, created_at, updated_at)
SELECT (ARRAY['model', 'dataset', 'config', 'code', 'custom'])[1 + n %% 5], 'artifact-' || n, 2,
    now() - n * interval '1 minute', now() - n * interval '1 minute'
FROM generate_series(1, %(artifacts)s) n;

INSERT INTO lineage_run (id, project, name, status, created_at, updated_at, finished_at)
SELECT 'run-' || n, 'project-' || n %% 50, 'train', 'finished', now() - n * interval '1 minute',
    now(), now()
FROM generate_series(1, %(artifacts)s) n;

INSERT INTO artifacts_version (artifact_id, number, created_at, updated_at, created_by_run,
    description, tags, metadata, manifest_sha256, size_bytes, num_files, num_references,
    deleted_at)
SELECT id, n, created_at, now(), 'run-' || row_number() OVER (PARTITION BY n), 'about it',
    ARRAY['tag-' || id %% 20], '{"accuracy": 0.9, "epochs": 12}', repeat('0', 64), 2000, 2, 0,
    CASE WHEN n = 1 AND id %% 20 = 0 THEN now() END
FROM artifacts_artifact, generate_series(1, 2) n;

INSERT INTO artifacts_alias (artifact_id, name, version_id, is_protected, updated_at)
SELECT artifact_id, 'production', id, false, now() FROM artifacts_version WHERE number = 2;

INSERT INTO lineage_runinput (run_id, version_id, created_at)
SELECT created_by_run, id - 1, now() FROM artifacts_version WHERE id %% 2 = 0 AND id > 1;

INSERT INTO artifacts_blob (sha256, size_bytes, physical_bytes, layout, generation, created_at,
    last_seen_at)
SELECT encode(sha256(n::text::bytea), 'hex'), 1000, 1000, 'file', 0, now(), now()
FROM generate_series(1, %(artifacts)s) n;

INSERT INTO artifacts_manifestentry (version_id, path, blob_id)
SELECT v.id, path, b.id
FROM artifacts_version v, unnest(ARRAY['weights.bin', 'config.json']) WITH ORDINALITY p (path, n),
    LATERAL (SELECT 1 + (v.id * p.n) %% %(artifacts)s AS number) k
    JOIN artifacts_blob b ON b.sha256 = encode(sha256(k.number::text::bytea), 'hex');

INSERT INTO artifacts_manifestentry (version_id, path, blob_id)
SELECT (SELECT min(id) FROM artifacts_version WHERE number = 2),
    'part-' || id %% 100 || '/' || id || '.bin', id
FROM artifacts_blob;

UPDATE artifacts_version SET num_files = %(artifacts)s + 2, size_bytes = 1000 * (%(artifacts)s + 2)
WHERE id = (SELECT min(id) FROM artifacts_version WHERE number = 2);

ANALYZE;
"""
LARGE = "artifacts/dataset/artifact-1"
PAGES = [
    "artifacts", "artifacts?q=artifact+77", "artifacts?sort=size", "artifacts?tag=tag-7&type=model",
    "artifacts?project=project-7", "artifacts?page={last}", LARGE, f"{LARGE}/v2",
    f"{LARGE}/v2/files", f"{LARGE}/v2/files?path=part-7/", f"{LARGE}/v2/files?q=77",
    f"{LARGE}/v2/metadata", f"{LARGE}/v2/lineage", f"{LARGE}/v2/usage",
    f"{LARGE}/compare/v1...v2", "runs", "runs?project=project-7", "runs/run-7", "storage", "trash",
    "upload",
]  # fmt: skip
ROWS_A_PAGE = 50


@contextmanager
def filled_portal(artifacts: int) -> Iterator[LivePortal]:
    """A portal of its own with so many artifacts, of two versions each."""
    with tempfile.TemporaryDirectory() as folder:
        portal = start_portal(Path(folder) / "var", RUNICORN_LOG_LEVEL="WARNING")
        try:
            url = database_url(portal.data_dir / "postgres")
            with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as database:
                database.execute(FILL, {"artifacts": artifacts})
            yield portal
        finally:
            portal.stop()


def look(http: urllib3.PoolManager, url: str) -> bytes:
    """The page at ``url``; RuntimeError where there is none."""
    answer = http.request("GET", url, timeout=120, retries=False)
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{url} answers {answer.status}")
    return answer.data


def measure(small: str, large: str, artifacts: int) -> None:
    """Print one line a page: its HTML in kB, milliseconds, and the ratio to the small portal's."""
    http = urllib3.PoolManager()
    print(f"{'page':42} {'kB':>7} {'ms':>9} {'ratio':>7}")
    for page in PAGES:
        address = f"{large}/{page.format(last=artifacts // ROWS_A_PAGE)}"
        before = best_seconds(lambda page=page: look(http, f"{small}/{page.format(last=1)}"), 3)
        after = best_seconds(lambda address=address: look(http, address), 3)
        length = len(look(http, address))
        print(f"{page:42} {length / 1000:7.1f} {after * 1000:9.1f} {after / before:7.2f}")


def main() -> None:
    """Fill two portals, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--artifacts", type=int, default=100_000)
    chosen = options.parse_args()
    with filled_portal(100) as small, filled_portal(chosen.artifacts) as large:
        print(f"{chosen.artifacts} artifacts beside 100")
        measure(small.url, large.url, chosen.artifacts)


if __name__ == "__main__":
    main()
