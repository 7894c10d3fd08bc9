"""The chart of growth: its steps, its scale, its lines."""

from datetime import date, timedelta

import pytest

from artifacts.services.growth import Growth
from artifacts.web.growth import HEIGHT, SPANS, WIDTH, GrowthChart, draw_growth, round_up

TODAY = date(2026, 5, 31)


def draw(*logical: tuple[date, int], stored: int = 0, asked: str = "") -> GrowthChart:
    growth = Growth(logical, ((TODAY, stored),) if stored else ())
    chart = draw_growth(growth, today=TODAY, asked=asked)
    assert chart is not None
    return chart


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_nothing_is_no_chart() -> None:
    assert draw_growth(Growth((), ()), today=TODAY, asked="year") is None


def test_each_step_adds_what_came_in_it() -> None:
    chart = draw((ago(2), 10), (ago(1), 5), (TODAY, 1), stored=9)
    assert [one.logical_bytes for one in chart.moments] == [0, 10, 15, 16]
    assert [one.stored_bytes for one in chart.moments] == [0, 0, 0, 9]
    assert [one.day for one in chart.newest_first] == [TODAY, ago(1), ago(2), ago(3)]


def test_what_is_older_than_the_span_is_its_level() -> None:
    chart = draw((ago(400), 7), (TODAY, 1), asked="month")
    assert len(chart.moments) == 30
    assert [chart.moments[0].logical_bytes, chart.moments[-1].logical_bytes] == [7, 8]


def test_a_year_has_weeks_that_end_today() -> None:
    chart = draw((ago(800), 1), asked="year")
    assert (len(chart.moments), chart.moments[-1].day) == (53, TODAY)
    assert chart.moments[1].day - chart.moments[0].day == timedelta(days=7)


def test_all_has_months_from_before_the_first_version_on() -> None:
    chart = draw((date(2026, 2, 3), 1), asked="all")
    assert [one.day.isoformat() for one in chart.moments] == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
    ]  # fmt: skip
    assert [one.logical_bytes for one in chart.moments] == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(("age", "span"), [(0, "month"), (59, "month"), (60, "year")])
def test_the_span_fits_the_age_where_nobody_has_chosen(age: int, span: str) -> None:
    assert draw((ago(age), 1)).span == span


def test_an_unknown_span_is_as_none() -> None:
    assert draw((TODAY, 1), asked="<script>").span == "month"


def test_content_that_no_version_lists_is_a_chart_too() -> None:
    chart = draw_growth(Growth((), ((ago(1), 4),)), today=TODAY, asked="")
    assert chart is not None
    assert chart.moments[-1].stored_bytes == 4


def test_a_version_from_tomorrow_does_no_harm() -> None:
    """A clock that was wrong once: it counts from its day on."""
    assert draw((TODAY + timedelta(days=3), 5)).moments[-1].logical_bytes == 0


@pytest.mark.parametrize("span", SPANS)
def test_the_lines_stay_inside_the_drawing(span: str) -> None:
    chart = draw((ago(90), 3), (ago(3), 1000), stored=700, asked=span)
    for line in (chart.logical, chart.stored):
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
        assert (points[0][0], points[-1][0]) == (0, WIDTH)


def test_the_columns_cover_the_drawing_once() -> None:
    chart = draw((ago(5), 1))
    assert chart.moments[0].x == 0
    assert chart.moments[1].x == pytest.approx(chart.moments[1].width / 2)


def test_the_scale_is_above_all_and_easy_to_read() -> None:
    assert [round_up(size) for size in (0, 1, 5, 11, 1000, 1025)] == [4, 4, 8, 20, 1024, 2048]
    assert round_up((37 << 20) + 1) == 40 << 20
    assert draw((TODAY, 37 << 20)).ticks == tuple(part * 10 << 20 for part in (4, 3, 2, 1, 0))


def test_three_days_are_named_below() -> None:
    assert len(draw((ago(20), 1)).days) == 3
