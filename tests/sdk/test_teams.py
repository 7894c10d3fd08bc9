"""What belongs to a team, from the SDK: log it, use it, and never get another's in its place."""

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.config import Config
from tests.live import TeamPortal

MakeFile = Callable[[str, bytes], Path]
RunAs = Callable[[str], rn.Run]


@pytest.fixture
def run_as(team_portal: TeamPortal) -> RunAs:
    """A run of somebody's; ``team`` is his RUNICORN_TEAM."""

    def begin(name: str, team: str | None = None) -> rn.Run:
        config = Config(url=team_portal.url, api_key=team_portal.tokens[name], team=team)
        return rn.Run("tests", name="teams", client=rn.Client(config))

    return begin


def test_a_teams_artifact_is_there_for_its_members_only(
    run_as: RunAs, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    ada, bob = run_as("ada"), run_as("bob")
    private = rn.Artifact(name, team="vision").add_file(make_file("w.bin", b"private"))
    assert (ada.log_artifact(private), private.team) == (1, "vision")
    metadata = private.get_metadata()
    assert metadata is not None
    assert (metadata.team, metadata.owner) == ("vision", "vision")
    used = ada.use_artifact(f"vision/model/{name}:v1")
    assert (used.download(tmp_path / "ada") / "w.bin").read_bytes() == b"private"
    for spec in (name, f"vision/model/{name}", f"{name}:v1"):
        with pytest.raises(FileNotFoundError, match="Artifact not found"):
            bob.use_artifact(spec)


def test_of_two_of_one_name_each_leads_to_its_own_content(
    run_as: RunAs, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    ada = run_as("ada")
    contents = {"everyone": b"public", "vision": b"private"}
    for owner, content in contents.items():
        path = make_file(f"{owner}/w.bin", content)
        assert ada.log_artifact(rn.Artifact(name, team=owner).add_file(path), "production") == 1
    for owner, content in contents.items():
        for ref in ("v1", "production", "latest"):
            used = ada.use_artifact(f"{owner}/model/{name}:{ref}")
            assert used.team == owner
            folder = used.download(tmp_path / owner / ref)
            assert (folder / "w.bin").read_bytes() == content
    # Without a word his own team's stands before everyone's.
    assert ada.use_artifact(name).team == "vision"
    assert run_as("bob").use_artifact(name).team == "everyone"


def test_many_small_files_come_from_the_right_archive(
    run_as: RunAs, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    ada = run_as("ada")
    for owner in ("everyone", "vision"):
        artifact = rn.Artifact(name, team=owner)
        for number in range(40):
            artifact.add_file(make_file(f"{owner}/{number}", f"{owner} {number}".encode()))
        ada.log_artifact(artifact)
        folder = artifact.download(tmp_path / "got" / owner)
        assert (folder / "7").read_text() == f"{owner} 7"


def test_what_was_logged_is_logged_again_to_where_it_is(
    run_as: RunAs, name: str, make_file: MakeFile
) -> None:
    ada = run_as("ada")
    first = rn.Artifact(name, team="everyone").add_file(make_file("a", b"1"))
    ada.log_artifact(first)
    ada.log_artifact(rn.Artifact(name, team="vision").add_file(make_file("b", b"2")))
    assert ada.log_artifact(first.add_file(make_file("c", b"3"))) == 2
    assert first.team == "everyone"


def test_the_team_of_the_environment_counts_where_none_is_said(
    run_as: RunAs, name: str, make_file: MakeFile
) -> None:
    ada = run_as("ada", "vision")
    artifact = rn.Artifact(name).add_file(make_file("a", b"1"))
    ada.log_artifact(artifact)
    said = rn.Artifact(f"{name}-2", team="everyone").add_file(make_file("a", b"1"))
    ada.log_artifact(said)
    assert (artifact.team, said.team) == ("vision", "everyone")


def test_runicorn_team_reaches_the_client(
    team_portal: TeamPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.setenv("RUNICORN_TEAM", "vision")
    assert rn.Client().team == "vision"


def test_a_team_of_others_is_refused(run_as: RunAs, name: str, make_file: MakeFile) -> None:
    artifact = rn.Artifact(name, team="vision").add_file(make_file("a", b"1"))
    with pytest.raises(errors.InvalidInput, match="'vision' is no team of yours"):
        run_as("bob").log_artifact(artifact)


@pytest.mark.parametrize("given", ["Vision", "", "a/b", "a" * 64])
def test_what_is_no_team_is_refused_at_once(given: str) -> None:
    with pytest.raises(ValueError, match="Invalid team"):
        rn.Artifact("m", team=given)


def test_the_list_says_whose_each_is(run_as: RunAs, name: str, make_file: MakeFile) -> None:
    ada = run_as("ada")
    ada.log_artifact(rn.Artifact(name, team="vision").add_file(make_file("a", b"1")))
    (found,) = ada.client.list_artifacts(name=name)
    assert found.get("team") == "vision"
    assert ada.client.list_artifacts(name=name, team="everyone") == []


def test_a_server_that_asks_for_a_login_says_how(team_portal: TeamPortal) -> None:
    for api_key in (None, "rn_nonsense"):
        with pytest.raises(errors.AuthenticationRequired, match=r"runicorn login http://127\."):
            rn.Client(Config(url=team_portal.url, api_key=api_key)).list_artifacts()
