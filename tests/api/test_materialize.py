"""``POST …/materialize``: a path for every file, also for those that share bytes with others."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob, Version
from artifacts.services.check_store import check_store
from artifacts.services.collect import sweep_leftovers
from artifacts.services.purge import purge_version
from artifacts.services.trees import remove_version_tree
from artifacts.services.versions import soft_delete_version
from artifacts.storage import materialized
from artifacts.storage.layout import Store, folder_name
from tests.checkpoints import MIB, checkpoint
from tests.conftest import ANYBODY, MakeVersion

ROUTE = "/api/artifacts/m/v2/materialize"
FILES = "/api/artifacts/m/v2/files"
LONG = "深" * 100 + ".bin"


@pytest.fixture
def version(make_version: MakeVersion, store: Store) -> Version:
    """Its large files lean on those of v1."""
    make_version("m", files={"w.bin": checkpoint(1)})
    found = make_version("m", files={"w.bin": checkpoint(2), "dir/copy": checkpoint(2), "a": b"1"})
    assert Blob.objects.filter(layout="extents").count() == 1
    return found


def paths(answer: Any) -> dict[str, Any]:
    return {one["path"]: one["absolute_path"] for one in answer.json()["files"]}


def test_every_file_has_a_path_with_its_bytes(api: APIClient, version: Version) -> None:
    answer = api.post(ROUTE)
    assert answer.status_code == 200
    assert answer.json()["artifact"] == "m:v2"
    assert answer.json()["materialized_bytes"] == len(checkpoint(2))
    found = paths(answer)
    assert list(found) == ["a", "dir/copy", "w.bin"]
    assert Path(found["a"]).read_bytes() == b"1"
    assert Path(found["w.bin"]).read_bytes() == checkpoint(2)
    assert Path(found["dir/copy"]).read_bytes() == checkpoint(2)
    assert [Path(path).name for path in found.values()] == ["a", "copy", "w.bin"]


def test_the_list_of_files_has_the_paths_from_then_on(
    api: APIClient, version: Version, store: Store
) -> None:
    before = paths(api.get(FILES))
    assert (before["w.bin"], before["dir/copy"]) == (None, None)
    made = paths(api.post(ROUTE))
    assert paths(api.get(FILES)) == made
    materialized.remove(store, Blob.objects.get(layout="extents").sha256)
    assert paths(api.get(FILES)) == before


def test_to_do_it_twice_changes_nothing(api: APIClient, version: Version) -> None:
    first = api.post(ROUTE).json()
    inode = Path(first["files"][2]["absolute_path"]).stat().st_ino
    assert api.post(ROUTE).json() == first
    assert Path(first["files"][2]["absolute_path"]).stat().st_ino == inode


def test_nobody_can_write_to_it(api: APIClient, version: Version) -> None:
    path = Path(paths(api.post(ROUTE))["w.bin"])
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o444, 0o555)


def test_the_stats_count_it_apart_from_the_pool(api: APIClient, version: Version) -> None:
    before = api.get("/api/artifacts/stats").json()
    api.post(ROUTE)
    after = api.get("/api/artifacts/stats").json()
    assert after == {**before, "materialized_bytes": len(checkpoint(2))}


def test_a_missing_folder_is_built(api: APIClient, version: Version) -> None:
    remove_version_tree(version.artifact, 2)
    assert Path(paths(api.post(ROUTE))["a"]).read_bytes() == b"1"


def test_whole_files_are_not_copied(api: APIClient, version: Version) -> None:
    answer = api.post("/api/artifacts/m/v1/materialize")
    assert answer.json()["materialized_bytes"] == 0
    assert Path(paths(answer)["w.bin"]).read_bytes() == checkpoint(1)


def test_a_name_too_long_for_the_disk_is_shortened(
    api: APIClient, make_version: MakeVersion, version: Version
) -> None:
    make_version("m", files={LONG: checkpoint(3)})
    path = Path(paths(api.post("/api/artifacts/m/v3/materialize"))[LONG])
    assert path.name == folder_name(LONG)
    assert path.read_bytes() == checkpoint(3)


def test_what_was_not_used_for_longest_makes_room(
    api: APIClient, make_version: MakeVersion, version: Version, settings: Any
) -> None:
    make_version("m", files={"w.bin": checkpoint(3)})
    settings.RUNICORN_MATERIALIZED_BYTES = 10 * MIB
    api.post(ROUTE)
    answer = api.post("/api/artifacts/m/v3/materialize")
    assert answer.json()["materialized_bytes"] == len(checkpoint(3))
    assert paths(api.get(FILES))["w.bin"] is None


def test_more_than_the_limit_is_refused_and_nothing_goes(
    api: APIClient, make_version: MakeVersion, version: Version, settings: Any
) -> None:
    api.post(ROUTE)
    make_version("m", files={"1": checkpoint(3), "2": checkpoint(4)})
    settings.RUNICORN_MATERIALIZED_BYTES = 10 * MIB
    answer = api.post("/api/artifacts/m/v3/materialize")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "RUNICORN_MATERIALIZED_BYTES" in answer.json()["detail"]
    assert paths(api.get(FILES))["w.bin"] is not None


def test_a_client_elsewhere_gets_no_paths(api: APIClient, version: Version) -> None:
    answer = api.post(ROUTE, headers={"X-Forwarded-For": "10.0.0.1"})
    assert set(paths(answer).values()) == {None}
    assert answer.json()["materialized_bytes"] == len(checkpoint(2))
    assert set(paths(api.post(ROUTE, REMOTE_ADDR="10.0.0.1")).values()) == {None}


def test_in_team_mode_there_are_no_paths(
    member: APIClient, version: Version, team: None, api: APIClient
) -> None:
    assert set(paths(member.post(ROUTE)).values()) == {None}
    assert api.post(ROUTE).status_code == 401


def test_a_deleted_version_is_410(api: APIClient, version: Version) -> None:
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert api.post(ROUTE).status_code == 410


def test_an_absent_version_is_404(api: APIClient, version: Version) -> None:
    assert api.post("/api/artifacts/m/v9/materialize").status_code == 404
    assert api.post("/api/artifacts/x/v1/materialize").status_code == 404


def test_damaged_content_is_422(api: APIClient, version: Version) -> None:
    Blob.objects.filter(layout="extents").update(damaged_at=version.created_at)
    answer = api.post(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")


def test_bytes_that_changed_on_disk_are_never_handed_out(
    api: APIClient, version: Version, store: Store, make_blob: Callable[[bytes], Blob]
) -> None:
    base = store.pool_path(Blob.objects.get(layout="file", size_bytes__gt=MIB).sha256)
    base.chmod(0o644)
    with base.open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"changed")
    answer = api.post(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")
    assert materialized.used_bytes(store) == 0


@pytest.mark.django_db(transaction=True)
def test_content_purged_while_it_is_made_whole_does_not_stay(
    api: APIClient, version: Version, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = materialized._stage

    def stage_and_purge(*args: Any) -> Path:
        staged = stage(*args)  # it has read from files that were open
        if not Version.objects.get(pk=version.pk).purged_at:
            purge_version(version=version, purged_by=ANYBODY)
        return staged

    monkeypatch.setattr(materialized, "_stage", stage_and_purge)
    answer = api.post(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (422, "corrupted")
    assert materialized.contents(store) == []


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_a_killed_purge_left_is_found_and_removed(
    api: APIClient, version: Version, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post(ROUTE)
    (sha256,) = materialized.contents(store)
    with monkeypatch.context() as killed:
        killed.setattr(materialized, "remove", lambda *_: None)
        purge_version(version=version, purged_by=ANYBODY)
    assert list(check_store(leftovers_older_than=timedelta())) == [
        f"leftover: a materialized copy of sha256:{sha256}, which is gone (collect removes it)"
    ]
    assert sweep_leftovers(older_than=timedelta()) == 1
    assert materialized.contents(store) == []
    assert list(check_store(leftovers_older_than=timedelta())) == []


def test_a_copy_of_stored_content_stays(api: APIClient, version: Version, store: Store) -> None:
    api.post(ROUTE)
    assert sweep_leftovers(older_than=timedelta()) == 0
    assert len(materialized.contents(store)) == 1
