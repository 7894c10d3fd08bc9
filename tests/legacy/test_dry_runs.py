"""What a dry run of an import says: what the import would."""

from pathlib import Path

from artifacts.models import Blob
from artifacts.storage.layout import Store
from lineage.models import Run
from runicorn.legacy.values import Finding
from tests.legacy.plain import write_run
from tests.legacy.taken import Take, Write, kinds, versions


def test_a_dry_run_reports_the_same_and_writes_nothing(
    take: Take, written_store: Path, store: Store
) -> None:
    dry = take(written_store, dry_run=True)
    assert (versions(), Blob.objects.count(), Run.objects.count()) == ([], 0, 0)
    assert [path for path in store.pool.rglob("*") if path.is_file()] == []
    real = take(written_store)
    assert dry.digest == real.digest
    assert kinds(dry) == kinds(real)
    assert (dry.num_corrupted, dry.links) == (real.num_corrupted, real.links)
    assert dry.aliases == real.aliases


def test_a_dry_run_knows_what_is_there(take: Take, written_store: Path) -> None:
    take(written_store)
    dry = take(written_store, dry_run=True)
    assert dry.runs == {"there": 83}
    again = take(written_store)
    assert (dry.outcomes, dry.runs, dry.links) == (again.outcomes, again.runs, again.links)
    assert (dry.digest, kinds(dry)) == (again.digest, kinds(again))


def test_a_dry_run_says_what_runs_will_lack(take: Take, root: Path, write: Write) -> None:
    (write() / "manifest.json").write_text("{")
    Run.objects.create(id="run-2", project="another")
    write_run(root, "run-1", used=[("model-a", 1)])
    write_run(root, "run-2")
    dry = take(root, dry_run=True)
    assert (dry.runs, dry.links) == ({"new": 1, "skipped": 1}, 0)
    assert dry.findings == take(root).findings


def test_a_dry_run_makes_no_tombstones(take: Take, root: Path, write: Write) -> None:
    write(number=2)
    take(root)
    write_run(root, "run-1", used=[("model-a", 1)])
    dry = take(root, dry_run=True)
    text = "the run run-1 used it, and it is gone: a tombstone keeps its number"
    assert (dry.findings, dry.links) == ([Finding("note", "model/model-a:v1", text)], 1)
    assert versions() == ["model/model-a:v2 ready"]
    assert take(root).links == 1


def test_a_deleted_version_without_content_has_one_digest(
    take: Take, root: Path, write: Write
) -> None:
    folder = write()
    (folder / ".deleted").write_text('{"deleted_at": 1.5}')
    for path in [folder / "files/a.bin", *root.glob("artifacts/.dedup/*/*")]:
        path.unlink()
    assert take(root, dry_run=True).digest == take(root).digest


def test_where_nothing_is_taken_there_is_no_digest(take: Take, root: Path, write: Write) -> None:
    (write() / "manifest.json").write_text("{")
    report = take(root)
    assert report.digest is None
    assert "  digest  " not in report.to_text()
