"""``runicorn import folder``: which version a numbered folder is, and names that may not be."""

from pathlib import Path

import runicorn as rn
from tests.cli.conftest import Outcome, RunCommand
from tests.live import LivePortal


def write_versions(folder: Path, *contents: str) -> Path:
    """Folders v1, v2 … with a file ``x`` each."""
    for number, content in enumerate(contents, start=1):
        (folder / f"v{number}").mkdir(parents=True, exist_ok=True)
        (folder / f"v{number}/x").write_text(content)
    return folder


def outcomes(done: Outcome) -> list[tuple[str, int]]:
    return [(one["outcome"], one["version"]) for one in done.json]


def test_a_return_to_older_content_is_a_version_of_its_own(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    command = ["import", "folder", tmp_path / "tree", "-t", "code", "--name", name, "--json"]
    write_versions(tmp_path / "tree", "a", "b")
    runicorn(*command)
    write_versions(tmp_path / "tree", "a", "b", "a", "a", "c")
    dry = runicorn(*command, "--dry-run")
    assert outcomes(dry) == [("there", 1), ("there", 2), ("new", 3), ("new", 4), ("new", 5)]
    done = runicorn(*command)
    assert outcomes(done) == [
        ("there", 1), ("there", 2), ("imported", 3), ("imported", 4), ("imported", 5)
    ]  # fmt: skip
    assert outcomes(runicorn(*command)) == [("there", number) for number in range(1, 6)]
    files = [rn.Client().get_files(name, number)["files"] for number in (1, 3, 4)]
    assert len({file["digest"] for (file,) in files}) == 1


def test_versions_of_others_between_move_the_numbers_and_no_more(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    command = ["import", "folder", tmp_path / "tree", "-t", "code", "--name", name, "--json"]
    write_versions(tmp_path / "tree", "a")
    runicorn(*command)
    (tmp_path / "own").write_text("own")
    with rn.Run("p") as run:
        run.log_artifact(rn.Artifact(name, "code").add_file(tmp_path / "own"))
    write_versions(tmp_path / "tree", "a", "b")
    assert outcomes(runicorn(*command)) == [("there", 1), ("imported", 3)]
    assert outcomes(runicorn(*command)) == [("there", 1), ("there", 3)]


def test_a_name_that_may_not_be_is_refused_and_the_others_are_logged(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    tree = tmp_path / "tree"
    for path in (f"{name}-a:b/x", f"{name}-bad/a\\b", f"{name}-c/x"):
        (tree / path).parent.mkdir(parents=True)
        (tree / path).write_text(path)
    done = runicorn("import", "folder", tree, "-t", "code", "--json")
    assert [(one["artifact"], one["outcome"]) for one in done.json] == [
        (f"{name}-a:b", "refused"), (f"{name}-bad", "refused"), (f"{name}-c", "imported"),
    ]  # fmt: skip
    texts = [one["text"] for one in done.json]
    assert (":" in texts[0], "\\" in texts[1], done.code) == (True, True, 1)
