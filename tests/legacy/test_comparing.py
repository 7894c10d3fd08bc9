"""The comparison of ``make migration-check`` sees what differs."""

from typing import Any

import pytest

from tests.legacy.comparing import Comparison, same

DETAIL: dict[str, Any] = {
    "name": "m", "type": "model", "version": 1, "created_at": 1.5, "updated_at": 1.5,
    "created_by_user": None, "num_files": 1, "num_references": 0, "metadata": {}, "tags": [],
    "description": "d", "created_by_run": "",
}  # fmt: skip
FILES: dict[str, Any] = {
    "artifact": "m:v1", "total_files": 1, "total_references": 1, "total_size": 3 + 7,
    "files": [{"path": "a", "size": 3, "digest": "x", "modified_at": 1.0, "is_remote": False}],
    "references": [{"uri": "u", "checksum": None, "size": 7, "metadata": {}}],
}  # fmt: skip
LINEAGE: dict[str, Any] = {
    "root_artifact": "m:v1",
    "nodes": [{"node_type": "run", "node_id": "run:r"}],
    "edges": [{"source": "run:r", "target": "m:v1", "edge_type": "produces"}],
}
OURS: dict[str, Any] = {
    "root_artifact": "m:v1",
    "nodes": [{"node_type": "run", "node_id": "r"}],
    "edges": [{"source": "r", "target": "m:v1", "edge_type": "produces"}],
}


def compare(route: str, theirs: object, mine: object, status: int = 200) -> list[str]:
    comparison = Comparison({route: [200, theirs]}, lambda _: (status, mine))
    comparison.run()
    return comparison.differences


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (1.5, 1.5000001, True), (1.5, 1.6, False), ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"b": 1}, False), ([1], [1, 2], False), ("a", "a", True), (None, 0, False),
    ],
)  # fmt: skip
def test_same(mine: object, theirs: object, expected: bool) -> None:
    assert same(mine, theirs) == expected


def test_answers_that_agree_differ_in_nothing() -> None:
    assert compare("/api/artifacts/m/v1?type=model", DETAIL, DETAIL) == []
    assert compare("/api/artifacts/m/v1/files?type=model", FILES, FILES | {"total_size": 3}) == []
    assert compare("/api/artifacts/m/v1/lineage?type=model", LINEAGE, OURS) == []


@pytest.mark.parametrize("field", [name for name in DETAIL if name != "created_by_run"])
def test_any_field_of_a_version_that_differs_is_seen(field: str) -> None:
    assert compare("/api/artifacts/m/v1?type=model", DETAIL, DETAIL | {field: "other"}) != []


def test_a_file_a_size_and_a_reference_that_differ_are_seen() -> None:
    route, mine = "/api/artifacts/m/v1/files?type=model", FILES | {"total_size": 3}
    other = [FILES["files"][0] | {"digest": "y"}]
    for changes in ({"files": other}, {"total_size": 10}, {"files": []}):
        assert compare(route, FILES, mine | changes) != []


def test_a_node_or_an_edge_that_is_not_here_is_seen() -> None:
    route = "/api/artifacts/m/v1/lineage?type=model"
    assert compare(route, LINEAGE, OURS | {"nodes": []}) != []
    assert compare(route, LINEAGE, OURS | {"edges": []}) != []


def test_a_route_that_fails_here_is_seen() -> None:
    assert compare("/api/artifacts/m/v1?type=model", DETAIL, {}, status=404) != []
