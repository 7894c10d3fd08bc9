"""``runicorn import`` and ``runicorn export`` against a live portal."""

import json
import os
import shutil
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.errors import AccessDenied
from tests.cli.conftest import RunCommand
from tests.legacy.plain import CREATED_AT, snapshot, write_run, write_version
from tests.live import LivePortal, TeamPortal
from tests.sdk.peers import Peer, json_answer


@pytest.fixture
def root(tmp_path: Path, name: str) -> Path:
    """A small store whose artifact no other test has: v1, a deleted v3, and two runs."""
    folder = tmp_path / "root"
    write_version(folder, name, 1, run=f"{name}-made", aliases={"prod": 1})
    deleted = write_version(folder, name, 3, files={"sub/b.bin": b"b" * 100_000})
    (deleted / ".deleted").write_text('{"deleted_at": 1700000500.5}')
    write_run(folder, f"{name}-made", project=name, made=[(name, 1)])
    write_run(folder, f"{name}-used", project=name, used=[(name, 1), (name, 2)])
    return folder


def test_a_store_is_taken_over_through_the_api(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    before = snapshot(root)
    done = runicorn("import", "runicorn", root, "--report", tmp_path / "report.json")
    assert (done.code, done.err) == (0, "")
    assert "Signed off: nothing was left out, and the portal has 2 versions" in done.out
    assert json.loads((tmp_path / "report.json").read_text())["versions"] == {"imported": 2}
    assert snapshot(root) == before
    client = rn.Client()
    rows = client.list_versions(name)
    assert [(one["version"], one["status"]) for one in rows] == [(1, "ready"), (3, "deleted")]
    detail = client.get_version(name, 1)
    assert (detail["created_at"], detail["aliases"]) == (CREATED_AT + 1, ["latest", "prod"])
    used = client.get_run_artifacts(f"{name}-used")["used"]
    assert [(one["version"], one["status"]) for one in used] == [(1, "ready"), (2, "purged")]
    assert client.get_run(f"{name}-used")["created_at"] == CREATED_AT


def test_a_second_time_it_is_all_there(
    portal: LivePortal, runicorn: RunCommand, root: Path
) -> None:
    first = runicorn("import", "runicorn", root, "--json").json
    second = runicorn("import", "runicorn", root, "--json").json
    assert second["versions"] == {"there": 2}
    assert second["digest"] == first["digest"]
    assert second["signed_off"]


def test_a_dry_run_writes_nothing(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str
) -> None:
    done = runicorn("import", "runicorn", root, "--dry-run")
    assert done.out.endswith("Nothing was written.\n")
    assert not runicorn("import", "runicorn", root, "--dry-run", "--json").json["signed_off"]
    assert runicorn("artifacts", "versions", name).code == 3


def test_a_dry_run_says_what_an_import_would(
    portal: LivePortal, runicorn: RunCommand, root: Path
) -> None:
    dry = runicorn("import", "runicorn", root, "--dry-run", "--json").json
    real = runicorn("import", "runicorn", root, "--json").json
    again = runicorn("import", "runicorn", root, "--dry-run", "--json").json
    assert dry["digest"] == real["digest"] == again["digest"]
    assert dry["versions"] == {"new": 2}
    assert (dry["runs"], again["runs"]) == ({"new": 2}, {"there": 2})
    assert dry["run_links"] == real["run_links"] == again["run_links"]


def test_a_dry_run_hashes_every_file(
    portal: LivePortal, runicorn: RunCommand, name: str, tmp_path: Path
) -> None:
    lost = tmp_path / "lost"
    write_version(lost, name, files={"a.bin": f"of {name} alone".encode()})
    for path in [*lost.rglob("a.bin"), *lost.glob("artifacts/.dedup/*/*")]:
        path.write_bytes(b"x" * path.stat().st_size)
    done = runicorn("import", "runicorn", lost, "--dry-run")
    assert done.code == 1
    assert f"corrupted: model/{name}:v1: a.bin has the digest" in done.out


def test_lost_content_is_said_and_exits_1(
    portal: LivePortal, runicorn: RunCommand, name: str, tmp_path: Path
) -> None:
    write_version(tmp_path / "lost", name, files={"a.bin": f"of {name} alone".encode()})
    for path in (tmp_path / "lost").rglob("*"):
        if path.name == "a.bin" or path.parent.parent.name == ".dedup":
            path.unlink()
    done = runicorn("import", "runicorn", tmp_path / "lost")
    assert done.code == 1
    assert f"corrupted: model/{name}:v1: a.bin is missing" in done.out


def test_content_that_the_portal_has_is_not_lost(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    make_tree(tmp_path / "held", "a").joinpath("a").write_bytes(b"content of a")
    runicorn("import", "folder", tmp_path / "held", "-t", "code", "--name", f"{name}-held")
    for path in [*root.rglob("a.bin"), *root.glob("artifacts/.dedup/*/*")]:
        path.unlink()
    done = runicorn("import", "runicorn", root)
    assert f"repaired: model/{name}:v1: a.bin is missing; the portal has its content" in done.out
    assert rn.Client().get_version(name, 1)["status"] == "ready"


def test_another_name_and_type(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str
) -> None:
    done = runicorn("import", "runicorn", root, "--rename", f"model/{name}=dataset/{name}-old")
    assert done.code == 0
    assert rn.Client().get_version(f"{name}-old", 1)["type"] == "dataset"


@pytest.mark.parametrize("option", ["--rename=nix", "--retype=a=nix", "--team=No Team"])
def test_a_wrong_option_exits_2(
    portal: LivePortal, runicorn: RunCommand, root: Path, option: str
) -> None:
    assert runicorn("import", "runicorn", root, option).code == 2


def test_a_folder_that_is_no_store_exits_2(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    done = runicorn("import", "runicorn", tmp_path / "empty")
    assert (done.code, "no storage folder" in done.err.replace("\n", " ")) == (2, True)


def test_who_is_no_admin_is_told_so_and_gets_the_report(
    team_portal: TeamPortal, runicorn: RunCommand, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.setenv("RUNICORN_API_KEY", team_portal.tokens["bob"])
    done = runicorn("import", "runicorn", root)
    assert done.code == 4
    assert "NOT COMPLETE" in done.out
    assert "needs the role admin" in done.err
    with pytest.raises(AccessDenied):
        rn.Client().imports.run("x", {"project": "p", "status": "running", "created_at": 1.0})


def test_an_admin_takes_it_for_a_team(
    team_portal: TeamPortal, runicorn: RunCommand, root: Path, name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.setenv("RUNICORN_API_KEY", team_portal.tokens["boss"])
    assert runicorn("import", "runicorn", root, "--team", "vision").code == 0
    assert rn.Client().get_version(name, 1, team="vision")["team"] == "vision"


# Plain folders ------------------------------------------------------------------------------------


def make_tree(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def test_each_folder_becomes_an_artifact_and_each_vn_a_version(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    tree = make_tree(tmp_path / "tree", f"{name}-a/v10/x", f"{name}-a/v2/x", f"{name}-b/s/y")
    done = runicorn("import", "folder", tree, "--type", "dataset", "--json")
    assert [(one["artifact"], one["outcome"], one["version"]) for one in done.json] == [
        (f"{name}-a", "imported", 1), (f"{name}-a", "imported", 2), (f"{name}-b", "imported", 1),
    ]  # fmt: skip
    assert [one["text"] for one in done.json] == ["became v1", "became v2", ""]
    files = rn.Client().get_files(f"{name}-b", 1)["files"]
    assert [one["path"] for one in files] == ["s/y"]
    again = runicorn("import", "folder", tree, "--type", "dataset", "--json")
    assert {one["outcome"] for one in again.json} == {"there"}


def test_with_a_name_the_folder_is_one_artifact(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    tree = make_tree(tmp_path / "tree", "a/x", "b/y", "z")
    dry = runicorn("import", "folder", tree, "-t", "code", "--name", name, "--dry-run", "--json")
    assert [one["outcome"] for one in dry.json] == ["new"]
    done = runicorn("import", "folder", tree, "-t", "code", "--name", name)
    assert (done.code, f"{name}:v1" in done.out) == (0, True)
    assert rn.Client().get_version(name, 1)["num_files"] == 3


def test_a_folder_without_files_is_skipped(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    (tmp_path / "tree" / name).mkdir(parents=True)
    done = runicorn("import", "folder", tmp_path / "tree", "-t", "code", "--json")
    assert [(one["outcome"], one["text"]) for one in done.json] == [("skipped", "has no files")]
    assert done.code == 1
    empty = runicorn("import", "folder", tmp_path / "tree" / name, "-t", "code")
    assert (empty.code, empty.out) == (1, "")
    assert "has no sub-folders" in empty.err
    assert "With --name NAME" in empty.err


def test_files_beside_the_folders_are_left_out_and_said(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    tree = make_tree(tmp_path / "tree", f"{name}/x", ".git/y", *"abcde")
    done = runicorn("import", "folder", tree, "-t", "code", "--json")
    assert [(one["outcome"], one["text"]) for one in done.json] == [
        ("imported", ""), ("skipped", "left out: .git, a, b, c, d and 1 more"),
    ]  # fmt: skip
    assert (done.code, "move it into one of them" in done.err) == (0, True)
    again = runicorn("import", "folder", tree, "-t", "code")
    assert (again.code, "left out: .git, a, b, c, d and 1 more" in again.out) == (0, True)
    files = rn.Client().get_files(name, 1)["files"]
    assert [one["path"] for one in files] == ["x"]


def test_a_folder_of_files_alone_exits_1_and_says_what_to_do(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    tree = make_tree(tmp_path / "tree", "a")
    for more in ([], ["--dry-run"]):
        done = runicorn("import", "folder", tree, "-t", "code", *more)
        assert (done.code, "left out: a" in done.out) == (1, True)
        assert "Nothing to log" in done.err
    named = runicorn("import", "folder", tree, "-t", "code", "--name", name)
    assert (named.code, named.err) == (0, "")


@pytest.mark.parametrize("options", [["-t", "nix"], ["-t", "code", "--name", "a/b"], []])
def test_a_wrong_type_or_name_exits_2(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, options: list[str]
) -> None:
    tree = make_tree(tmp_path / "tree", "a/x")
    assert runicorn("import", "folder", tree, *options).code == 2


# Export -------------------------------------------------------------------------------------------


def test_an_export_through_the_api_is_a_store_and_comes_back(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    runicorn("import", "runicorn", root)
    done = runicorn("export", tmp_path / "out", f"model/{name}")
    assert done.code == 0
    assert f"note: model/{name}:v3: is deleted in the portal" in done.out
    assert "2: 1 deleted, 1 written" in done.out
    folder = tmp_path / "out/artifacts/model" / name
    assert (folder / "v1/files/a.bin").read_bytes() == b"content of a"
    assert json.loads((folder / "versions.json").read_text())["aliases"] == {
        "latest": 1, "prod": 1
    }  # fmt: skip
    assert len(list((tmp_path / "out" / name).glob("n/runs/*/meta.json"))) == 2
    back = runicorn("import", "runicorn", tmp_path / "out", "--json").json
    assert back["versions"] == {"there": 1}
    again = runicorn("export", tmp_path / "out", f"model/{name}", "--json").json
    assert again["versions"] == {"there": 1, "deleted": 1}


def statuses(folder: Path) -> list[tuple[int, str]]:
    """What the index of an artifact says."""
    rows = json.loads((folder / "versions.json").read_text())["versions"]
    return [(row["version"], row["status"]) for row in rows]


def test_what_is_deleted_after_an_export_stays_in_it_as_deleted(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    runicorn("import", "runicorn", root)
    client, folder = rn.Client(), tmp_path / "out/artifacts/model" / name
    client.restore_version(name, 3)
    assert runicorn("export", tmp_path / "out", name).code == 0
    client.delete_version(name, 3)
    deleted_at = client.get_version(name, 3)["deleted_at"]
    for _ in range(2):
        done = runicorn("export", tmp_path / "out", name)
        assert (done.code, "2: 1 kept, 1 there" in done.out) == (0, True)
        assert "what was exported before stays" in done.out
    assert statuses(folder) == [(1, "ready"), (3, "deleted")]
    assert json.loads((folder / "v3/.deleted").read_text())["deleted_at"] == deleted_at
    assert (folder / "v3/files/sub/b.bin").read_bytes() == b"b" * 100_000
    back = runicorn("import", "runicorn", tmp_path / "out", "--rename", f"model/{name}={name}-2")
    assert back.code == 0
    assert client.get_version(f"{name}-2", 3)["status"] == "deleted"
    client.restore_version(name, 3)
    assert runicorn("export", tmp_path / "out", name).code == 0
    assert statuses(folder) == [(1, "ready"), (3, "ready")]


def test_what_is_purged_after_an_export_stays_in_it_as_deleted(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    runicorn("import", "runicorn", root)
    client, folder = rn.Client(), tmp_path / "out/artifacts/model" / name
    client.restore_version(name, 3)
    runicorn("export", tmp_path / "out", name)
    client.delete_version(name, 3, permanent=True)
    before = None
    for _ in range(2):
        done = runicorn("export", tmp_path / "out", name)
        assert (done.code, "v3: was deleted for ever" in done.out) == (0, True)
        assert before in {None, (folder / "v3/.deleted").read_bytes()}
        before = (folder / "v3/.deleted").read_bytes()
    assert statuses(folder) == [(1, "ready"), (3, "deleted")]
    back = runicorn("import", "runicorn", tmp_path / "out", "--rename", f"model/{name}={name}-2")
    assert back.code == 0
    shutil.rmtree(folder / "v3")
    assert runicorn("export", tmp_path / "out", name, "--json").json["findings"] == []


def test_large_content_and_an_empty_file_come_whole(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/large").write_bytes(content)
    (tmp_path / "in/empty").write_bytes(b"")
    runicorn("import", "folder", tmp_path / "in", "-t", "model", "--name", name)
    assert runicorn("export", tmp_path / "out", name).code == 0
    files = tmp_path / "out/artifacts/model" / name / "v1/files"
    assert (files / "large").read_bytes() == content
    assert (files / "empty").read_bytes() == b""


def test_a_name_that_there_is_not_exits_3(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path, name: str
) -> None:
    done = runicorn("export", tmp_path / "out", name)
    assert (done.code, done.out, done.err) == (3, "", f"Artifact not found: {name}\n")
    assert not (tmp_path / "out").exists()


def test_a_team_that_has_nothing_exits_3(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path
) -> None:
    done = runicorn("export", tmp_path / "out", "--team", "nix")
    assert (done.code, done.err) == (3, "There is no artifact of the team 'nix'\n")
    assert not (tmp_path / "out").exists()


def test_one_name_of_two_that_there_is_not_exits_3(
    portal: LivePortal, runicorn: RunCommand, root: Path, name: str, tmp_path: Path
) -> None:
    runicorn("import", "runicorn", root)
    done = runicorn("export", tmp_path / "out", name, f"dataset/{name}", f"{name}-2", "--json")
    assert (done.code, done.out) == (3, "")
    assert json.loads(done.err)["detail"] == f"Artifact not found: dataset/{name}, {name}-2"
    assert not (tmp_path / "out").exists()


def test_what_is_no_export_is_left_alone(
    portal: LivePortal, runicorn: RunCommand, tmp_path: Path
) -> None:
    make_tree(tmp_path / "mine", "thesis.tex")
    done = runicorn("export", tmp_path / "mine")
    assert (done.code, "nothing is written to it" in done.err) == (2, True)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_portal_that_is_away_leaves_an_export_that_is_not_complete(
    peer: Peer, runicorn: RunCommand, tmp_path: Path
) -> None:
    peer.script(json_answer(500, {"detail": "broken"}))
    done = runicorn("export", tmp_path / "out")
    assert done.code == 1
    assert "NOT COMPLETE" in done.out
    assert json.loads((tmp_path / "out/export.json").read_text())["complete"] is False
