"""A number over versions, as a drawing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.metadata import GREATEST
from artifacts.web.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw, nice_ticks

VALUES = st.floats(-GREATEST, GREATEST, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.13, 0.88, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (-3, 12, [-5, 0, 5, 10, 15]),
        (1000, 1900, [1000, 1250, 1500, 1750, 2000]),
        (0.001, 0.002, [0.001, 0.00125, 0.0015, 0.00175, 0.002]),
        (5, 5, [4.5, 4.75, 5, 5.25, 5.5]),
        (0, 0, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


@given(VALUES, VALUES)
def test_ticks_are_few_and_hold_all(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = nice_ticks(low, high)
    slack = 1e-6 * max(abs(low), abs(high), 1e-300)
    assert 2 <= len(ticks) <= 8
    assert ticks == sorted(set(ticks))
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack


@given(st.lists(VALUES, min_size=1, max_size=30))
def test_every_point_lies_inside(values: list[float]) -> None:
    chart = draw(list(enumerate(values, start=3)))
    assert chart is not None
    for point in chart.points:
        assert LEFT - 1 <= float(point.x) <= WIDTH - RIGHT + 1
        assert TOP - 1 <= float(point.y) <= HEIGHT - BOTTOM + 1


@pytest.mark.parametrize("share", [1.5e-12, 3e-12, 1e-11, 1e-10, 1e-9, 3e-9])
@pytest.mark.parametrize("value", [1.0, -7.3, 1e-5, 123456.0])
def test_values_that_hardly_differ_are_drawn(value: float, share: float) -> None:
    chart = draw([(1, value), (2, value + abs(value) * share)])
    assert chart is not None
    heights = [float(tick.at) for tick in chart.y_ticks]
    assert heights == sorted(set(heights), reverse=True)
    assert all(TOP - 1 <= float(point.y) <= HEIGHT - BOTTOM + 1 for point in chart.points)


def test_a_higher_value_stands_higher_and_a_later_version_further_right() -> None:
    chart = draw([(1, 0.5), (4, 0.75), (5, 0.25)])
    assert chart is not None
    one, two, three = chart.points
    assert float(two.y) < float(one.y) < float(three.y)
    assert float(one.x) < float(two.x) < float(three.x)
    assert [point.name for point in chart.points] == ["v1", "v4", "v5"]
    assert (chart.lowest, chart.highest) == ("0.25", "0.75")
    assert [tick.label for tick in chart.x_ticks] == ["v1", "v2", "v3", "v4", "v5"]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.5, 0.75], ["0.5", "0.6", "0.7", "0.8"]),
        ([10, 30], ["10", "15", "20", "25", "30"]),
        ([1e9, 3e9], ["1e+09", "1.5e+09", "2e+09", "2.5e+09", "3e+09"]),
        ([1e-9, 3e-9], ["1e-09", "1.5e-09", "2e-09", "2.5e-09", "3e-09"]),
    ],
)
def test_labels_have_the_digits_they_need(values: list[float], labels: list[str]) -> None:
    chart = draw(list(enumerate(values, start=1)))
    assert chart is not None
    assert [tick.label for tick in chart.y_ticks][: len(labels)] == labels


def test_many_points_are_small() -> None:
    few, many = (draw([(n, float(n)) for n in range(1, last)]) for last in (10, 200))
    assert few is not None
    assert many is not None
    assert few.radius > many.radius


def test_nothing_is_no_chart() -> None:
    assert draw([]) is None
