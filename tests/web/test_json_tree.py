"""JSON as a tree, so much of it as a page holds."""

import json
import tracemalloc
from typing import Any

import pytest

from artifacts.web.json_tree import (
    MAX_BRIEF,
    MAX_COST,
    MAX_WANTED,
    Node,
    build_tree,
    search_tree,
    tree_context,
)

VALUE = {"train": {"lr": 0.1, "steps": [10, 20]}, "a b": {"x/y~": None}, "名": "值", "empty": {}}


def walk(node: Node) -> list[Node]:
    """The node and all below it."""
    return [node, *(one for child in node.children for one in walk(child))]


def tree(value: Any, *where: Any) -> Node:
    found = build_tree(value, *where)
    assert found is not None
    return found


def test_every_node_has_the_path_that_people_copy() -> None:
    assert [one.path for one in walk(tree(VALUE))] == [
        "", "train", "train.lr", "train.steps", "train.steps[0]", "train.steps[1]", '["a b"]',
        '["a b"]["x/y~"]', "名", "empty",
    ]  # fmt: skip


def test_every_node_is_found_again_by_its_pointer() -> None:
    for node in walk(tree(VALUE)):
        again = tree(VALUE, node.pointer)
        assert (again.path, again.kind, again.num_children) == (
            node.path, node.kind, node.num_children,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "brief"),
    [
        ([2], "[2]"),
        ([], "[]"),
        ({"a": [1, "é"], "b": None}, '{"a": [1, "é"], "b": null}'),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1…"),
        (["z" * 1000], '["' + "z" * 58 + "…"),
        ({"k" * 1000: 1}, '{"' + "k" * 58 + "…"),
    ],
)
def test_what_is_folded_is_told_in_some_words(value: Any, brief: str) -> None:
    (node,) = tree([value]).children
    assert node.text == brief


def test_deep_values_are_told_without_recursion() -> None:
    value: Any = []
    for _ in range(5000):
        value = [value]
    assert tree([value]).children[0].text == "[" * MAX_BRIEF + "…"


def test_values_are_json() -> None:
    value = ["a\n", 1, 1.5, True, None, 10**30, {}, []]
    shown = tree(value).children
    assert [one.text for one in shown[:6]] == ['"a\\n"', "1", "1.5", "true", "null", str(10**30)]
    assert [one.kind for one in shown] == [
        "string", "number", "number", "boolean", "null", "number", "object", "array",
    ]  # fmt: skip


def test_what_does_not_fit_is_counted_and_reached() -> None:
    root = tree({"many": list(range(100_000)), "last": 1})
    assert [one.key for one in root.children] == ["many", "last"]
    many = root.children[0]
    assert many.num_left == 100_000 - len(many.children) > 0
    more = tree({"many": list(range(100_000))}, many.pointer, many.next_from)
    assert more.children[0].text == str(many.next_from)


def test_the_top_is_shown_before_what_is_deep() -> None:
    value = {f"k{n}": {"deep": ["x" * 300] * 50} for n in range(100)}
    assert len(tree(value).children) == 100


def test_a_long_text_is_cut_and_whole_on_its_own() -> None:
    value = {"a": "x" * 5000}
    assert tree(value).children[0].is_cut
    alone = tree(value, "/a")
    assert (len(alone.text), alone.is_cut) == (5002, False)


@pytest.mark.parametrize(
    "pointer", ["/none", "/train/none", "/train/lr/x", "/train/steps/2", "/train/steps/-1", "x/y",
    "/train/steps/²", "/train/steps/1e9", "/\0"],
)  # fmt: skip
def test_a_pointer_to_nothing_finds_nothing(pointer: str) -> None:
    assert build_tree(VALUE, pointer) is None


def test_a_search_looks_at_paths_and_values() -> None:
    def found(text: str) -> list[str]:
        return [one.path for one in search_tree(VALUE, text)[0]]

    assert found("STEPS") == ["train.steps[0]", "train.steps[1]"]
    assert found("0.1") == ["train.lr"]
    assert found("值") == ["名"]
    assert found("null") == ['["a b"]["x/y~"]']
    assert found("empty") == ["empty"]
    assert found("nothing") == []


def test_a_search_finds_so_many_and_says_that_there_are_more() -> None:
    rows, has_more = search_tree({f"k{n}": n for n in range(500)}, "k")
    assert (len(rows), has_more) == (150, True)
    assert search_tree({f"k{n}": n for n in range(150)}, "k")[1] is False


def test_a_search_finds_what_reaches_over_several_keys() -> None:
    value = {"Train": {"Optim": {"lr": [1, {"Beta": 2}]}}, "x": {"k" * 500 + "_tail": 3}}

    def found(text: str) -> list[str]:
        return [one.pointer for one in search_tree(value, text)[0]]

    assert found("train.optim.lr[1].b") == ["/Train/Optim/lr/1/Beta"]
    assert found("ptim.LR[") == ["/Train/Optim/lr/0", "/Train/Optim/lr/1/Beta"]
    assert found(".train") == found("trainoptim") == []
    assert found("k_tail") == ["/x/" + "k" * 500 + "_tail"]
    assert search_tree("alone", "ALONE")[0][0].path == ""


def test_a_long_key_above_many_values_takes_little_memory() -> None:
    value = {"k" * 20_000: [0] * 20_000}
    tracemalloc.start()
    missed, found = search_tree(value, "1" * 9), search_tree(value, "kk")
    shown = tree(value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert missed == ([], False)
    assert (len(found[0]), found[1]) == (5, True)
    assert found[0][3].path == '["' + "k" * 200 + '…"][3]'
    assert len(walk(shown)) == 6
    assert peak < 4_000_000


def test_something_is_shown_however_long_its_key() -> None:
    value = {"k" * 300_000: 1, "other": 2}
    assert len(tree(value).children) == len(search_tree(value, "k")[0]) == 1
    assert tree(value).num_left == 1


def test_deep_values_take_no_recursion_to_search() -> None:
    value: Any = "x"
    for _ in range(5000):
        value = [value]
    assert len(search_tree(value, "x")[0]) == 1


def test_of_a_very_long_question_the_beginning_is_asked() -> None:
    found = tree_context({"a": "x" * 1000}, {"q": " " + "X" * 5000})
    assert found["q"] == "X" * MAX_WANTED
    assert len(found["found"]) == 1


@pytest.mark.parametrize("start", ["", "-1", "x", "²", "9" * 30, "7"])
def test_any_start_is_answered(start: str) -> None:
    assert tree_context({"a": 1}, {"from": start})["tree"] is not None


def test_a_tree_costs_no_more_than_a_page_holds() -> None:
    for value in (["&" * 399] * 2000, {"k" * 200 + str(n): {"<" * 99: n} for n in range(999)}):
        nodes = walk(tree(value))
        assert sum(len(json.dumps([one.path, one.text])) for one in nodes) < 2 * MAX_COST
