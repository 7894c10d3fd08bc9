"""A smaller demo on a real portal: what the pages will find there."""

from collections import Counter

import pytest

import runicorn as rn
from examples.demo.__main__ import fill_once
from examples.demo.ending import PURGED, RUNNING
from examples.demo.filling import State, describe, find_state
from examples.demo.moments import Facts
from examples.demo.projects import plan, products
from runicorn.payloads import RunInfo
from tests.demo.conftest import SCALE, Filled

pytestmark = pytest.mark.slow


def planned() -> Counter[str]:
    """How many versions each artifact got."""
    return Counter(made.name for one in plan(SCALE) for made in one.step.makes)


def numbers(filled: Filled, name: str, *, status: str) -> list[int]:
    """The versions that stand so."""
    found = filled.client.list_versions(name)
    return [one["version"] for one in found if one["status"] == status]


def runs_of(filled: Filled, project: str, status: str) -> list[str]:
    """The names of runs."""
    found = filled.client._get(list[RunInfo], "/api/runs", project=project, status=status)
    return [run["name"] for run in found]


def test_every_artifact_is_there_with_its_type(filled: Filled) -> None:
    found = {(one["name"], one["type"]) for one in filled.client.list_artifacts()}
    assert found == {(product.name, product.type) for product in products()}
    assert filled.logged == planned().total()


def test_the_last_line_said_counts_all(filled: Filled) -> None:
    assert filled.said[-1].startswith(f"{filled.logged} of {filled.logged} versions, ")
    assert len(filled.said) > 1


def test_the_statistics_count_what_is_not_deleted_and_show_savings(filled: Filled) -> None:
    stats = filled.client.get_stats()
    deleted = [number for name in planned() for number in numbers(filled, name, status="deleted")]
    assert stats["total_artifacts"] == 60
    assert stats["total_versions"] == filled.logged - len(deleted) - 1
    assert stats["dedup_ratio"] > 0.2


def test_large_models_share_bytes(filled: Filled) -> None:
    detail = filled.client.get_version("ticket-router", 2)
    assert detail["shared_bytes"] > 2_000_000
    assert detail["physical_bytes"] < detail["size_bytes"]


def test_the_report_leads_back_to_the_export(filled: Filled) -> None:
    last = max(numbers(filled, "ticket-router-report", status="ready"))
    graph = filled.client.get_lineage("ticket-router-report", last, max_depth=10)
    before = {edge["target"]: set[str]() for edge in graph["edges"]}
    for edge in graph["edges"]:
        before[edge["target"]].add(edge["source"])
    steps, level = 0, {graph["root_artifact"]}
    while not any(node.startswith("tickets-raw:") for node in level):
        level = {source for node in level for source in before.get(node, ())}
        steps += 1
        assert level, "it ended before the export"
    assert steps >= 8  # runs and versions: at least four versions lie between


def test_two_ways_lead_from_the_cleaned_tickets_to_the_router(filled: Filled) -> None:
    graph = filled.client.get_lineage("ticket-router", 2, max_depth=3)
    used = {edge["source"] for edge in graph["edges"] if edge["edge_type"] == "uses"}
    assert any(one.startswith("ticket-features:") for one in used)
    assert any(one.startswith("ticket-labels:") for one in used)
    assert any(one.startswith("tickets-cleaned:") for one in used)


def test_more_than_five_runs_used_one_encoder(filled: Filled) -> None:
    graph = filled.client.get_lineage("base-encoder", 1, max_depth=1)
    uses = [edge for edge in graph["edges"] if edge["source"] == "base-encoder:v1"]
    assert len(uses) > 5


def test_aliases_moved_with_comments_and_back(filled: Filled) -> None:
    best = filled.client.get_alias_history("ticket-router", "best")
    assert len(best) >= 2
    assert all(event["comment"] for event in best)
    items = filled.client.list_aliases("ticket-router")
    aliases = {item["alias"]: item["protected"] for item in items}
    assert aliases["production"] is True
    assert {"latest", "best", "staging", "release-1.0"} <= set(aliases)
    assert not aliases["best"]


def test_one_version_is_gone_and_others_wait_in_the_trash(filled: Filled) -> None:
    name, type_, number = PURGED
    with pytest.raises(rn.errors.VersionNotFound):
        filled.client.get_version(name, number, artifact_type=type_)
    assert numbers(filled, "sales-daily-raw", status="deleted") == [1]


def test_what_was_made_from_the_version_that_is_gone_still_names_it(filled: Filled) -> None:
    name, _, number = PURGED
    graph = filled.client.get_lineage("tickets-cleaned", number, max_depth=1)
    assert f"{name}:v{number}" in {node["node_id"] for node in graph["nodes"]}


@pytest.mark.parametrize(("project", "name"), [(one[0], one[1]) for one in RUNNING])
def test_runs_still_go_on(filled: Filled, project: str, name: str) -> None:
    assert name in runs_of(filled, project, "running")


def test_runs_failed_and_were_tried_again(filled: Filled) -> None:
    assert "train-router-3" in runs_of(filled, "support-routing", "failed")
    assert "train-router-3-again" in runs_of(filled, "support-routing", "finished")


def test_references_keep_their_sizes(filled: Filled) -> None:
    listing = filled.client.get_files("line-camera-images", 1)
    assert listing["total_references"] == 2
    assert all(one["uri"].startswith("s3://") for one in listing["references"])
    assert all(one["size"] for one in listing["references"])


def test_figures_are_in_the_metadata_of_each_version(filled: Filled) -> None:
    for number in numbers(filled, "ticket-router", status="ready"):
        metadata = filled.client.get_version("ticket-router", number)["metadata"]
        assert {"accuracy", "loss", "epochs", "learning_rate"} <= set(metadata)


def test_a_name_in_chinese_is_found(filled: Filled) -> None:
    detail = filled.client.get_version("客服工单", 1)
    assert detail["tags"] == ["raw", "中文"]


def test_a_second_run_adds_nothing(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    before = filled.client.get_stats()
    fill_once(filled.client, 1.0)
    assert "already: nothing is added" in capsys.readouterr().out
    assert filled.client.get_stats() == before


def test_the_first_description_has_no_change() -> None:
    (product, *_) = products()
    assert "The first version." in describe(product, 1, Facts({}))
    text = describe(product, 2, Facts({"rows": 3, "name": "x"}))
    assert "| rows | 3 |" in text
    assert "| name |" not in text


def test_what_a_portal_has(filled: Filled) -> None:
    assert find_state(filled.client) is State.COMPLETE
