"""The story holds together before anything is told: counts, order, names."""

from collections import Counter

import pytest

from examples.demo.ending import DELETED, PURGED, RUNNING
from examples.demo.moments import Moment, Step, schedule
from examples.demo.projects import PROJECTS, plan, products
from examples.demo.projects.guide import NAME
from examples.demo.releases import PROTECTED, score_of
from runicorn import rules

NAMES = {product.name: product for product in products()}


def versions(scale: float = 1.0) -> Counter[str]:
    """How many versions each artifact gets."""
    return Counter(made.name for one in plan(scale) for made in one.step.makes)


def test_there_are_60_artifacts_and_400_versions() -> None:
    assert len(products()) == len(NAMES) == 60
    assert versions().total() == 400


def test_a_smaller_story_has_every_artifact_and_fewer_versions() -> None:
    assert set(versions(0.01)) == set(NAMES)
    assert set(versions(0.01).values()) == {1}
    assert 60 < versions(0.1).total() < 80


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.35, 0.1, 0.01])
def test_what_a_run_uses_was_made_before(scale: float) -> None:
    made: set[str] = set()
    for execution in plan(scale):
        used = {spec.partition(":")[0] for spec in execution.step.uses}
        assert used <= made, execution.step.name
        made.update(product.name for product in execution.step.makes)


def test_an_alias_that_is_used_is_one_that_the_model_has() -> None:
    specs = {spec for one in plan() for spec in one.step.uses if ":" in spec}
    assert specs
    assert all(NAMES[spec.partition(":")[0]].aliases for spec in specs)
    assert {spec.partition(":")[2] for spec in specs} <= {"best", "production"}


def test_the_guide_is_last() -> None:
    assert [made.name for made in plan(0.3)[-1].step.makes] == [NAME]


def test_every_type_is_there_and_every_name_is_allowed() -> None:
    assert {product.type for product in products()} == set(rules.TYPES)
    assert [rules.check_name(name) for name in NAMES] == list(NAMES)
    assert any(not name.isascii() for name in NAMES)


def test_four_projects_with_runs_that_fail() -> None:
    assert len({project.name for project in PROJECTS}) == 4
    assert sum(step.fails_every > 0 for project in PROJECTS for step in project.steps) > 5


def test_what_the_ending_names_exists() -> None:
    for name, type_, numbers in [*DELETED, (*PURGED[:2], (PURGED[2],))]:
        assert NAMES[name].type == type_
        assert max(numbers) < versions()[name]
    assert all(name in NAMES for _, _, uses in RUNNING for name in uses)
    assert {project for project, _, _ in RUNNING} <= {project.name for project in PROJECTS}
    assert NAMES[PROTECTED].aliases


def test_repetitions_are_spread_from_their_beginning_on() -> None:
    step = Step("late", 4, (), since=0.6)
    times = [one.when for one in schedule((PROJECTS[0].__class__("p", (step,)),))]
    assert times == pytest.approx([0.6, 0.7, 0.8, 0.9])


def test_what_is_released_can_be_compared(tmp_path: object) -> None:
    assert score_of({"accuracy": 0.9, "mape": 5}) == 0.9
    assert score_of({"mape": 5.0}) > score_of({"mape": 6.0})


def test_chance_is_the_same_for_the_same_question(tmp_path: object) -> None:
    moments = [Moment(name, 1, tmp_path) for name in ("a", "a", "b")]  # type: ignore[arg-type]
    first, again, other = (moment.rng("x", 3).integers(1 << 30) for moment in moments)
    assert first == again != other
