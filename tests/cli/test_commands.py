"""Every command but get and put, in words and in JSON, against a live portal."""

from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from tests.cli.conftest import RunCommand


def test_list_shows_artifacts(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "list", "--type", "model")
    assert outcome.code == 0
    row = next(row for row in outcome.rows if row and row[0] == logged)
    assert row[1:6] == ["model", "2", "v2", "2.0", "KiB"]
    assert row[-2:] == ["latest=v2,", "production=v1"]


def test_list_in_json_is_the_apis(runicorn: RunCommand, logged: str) -> None:
    found = runicorn("artifacts", "list", "--json").json
    assert found == rn.Client().list_artifacts()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--search", "{name}"], True),
        (["--alias", "production", "--search", "{name}"], True),
        (["--tag", "nobody-has-this"], False),
        (["--type", "dataset"], False),
    ],
)
def test_list_filters(
    runicorn: RunCommand, logged: str, options: list[str], expected: bool
) -> None:
    filled = [option.format(name=logged) for option in options]
    found = runicorn("artifacts", "list", *filled, "--json").json
    assert (logged in [item["name"] for item in found]) is expected


def test_list_can_be_limited(runicorn: RunCommand, logged: str) -> None:
    assert len(runicorn("artifacts", "list", "--limit", "1", "--json").json) == 1


def test_versions_shows_the_history(runicorn: RunCommand, logged: str) -> None:
    rows = runicorn("artifacts", "versions", logged).rows[2:]
    assert [row[0] for row in rows] == ["v1", "v2"]
    assert "production" in rows[0]
    assert "latest" in rows[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["versions", "{}"],
        ["alias", "set", "{}", "v2", "staging"],
        ["alias", "list", "{}"],
        ["alias", "rm", "{}", "production"],
    ],
)
def test_the_type_may_stand_before_the_name(
    runicorn: RunCommand, logged: str, arguments: list[str]
) -> None:
    code = rn.Artifact(logged, type="code").add_reference("s3://bucket/code")
    with rn.Run("tests") as run:
        run.log_artifact(code, aliases="production")
    for kind, status in (("model", 0), ("dataset", 3)):
        filled = [argument.format(f"{kind}/{logged}") for argument in arguments]
        assert runicorn("artifacts", *filled).code == status


def test_versions_in_json(runicorn: RunCommand, logged: str) -> None:
    found = runicorn("artifacts", "versions", logged, "--json").json
    assert [(one["version"], one["size_bytes"]) for one in found] == [(1, 3), (2, 2048)]


@pytest.mark.parametrize(
    ("ref", "version"), [("", 2), (":latest", 2), (":v1", 1), (":production", 1)]
)
def test_info_finds_a_version_by_every_name(
    runicorn: RunCommand, logged: str, ref: str, version: int
) -> None:
    assert runicorn("artifacts", "info", f"{logged}{ref}", "--json").json["version"] == version
    assert runicorn("artifacts", "info", f"model/{logged}{ref}", "--json").code == 0


def test_info_shows_everything(runicorn: RunCommand, logged: str) -> None:
    out = runicorn("artifacts", "info", f"{logged}:v1").out
    for text in (f"{logged}:v1", "model", "ready", "3 B", "production", "the first", "0.5", "acc"):
        assert text in out


def test_files_shows_files_and_references(runicorn: RunCommand, logged: str) -> None:
    out = runicorn("artifacts", "files", logged).out
    for text in ("deep/b.bin", "2.0 KiB", "sha256:", "s3://bucket/data", "5 B"):
        assert text in out


def test_files_in_json(runicorn: RunCommand, logged: str) -> None:
    found = runicorn("artifacts", "files", f"{logged}:v2", "--json").json
    assert (found["total_files"], found["total_references"]) == (1, 1)


@pytest.mark.parametrize("ref", [":staging", ":v9"])
def test_what_is_not_there_is_3(runicorn: RunCommand, logged: str, ref: str) -> None:
    outcome = runicorn("artifacts", "info", f"{logged}{ref}")
    assert (outcome.code, outcome.out) == (3, "")
    assert "not found" in outcome.err


def test_an_unknown_alias_says_which_exist(runicorn: RunCommand, logged: str) -> None:
    assert "latest, production" in runicorn("artifacts", "info", f"{logged}:staging").err


def test_delete_and_restore(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", f"{logged}:v2")
    said = f"Deleted {logged}:v2; `runicorn artifacts restore {logged}:v2` brings it back\n"
    assert (outcome.code, outcome.out, outcome.err) == (0, said, "")
    assert runicorn("artifacts", "get", f"{logged}:v2").code == 3
    assert runicorn("artifacts", "info", logged, "--json").json["version"] == 1
    assert runicorn("artifacts", "restore", f"{logged}:v2").out == f"Restored {logged}:v2\n"
    assert runicorn("artifacts", "info", logged, "--json").json["version"] == 2


def test_delete_and_restore_in_json(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("artifacts", "delete", f"{logged}:v2", "--json").json["success"] is True
    assert runicorn("artifacts", "restore", f"{logged}:v2", "--json").json["status"] == "ready"


def test_permanent_delete_with_yes(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", f"{logged}:v2", "--permanent", "-y")
    assert outcome.out == f"Purged {logged}:v2\n"
    with pytest.raises(errors.VersionNotFound):
        rn.Client().get_version(logged, 2)


def test_permanent_delete_without_a_terminal_is_refused(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", f"{logged}:v2", "--permanent")
    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert rn.Client().get_version(logged, 2)["status"] == "ready"


def test_lineage_shows_the_edges(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "lineage", logged, "--depth", "2")
    assert outcome.code == 0
    assert "(cli)" in outcome.out
    assert "─produces→" in outcome.out
    assert f"{logged}:v2" in outcome.out


def test_lineage_in_json(runicorn: RunCommand, logged: str) -> None:
    found = runicorn("artifacts", "lineage", f"{logged}:v1", "--json").json
    assert found["root_artifact"] == f"{logged}:v1"


def test_impact_shows_what_was_made(runicorn: RunCommand, logged: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"made")
    run = rn.init(project="cli")
    run.use_artifact(f"{logged}:v2")
    made = run.log_artifact(rn.Artifact(f"{logged}-made", "model").add_file(tmp_path / "a.bin"))
    run.finish()
    outcome = runicorn("artifacts", "impact", f"{logged}:v2")
    assert outcome.code == 0
    assert f"{logged}-made:v{made}" in outcome.out
    found = runicorn("artifacts", "impact", f"{logged}:v2", "--json").json
    assert [item["name"] for item in found["items"]] == [f"{logged}-made"]
    assert rn.Client().get_impact(logged, 2) == found


def test_stats_shows_the_figures(runicorn: RunCommand, logged: str) -> None:
    out = runicorn("artifacts", "stats").out
    for text in ("Artifacts", "Saved", "model"):
        assert text in out


def test_stats_in_json(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("artifacts", "stats", "--json").json["by_type"]["model"]["count"] >= 1


def test_alias_set_moves_and_rm_removes(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("alias", "set", logged, "v2", "production")
    assert (outcome.code, outcome.out) == (0, "production is v2\n")
    assert runicorn("artifacts", "info", f"{logged}:production", "--json").json["version"] == 2
    outcome = runicorn("alias", "rm", logged, "production")
    assert (outcome.code, "Removed alias production" in outcome.out) == (0, True)
    assert runicorn("alias", "rm", logged, "production").code == 3


def test_alias_set_and_rm_in_json(runicorn: RunCommand, logged: str) -> None:
    found = runicorn("alias", "set", logged, "v2", "最好", "--json").json
    assert (found["alias"], found["version"]) == ("最好", 2)
    assert runicorn("alias", "rm", logged, "最好", "--json").json["success"] is True


def test_alias_list(runicorn: RunCommand, logged: str) -> None:
    rows = runicorn("alias", "list", logged).rows
    assert [row[:2] for row in rows[2:]] == [["latest", "v2"], ["production", "v1"]]
    found = runicorn("alias", "list", logged, "--json").json
    assert [one["alias"] for one in found] == ["latest", "production"]


def test_info_shows_what_it_takes_on_disk(runicorn: RunCommand, logged: str) -> None:
    fields = {row[0]: row for row in runicorn("artifacts", "info", f"{logged}:v1").rows if row}
    assert fields["On"] == ["On", "disk", "3", "B"]
    assert fields["Shared"][2] == "B"


def test_stats_shows_what_was_made_whole(runicorn: RunCommand, logged: str) -> None:
    assert "Materialized" in runicorn("artifacts", "stats").out


def test_materialize_prints_the_paths(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "materialize", f"{logged}:v1")
    assert outcome.code == 0
    assert Path(outcome.out.strip()).read_bytes() == b"one"
    found = runicorn("artifacts", "materialize", logged, "--json").json
    assert [one["path"] for one in found["files"]] == ["deep/b.bin"]
