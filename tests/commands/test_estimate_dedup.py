"""``manage.py estimate_dedup``: what it says of an artifact and of files."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from artifacts.storage.layout import Store
from tests.checkpoints import checkpoint
from tests.conftest import MakeVersion


def run(*names: object) -> list[list[str]]:
    """The words of each line."""
    said = StringIO()
    call_command("estimate_dedup", *map(str, names), stdout=said)
    return [line.split("  ") for line in said.getvalue().replace("\xa0", " ").splitlines()]


def cells(*names: object) -> list[list[str]]:
    return [[cell.strip() for cell in line if cell.strip()] for line in run(*names)]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.bin" for number in (1, 2)]
    for number, path in enumerate(paths, start=1):
        path.write_bytes(checkpoint(number))
    return paths


def test_an_artifact_has_a_line_a_version_and_a_sum(make_version: MakeVersion) -> None:
    for number in (1, 2):
        make_version("m", files={"w.bin": checkpoint(number)})
    heading, first, second, total = cells("m")
    assert heading == ["version", "logical", "shared", "physical", "saved"]
    assert first == ["v1", "9.0 MiB", "0 B", "9.0 MiB", "0.0%"]
    assert (second[0], second[1]) == ("v2", "9.0 MiB")
    assert float(second[4].rstrip("%")) > 70
    assert (total[0], total[1]) == ("all", "18.0 MiB")
    assert 35 < float(total[4].rstrip("%")) < 40


def test_files_are_as_if_logged_one_after_the_other(db: None, files: list[Path]) -> None:
    lines = run(*files)
    assert len(lines) == 4
    assert lines[1][0].startswith(str(files[0])[:20])
    assert float(cells(*files)[-1][-1].rstrip("%")) > 35


def test_it_says_which_kinds_never_share(db: None, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"\x1f\x8b" + bytes(100))
    said = StringIO()
    call_command("estimate_dedup", str(path), stdout=said)
    assert "1 file cannot be cut. Compressed files and media" in said.getvalue()


def test_nothing_is_no_division_by_zero(db: None, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert cells(tmp_path / "empty")[-1] == ["all", "0 B", "0 B", "0 B", "0.0%"]


def test_one_path_of_several_that_is_absent_is_named(db: None, files: list[Path]) -> None:
    with pytest.raises(CommandError, match="There is no file absent"):
        run(files[0], "absent")


def test_what_is_neither_path_nor_artifact_is_refused(store: Store) -> None:
    with pytest.raises(CommandError, match="Artifact not found: absent; nor is there a file"):
        run("absent")


@pytest.mark.parametrize("path", ["./absent", "/nowhere/absent", "some/folder/of/mine", "a/b/"])
def test_a_path_that_is_absent_is_told_as_one(store: Store, path: str) -> None:
    with pytest.raises(CommandError, match="nor is there a file or folder"):
        run(path)


def test_content_that_is_gone_is_said_in_one_line(store: Store, make_version: MakeVersion) -> None:
    make_version("m", files={"w.bin": checkpoint(1)})
    for path in store.pool.glob("*/*"):
        path.unlink()
    with pytest.raises(CommandError, match="gone"):
        run("m")
