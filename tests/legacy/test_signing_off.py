"""What an import says at its end: that all is there, or what of the store is not, or otherwise."""

from pathlib import Path
from typing import Any

import pytest

from artifacts.storage.layout import Store
from lineage.taking_over import Portal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Settings
from tests.conftest import MakeVersion
from tests.legacy.conftest import edit
from tests.legacy.plain import write_run
from tests.legacy.taken import Take, Write, kinds, versions


def test_what_the_store_says_otherwise_by_now_is_said_and_not_taken(
    take: Take, root: Path, write: Write
) -> None:
    folder = write(metadata={"large": 1e16, "zero": -0.0})
    assert (take(root).findings, take(root).findings) == ([], [])
    (folder / ".deleted").write_text('{"deleted_at": 1.5}')
    edit(folder / "metadata.json", description="b", tags=["new"], metadata={"n": 2})
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert [one.text for one in report.findings] == [(
        "the portal has another description, other tags, other metadata; it is ready in the portal,"
        " deleted in the store; it stays as it is"
    )]  # fmt: skip
    assert kinds(report) == ["note model/model-a:v1"]
    assert report.is_signed_off
    assert kinds(take(root, dry_run=True)) == kinds(report)


@pytest.mark.parametrize("left_out", ["torn", "conflict"])
def test_what_was_left_out_is_not_signed_off(
    take: Take, root: Path, write: Write, make_version: MakeVersion, left_out: str
) -> None:
    write("model-b")
    assert not take(root, dry_run=True).is_signed_off
    folder = write()
    if left_out == "torn":
        (folder / "manifest.json").write_text("{")
    else:
        make_version(files={"own": b"of the portal"})
    report = take(root)
    assert (report.is_signed_off, report.checked) == (False, 1)
    assert report.to_text().endswith(
        "NOT SIGNED OFF: 1 findings say what was left out; of the rest the portal has 1 versions,"
        " each with the store's manifest digest."
    )


def test_what_the_portal_takes_no_more_at_the_end_is_not_signed_off(
    store: Store, root: Path, write: Write, settings: Any
) -> None:
    write(files={"a": b"1", "b": b"2"})
    write("model-b")

    def lower(artifact: str) -> None:
        if artifact.startswith("model/model-b"):
            settings.RUNICORN_MAX_VERSION_FILES = 1

    report = Import(root, Portal(root), Settings(), tell=lower).run()
    assert (report.checked, report.unchecked) == (1, ["model/model-a:v1"])
    assert (report.is_complete, report.is_signed_off) == (True, False)


@pytest.mark.parametrize("number", [3, (1 << 31) - 1])
def test_a_number_above_all_that_are_known_is_no_tombstone_and_is_said(
    take: Take, root: Path, write: Write, make_version: MakeVersion, number: int
) -> None:
    write(number=2)
    write_run(root, "run-1", used=[("model-a", number)])
    write_run(root, "run-2", made=[("model-a", number)])
    report = take(root)
    assert versions() == ["model/model-a:v2 ready"]
    assert kinds(report) == ["skipped run run-1", "skipped run run-2"]
    assert f"v{number} is left out: the store knows no version of so high" in report.to_text()
    assert make_version(files={"own": b"own"}).number == 3
