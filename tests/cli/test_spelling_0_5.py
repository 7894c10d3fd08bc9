"""``runicorn artifacts --action …``, as scripts written for Runicorn 0.5 say it.

The expected lines are what its own command prints for the same artifacts, times apart.
"""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.cli.conftest import RunCommand
from tests.live import LivePortal
from tests.sdk.peers import Peer, json_answer


@pytest.fixture
def legacy(runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """``runicorn artifacts --action …`` with ``stdin`` at hand."""

    def run(action: str, *arguments: str | Path, stdin: str = "") -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return runicorn("artifacts", "--action", action, *arguments)

    return run


@pytest.fixture
def many(portal: LivePortal, name: str, make_file: Callable[..., Path]) -> str:
    """The name of an artifact with a version of eleven files."""
    artifact = rn.Artifact(name, description="the best").add_metadata({"acc": 0.5, "layers": [1]})
    for number in range(11):
        artifact.add_file(make_file(f"{number:02}.txt", b"x" * 1024))
    with rn.Run("tests", name="cli") as run:
        run.log_artifact(artifact.add_tags("a", "b"))
    return name


def test_list_is_the_table_of_0_5(legacy: RunCommand, many: str) -> None:
    lines = legacy("list").out.splitlines()
    assert re.fullmatch(r"Found \d+ artifact\(s\):", lines[0])
    assert (
        lines[2]
        == "Name                           Type       Versions   Size            Latest    "
    )
    assert lines[3] == "-" * 85
    row = f"{many:<30} model      1                0.01 MB   v1"
    assert row in lines[4:]


def test_wide_characters_stay_in_their_column(
    legacy: RunCommand, many: str, make_file: Callable[..., Path]
) -> None:
    with rn.Run("tests") as run:
        run.log_artifact(rn.Artifact(f"模型{many[-12:]}").add_file(make_file("a")))
    rows = legacy("list").out.splitlines()
    row = next(row for row in rows if row.startswith(f"模型{many[-12:]}"))
    assert row == f"模型{many[-12:]}" + " " * 15 + "model      1                0.00 MB   v1"


def test_a_list_of_nothing_says_so(peer: Peer, legacy: RunCommand) -> None:
    peer.script(json_answer(200, []))
    assert legacy("list", "--type", "code").out == "No artifacts found.\n"
    assert peer.calls == ["GET /api/artifacts?type=code"]


def test_versions_is_the_table_of_0_5(legacy: RunCommand, logged: str) -> None:
    rn.Client().delete_version(logged, 1)
    lines = legacy("versions", "--name", logged).out.splitlines()
    assert lines[:2] == [f"Versions for {logged}:", ""]
    assert lines[2] == "Version    Created                   Size            Files    Run"
    assert lines[3] == "-" * 90
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    sizes = r" {12}0\.00 MB   1        "
    run = r"\d{8}_\d{6}_[0-9a-f]{4}\.\.\."
    assert re.fullmatch(rf"v1         {moment} {sizes}{run} \(deleted\)", lines[4])
    assert re.fullmatch(rf"v2         {moment} {sizes}{run}", lines[5])


def test_info_is_that_of_0_5(legacy: RunCommand, many: str) -> None:
    out = legacy("info", "--name", many, "--version", "1", "--type", "model").out
    lines = out.splitlines()
    assert lines[:5] == [
        "",
        f"Artifact: {many}:v1",
        "=" * 60,
        "Type:         model",
        "Status:       ready",
    ]
    assert lines[7:13] == [
        "Size:         0.01 MB",
        "Files:        11",
        "References:   0",
        "Description:  the best",
        "Aliases:      latest",
        "Tags:         a, b",
    ]
    assert lines[13:19] == ["", "Metadata:", "  acc: 0.5", "  layers: [1]", "", "Files (11):"]
    assert lines[19] == "  00.txt (1.0 KB)"
    assert lines[-1] == "  ... and 1 more files"


def test_stats_is_that_of_0_5(peer: Peer, legacy: RunCommand) -> None:
    stats = {"total_artifacts": 2, "total_versions": 4, "total_size_bytes": 3 << 30}
    stats |= {"total_files": 9, "dedup_enabled": True, "dedup_pool_size_bytes": 1 << 30}
    stats |= {"space_saved_bytes": 2 << 30, "dedup_ratio": 0.6667}
    stats |= {"by_type": {"model": {"count": 2, "versions": 4, "size_bytes": 3 << 30}}}
    peer.script(json_answer(200, stats))
    assert legacy("stats").out.splitlines() == [
        "",
        "Artifact Storage Statistics",
        "=" * 60,
        "Total Artifacts:  2",
        "Total Versions:   4",
        "Total Size:       3.00 GB",
        "Dedup Enabled:    True",
        "",
        "Deduplication Stats:",
        "  Pool Size:      1.00 GB",
        "  Space Saved:    2.00 GB",
        "  Dedup Ratio:    66.7%",
        "",
        "By Type:",
        "  Model      2 artifacts, 4 versions, 3.00 GB",
    ]


@pytest.mark.parametrize(
    ("options", "done"), [([], "Soft deleted"), (["--permanent"], "Permanently deleted")]
)
def test_delete_takes_its_y_from_standard_input(
    legacy: RunCommand, logged: str, options: list[str], done: str
) -> None:
    outcome = legacy("delete", "--name", logged, "--version", "2", *options, stdin="y\n")
    assert (outcome.code, outcome.out) == (0, f"✅ {done} {logged}:v2\n")
    left = [one["version"] for one in rn.Client().list_versions(logged) if one["status"] == "ready"]
    assert left == [1]


def test_delete_does_nothing_on_another_answer(legacy: RunCommand, logged: str) -> None:
    outcome = legacy("delete", "--name", logged, "--version", "2", stdin="n\n")
    assert (outcome.code, outcome.out) == (0, "Cancelled.\n")
    assert rn.Client().get_version(logged, 2)["status"] == "ready"


def test_delete_without_an_answer_says_how_to_give_one(legacy: RunCommand, logged: str) -> None:
    outcome = legacy("delete", "--name", logged, "--version", "2", "--permanent")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--permanent --yes" in " ".join(re.sub("[│╭╰─]", "", outcome.err).split())
    assert rn.Client().get_version(logged, 2)["status"] == "ready"


def test_json_is_that_of_the_commands_of_today(legacy: RunCommand, logged: str) -> None:
    client = rn.Client()
    assert legacy("versions", "--name", logged, "--json").json == client.list_versions(logged)
    found = legacy("info", "--name", logged, "--version", "1", "--json").json
    assert found == client.get_version(logged, 1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["versions"], "--name is required"),
        (["info", "--name", "m"], "--name and --version"),
        (["delete", "--version", "1"], "--name and --version"),
        (["list", "--type", "nonsense"], "Unknown artifact type"),
        (["list", "--storage", "/data"], "on the server"),
        (["nonsense"], "not one of"),
    ],
)
def test_wrong_usage_is_2_and_asks_no_server(
    peer: Peer, legacy: RunCommand, arguments: list[str], text: str
) -> None:
    outcome = legacy(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert text in " ".join(re.sub("[│╭╰─]", "", outcome.err).split())
    assert peer.seen == []


def test_what_is_not_there_is_3(legacy: RunCommand, portal: LivePortal) -> None:
    outcome = legacy("info", "--name", "not-there", "--version", "1")
    assert (outcome.code, outcome.err) == (3, "Artifact not found: not-there\n")


@pytest.mark.parametrize(
    "arguments", [["--type", "model", "list"], ["--json", "stats"], ["--name", "m"]]
)
def test_its_options_without_an_action_are_refused(
    peer: Peer, runicorn: RunCommand, arguments: list[str]
) -> None:
    assert runicorn("artifacts", *arguments).code == 2
    assert peer.seen == []
