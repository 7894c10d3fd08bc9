"""The filters of ``GET /api/artifacts``: each one, together, and what they refuse."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from artifacts.models import Artifact
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion

JANUARY = datetime(2025, 1, 14, 12, tzinfo=UTC)
MARCH = datetime(2025, 3, 14, 12, tzinfo=UTC)


def names(api: APIClient, **query: Any) -> list[str]:
    return sorted(item["name"] for item in api.get("/api/artifacts", query).json())


def refusal(api: APIClient, **query: Any) -> tuple[int, str, list[str]]:
    answer = api.get("/api/artifacts", query)
    body = answer.json()
    assert body["detail"].startswith(f"{next(iter(query))}: ")
    return answer.status_code, body["code"], list(body["errors"])


def test_name_is_the_whole_name(api: APIClient, make_version: MakeVersion) -> None:
    for name in ("resnet", "resnet50", "Resnet"):
        make_version(name)
    assert names(api, name="resnet") == ["resnet"]
    assert names(api, name="res%") == []


def test_name_and_q_find_either_unicode_form(api: APIClient, make_version: MakeVersion) -> None:
    make_version("caf\u00e9 模型")
    for query in ({"name": "cafe\u0301 模型"}, {"q": "cafe\u0301"}, {"q": "模"}):
        assert names(api, **query) == ["caf\u00e9 模型"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("resnet", ["resnet50-imagenet", "resnet_small"]),
        ("RES", ["resnet50-imagenet", "resnet_small"]),
        ("image res", ["resnet50-imagenet"]),
        ("small.v2", []),
        ("snet", []),
        ("图像", ["图像分类"]),
        ("分类", ["图像分类"]),
        ("%", []),
        ("' & | ! :* <->", []),
        ("x" * 5000, []),
        ("a " * 2000, []),
        ("-", ["resnet50-imagenet"]),
    ],
)
def test_q_finds_names_by_the_beginnings_of_their_words(
    api: APIClient, make_version: MakeVersion, q: str, found: list[str]
) -> None:
    for name in ("resnet50-imagenet", "resnet_small", "图像分类"):
        make_version(name)
    assert names(api, q=q) == found


def test_tag_alias_run_and_user(api: APIClient, make_version: MakeVersion) -> None:
    user = User.objects.create_user("ada")
    make_version("tagged", tags=["baseline", "模型"])
    make_version("aliased", aliases=["production"])
    make_version("from-run", run_id="run-1")
    make_version("by-ada", created_by=user)
    assert names(api, tag="baseline") == names(api, tag="模型") == ["tagged"]
    assert names(api, tag="base") == []
    assert names(api, alias="production") == ["aliased"]
    assert names(api, run="run-1") == ["from-run"]
    assert names(api, user="ada") == ["by-ada"]


def test_alias_latest_looks_at_the_latest_version_only(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version("a", tags=["best"])
    make_version("a")
    make_version("b", tags=["best"])
    assert names(api, tag="best") == ["a", "b"]
    assert names(api, tag="best", alias="latest") == ["b"]


def test_one_version_must_meet_all_of_them(api: APIClient, make_version: MakeVersion) -> None:
    make_version("apart", tags=["x"])
    make_version("apart", metadata={"a": 1})
    make_version("together", tags=["x"], metadata={"a": 1})
    assert names(api, **{"tag": "x", "metadata.a": "1"}) == ["together"]


def test_a_deleted_version_meets_none(api: APIClient, make_version: MakeVersion) -> None:
    make_version("a")
    make_version("a", tags=["x"], aliases=["production"])
    api.delete("/api/artifacts/a/v2")
    assert names(api, tag="x") == names(api, alias="production") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"created_after": "2025-02-01"}, ["march"]),
        ({"created_after": "2025-02-01T00:00:00Z"}, ["march"]),
        ({"created_after": "2025-03-14T14:00:00+02:00"}, []),
        ({"created_after": str(JANUARY.timestamp())}, ["march"]),
        ({"created_after": str(JANUARY.timestamp() - 0.5)}, ["january", "march"]),
        ({"created_before": "2025-02-01T00:00:00"}, ["january"]),
        ({"created_before": "1e9"}, []),
        ({"created_after": "2025-01-01", "created_before": "2025-02-01"}, ["january"]),
        ({"created_after": ""}, ["january", "march"]),
    ],
)
def test_created_after_and_before_take_seconds_and_iso(
    api: APIClient, make_version: MakeVersion, query: dict[str, str], found: list[str]
) -> None:
    for name, moment in (("january", JANUARY), ("march", MARCH)):
        with time_machine.travel(moment, tick=False):
            make_version(name)
    assert names(api, **query) == found


@pytest.mark.parametrize("name", ["created_after", "created_before"])
@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e18",
        "2025-13-01",
        "2025-02-30",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\0",
        "2025-01-01 OR 1=1",
    ],
)
def test_a_moment_that_is_none_is_refused(
    api: APIClient, store: Store, name: str, text: str
) -> None:
    assert refusal(api, **{name: text}) == (400, "invalid", [name])


METADATA: dict[str, Any] = {
    "accuracy": 0.95,
    "epochs": 10,
    "name": "ResNet 50",
    "flag": True,
    "nothing": None,
    "nested": {"deep": {"x": 3}},
    "list": [1, 2],
    "0": "digit",
    "my__key": 5,
    "架构": "变换器",
    "text_number": "7",
}


@pytest.mark.parametrize(
    ("key", "value", "is_found"),
    [
        ("accuracy", "0.95", True),
        ("accuracy", "0.950", True),
        ("accuracy", "0.9", False),
        ("accuracy__gte", "0.95", True),
        ("accuracy__gt", "0.95", False),
        ("accuracy__lt", "1", True),
        ("accuracy__lte", "0.94", False),
        ("epochs__gte", "9.5", True),
        ("epochs__gt", "1e1", False),
        ("name__gte", "0", False),
        ("text_number", "7", True),
        ("text_number__gte", "1", False),
        ("flag", "true", True),
        ("flag", "false", False),
        ("nothing", "null", True),
        ("name", "ResNet 50", True),
        ("name__contains", "net", True),
        ("name__contains", "%", False),
        ("nested.deep.x", "3", True),
        ("nested.deep.x__gt", "2", True),
        ("nested.deep.x__gt", "3", False),
        ("list", "[1]", True),
        ("0", "digit", True),
        ("0__contains", "dig", True),
        ("架构", "变换器", True),
        ("架构__contains", "变", True),
        ("epochs__ne", "10", False),
        ("epochs__ne", "11", True),
        ("absent", "1", False),
        ("absent__gte", "1", False),
        ("absent__ne", "1", True),
        ("my__key__gte", "5", True),
        ("99999999999999999999__gte", "1", False),
        ("epochs", "1e999", False),
        ("epochs", "NaN", False),
        ("epochs", "[" * 5000, False),
        ("epochs", "9" * 5000, False),
        ("'; DROP TABLE--", "1", False),
        ("%s", "1", False),
        ("%s__gte", "1", False),
    ],
)
def test_metadata_is_compared_as_json_compares(
    api: APIClient, make_version: MakeVersion, key: str, value: str, is_found: bool
) -> None:
    make_version("it", metadata=METADATA)
    assert names(api, **{f"metadata.{key}": value}) == (["it"] if is_found else [])
    assert Artifact.objects.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accuracy__near", "1"),
        ("accuracy__GTE", "1"),
        ("", "1"),
        ("__gte", "1"),
        ("a..b", "1"),
        (".", "1"),
        ("accuracy__gte", "high"),
        ("accuracy__gte", "true"),
        ("accuracy__gte", '"1"'),
        ("accuracy__lt", "1e999"),
        ("accuracy__lt", "-Infinity"),
        ("accuracy__lt", "NaN"),
        ("accuracy__lt", ""),
        ("a", "\0"),
        ("a\0", "1"),
        ("a\0__gte", "1"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(
    api: APIClient, store: Store, key: str, value: str
) -> None:
    name = f"metadata.{key}"
    assert refusal(api, **{name: value}) == (400, "invalid", [name])


def test_metadata_is_asked_for_so_many_times(api: APIClient, make_version: MakeVersion) -> None:
    make_version("it", metadata={f"a{number}": 1 for number in range(30)})
    asked = {f"metadata.a{number}": "1" for number in range(21)}
    answer = api.get("/api/artifacts", asked)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["metadata"])
    asked.popitem()
    assert names(api, **asked) == ["it"]


@pytest.mark.parametrize("name", ["name", "q", "tag", "alias", "run", "user"])
def test_a_nul_is_refused_in_every_filter(api: APIClient, store: Store, name: str) -> None:
    assert refusal(api, **{name: "a\0b"}) == (400, "invalid", [name])
