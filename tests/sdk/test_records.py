"""What this machine knows of versions, and when an alias was last seen where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.records import Records
from runicorn.specs import parse_spec
from tests.sdk.offline import log

MakeFile = Callable[..., Path]
Json = dict[str, Any]


def version(number: int, *aliases: str, kind: str = "model", **more: Any) -> Any:
    return {
        "name": "m", "type": kind, "version": number, "created_at": 1.0, "updated_at": 1.0,
        "created_by_run": None, "created_by_user": None, "size_bytes": 7, "num_files": 1,
        "num_references": 0, "status": "ready", "metadata": {}, "description": "", "tags": [],
        "aliases": list(aliases), "manifest_digest": None, "team": None,
    } | more  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path, "http://portal")


def found(records: Records, spec: str) -> tuple[int, float]:
    known = records.find(parse_spec(spec))
    return known.detail["version"], known.seen_at


def test_an_alias_is_where_it_was_seen_last(records: Records) -> None:
    records.note(version(1, "production"), ref="production", seen_at=1.0)
    records.note(version(2, "production"), ref="production", seen_at=2.0)
    records.note(version(1, "staging"), ref="v1", seen_at=3.0)
    assert found(records, "m:production") == (2, 2.0)
    assert found(records, "m:staging") == (1, 3.0)
    assert found(records, "m:v1") == (1, 3.0)


def test_an_alias_that_was_seen_to_leave_is_still_told_of_its_time(records: Records) -> None:
    records.note(version(2, "production"), seen_at=2.0)
    records.note(version(2), seen_at=3.0)
    assert found(records, "m:production") == (2, 2.0)
    assert found(records, "m:v2") == (2, 3.0)


def test_what_was_told_earlier_does_not_replace_what_was_told_later(records: Records) -> None:
    records.note(version(1, "new", description="later"), seen_at=2.0)
    records.note(version(1, "old", description="earlier"), files={"files": []}, seen_at=1.0)  # type: ignore[arg-type, typeddict-item]
    known = records.find(parse_spec("m:v1"))
    assert (known.detail["description"], known.seen_at) == ("later", 2.0)
    assert known.files == {"files": []}
    assert (found(records, "m:new"), found(records, "m:old")) == ((1, 2.0), (1, 1.0))


def test_each_name_keeps_the_last_time_it_was_heard(records: Records) -> None:
    for aliases, seen_at in ((["gold"], 1.0), ([], 3.0), (["gold"], 2.0)):
        records.note(version(1, *aliases), seen_at=seen_at)
    assert found(records, "m:gold") == (1, 2.0)


def test_a_bad_setting_of_the_cache_is_found_before_anything_is_logged(
    portal: Any, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rn.init(project="tests") as run, monkeypatch.context() as setting:
        setting.setenv("RUNICORN_CACHE_BYTES", "much")
        with pytest.raises(ValueError, match="RUNICORN_CACHE_BYTES must be"):
            run.log_artifact(rn.Artifact(name).add_file(make_file("m")))
    with pytest.raises(errors.ArtifactNotFound):
        rn.Client().list_versions(name)


def test_a_time_stays_known(records: Records) -> None:
    at = parse_spec("m:prod@2026-05-01").at
    assert at is not None
    records.note(version(1), ref=f"prod@{at.isoformat()}", seen_at=1.0)
    records.note(version(1, "prod"), ref="prod", seen_at=2.0)
    assert found(records, "m:prod@2026-05-01") == (1, 1.0)


def test_a_name_of_several_artifacts_is_not_guessed(records: Records) -> None:
    records.note(version(1, "latest"), seen_at=1.0)
    records.note(version(4, "latest", kind="dataset"), seen_at=2.0)
    with pytest.raises(errors.AmbiguousType, match=r"several types \(model, dataset\)") as refusal:
        records.find(parse_spec("m"))
    assert refusal.value.types == ["model", "dataset"]
    assert found(records, "dataset/m") == (4, 2.0)
    records.note(version(2, "latest", team="vision"), seen_at=3.0)
    with pytest.raises(errors.AmbiguousTeam, match=r"several teams \(everyone, vision\)"):
        records.find(parse_spec("model/m"))
    assert found(records, "vision/model/m") == (2, 3.0)


def test_what_is_logged_here_is_known_at_once(
    portal: Any, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(name, make_file("m", b"one"), aliases="production")
    with rn.init(project="tests") as run:
        run.use_artifact(f"{name}:production").download()
    log(name, make_file("m", b"two"), aliases="production")
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    with rn.init(project="tests") as run:
        assert run.use_artifact(f"{name}:production").version == 2
        assert run.use_artifact(f"{name}:v1").version == 1
