"""``GET /api/artifacts/{name}/v{n}/lineage``."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from lineage.graph import NODE_LIMIT
from lineage.models import Run, RunInput
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell

CHAIN = " > ".join(word for n in range(12) for word in (f"m:v{n + 1}", f"r{n}"))


def test_the_graph_is_the_contracts(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    data = make_version("cifar10-dataset", type="dataset", files={"d": b"123"})
    run = make_run("20250114_180000_ghi789", project="image_classification", name="resnet_baseline")
    use_version(run=run, version=data, used_by=ANYBODY)
    make_version("resnet50-model", files={"m": b"12345"}, run_id=run.id)
    assert api.get("/api/artifacts/resnet50-model/v1/lineage").json() == {
        "root_artifact": "resnet50-model:v1",
        "nodes": [
            {
                "node_type": "artifact",
                "node_id": "resnet50-model:v1",
                "label": "resnet50-model v1",
                "metadata": {"type": "model", "size": 5, "status": "ready"},
            },
            {
                "node_type": "run",
                "node_id": "20250114_180000_ghi789",
                "label": "resnet_baseline",
                "metadata": {
                    "project": "image_classification",
                    "name": "resnet_baseline",
                    "status": "running",
                },
            },
            {
                "node_type": "artifact",
                "node_id": "cifar10-dataset:v1",
                "label": "cifar10-dataset v1",
                "metadata": {"type": "dataset", "size": 3, "status": "ready"},
            },
        ],
        "edges": [
            {
                "source": "cifar10-dataset:v1",
                "target": "20250114_180000_ghi789",
                "edge_type": "uses",
            },
            {
                "source": "20250114_180000_ghi789",
                "target": "resnet50-model:v1",
                "edge_type": "produces",
            },
        ],
    }


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ("", 3),
        ("?max_depth=1", 1),
        ("?max_depth=03", 3),
        ("?max_depth=10", 10),
        ("?max_depth=11", 10),
        ("?max_depth=999999999999999999999999999999", 10),
    ],
)
def test_the_depth_is_three_and_at_most_ten(
    api: APIClient, tell: Tell, query: str, steps: int
) -> None:
    tell(CHAIN)
    nodes = api.get(f"/api/artifacts/m/v1/lineage{query}").json()["nodes"]
    versions = [node["node_id"] for node in nodes if node["node_type"] == "artifact"]
    assert versions == [f"m:v{n + 1}" for n in range(steps + 1)]


@pytest.mark.parametrize("depth", ["0", "-1", "two", "1.5", "", "٣", "1e1", "%00"])
def test_a_depth_that_is_no_number_from_one_is_refused(
    api: APIClient, tell: Tell, depth: str
) -> None:
    tell("m:v1")
    answer = api.get(f"/api/artifacts/m/v1/lineage?max_depth={depth}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["max_depth"])


def test_the_type_picks_the_root(api: APIClient, tell: Tell) -> None:
    tell("model/same:v1 > r > dataset/same:v1")
    first = api.get("/api/artifacts/same/v1/lineage").json()
    assert first["nodes"][0]["metadata"]["type"] == "model"
    asked = api.get("/api/artifacts/same/v1/lineage?type=dataset").json()
    assert asked["root_artifact"] == "same:v1"
    assert [node["node_id"] for node in asked["nodes"]] == ["same:v1", "r", "model/same:v1"]


def test_a_cut_graph_says_so_and_a_whole_one_has_no_such_key(api: APIClient, tell: Tell) -> None:
    version = tell("m:v1")["m:v1"]
    runs = Run.objects.bulk_create(Run(id=f"r{n}", project="p") for n in range(NODE_LIMIT))
    RunInput.objects.bulk_create(RunInput(run=run, version=version) for run in runs[1:])
    whole = api.get("/api/artifacts/m/v1/lineage").json()
    assert (len(whole["nodes"]), "truncated" in whole) == (NODE_LIMIT, False)
    RunInput.objects.create(run=runs[0], version=version)
    cut = api.get("/api/artifacts/m/v1/lineage").json()
    assert (len(cut["nodes"]), cut["truncated"]) == (NODE_LIMIT, True)


def test_a_soft_deleted_version_is_a_root_still(api: APIClient, make_version: MakeVersion) -> None:
    soft_delete_version(version=make_version("m"), deleted_by=ANYBODY)
    body = api.get("/api/artifacts/m/v1/lineage").json()
    assert body["nodes"][0]["metadata"]["status"] == "deleted"


def test_a_purged_version_is_no_root_and_stays_a_node(
    api: APIClient, make_run: MakeRun, make_version: MakeVersion
) -> None:
    data = make_version("data")
    use_version(run=make_run("r1"), version=data, used_by=ANYBODY)
    make_version("m", run_id="r1")
    purge_version(version=data, purged_by=ANYBODY)
    refused = api.get("/api/artifacts/data/v1/lineage")
    assert (refused.status_code, refused.json()["detail"]) == (404, "Version not found: data:v1")
    nodes = api.get("/api/artifacts/m/v1/lineage").json()["nodes"]
    assert nodes[-1]["node_id"] == "data:v1"
    assert nodes[-1]["metadata"] == {"type": "model", "size": 0, "status": "purged"}


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("nothing/v1", 404, "Artifact not found: nothing"),
        ("m/v999", 404, "Version not found: m:v999"),
        ("m/v1x", 400, None),
        ("m/v1/x", 404, None),
    ],
)
def test_what_is_not_there(
    api: APIClient, tell: Tell, path: str, status: int, detail: str | None
) -> None:
    tell("m:v1")
    answer = api.get(f"/api/artifacts/{path}/lineage")
    assert answer.status_code == status
    assert detail in {None, answer.json()["detail"]}


def test_an_unknown_type_lists_the_five(api: APIClient, tell: Tell) -> None:
    tell("m:v1")
    answer = api.get("/api/artifacts/m/v1/lineage?type=weights")
    assert answer.status_code == 400
    assert "model, dataset, config, code, custom" in answer.json()["detail"]


def test_in_team_mode_a_member_may_and_nobody_else(
    api: APIClient, member: APIClient, tell: Tell, settings: Any
) -> None:
    tell("m:v1")
    settings.RUNICORN_ACCESS = "team"
    assert api.get("/api/artifacts/m/v1/lineage").status_code == 401
    assert member.get("/api/artifacts/m/v1/lineage").status_code == 200


def test_the_route_takes_a_constant_number_of_queries(
    api: APIClient, tell: Tell, django_assert_num_queries: Any
) -> None:
    tell("small:v1 > alone", CHAIN)
    for name in ("small", "m"):
        with django_assert_num_queries(7):
            api.get(f"/api/artifacts/{name}/v1/lineage?max_depth=10")
