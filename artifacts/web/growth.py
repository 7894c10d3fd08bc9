"""How the store grew, as an SVG: two areas over time, drawn on the server.

The drawing has no text in it. It is stretched to the width there is, and what is written beside it
in HTML keeps its size, on a phone too. Each column of it says its figures when one points at it,
and a table beside the drawing says them all.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from artifacts.services.growth import Day, Growth

WIDTH, HEIGHT = 720, 200
STEPS = (1, 2, 4, 8, 10, 20, 40, 80, 100, 200, 400, 800, 1024)
Point = tuple[float, float]


@dataclass(frozen=True)
class Span:
    """How much of the past a chart shows: at most ``steps`` of ``days`` each; 0: months, all."""

    name: str
    days: int
    steps: int

    def ends(self, oldest: date, today: date) -> list[date]:
        """The last day of each step, the last of them ``today``; from one before ``oldest`` on."""
        if not self.days:
            return [*_ends_of_months(oldest, today), today]
        count = min(self.steps, (today - oldest).days // self.days + 2)
        return [today - timedelta(days=self.days * ago) for ago in reversed(range(count))]


def _ends_of_months(oldest: date, today: date) -> Iterator[date]:
    end = oldest.replace(day=1) - timedelta(days=1)
    while end < today:
        yield end
        end = (end + timedelta(days=32)).replace(day=1) - timedelta(days=1)


SPANS = {span.name: span for span in (Span("month", 1, 30), Span("year", 7, 53), Span("all", 0, 0))}
YOUNG = timedelta(days=60)
"""A store younger than this is shown by day where nobody has chosen."""


@dataclass(frozen=True)
class Moment:
    """What there was at the end of ``day``, and where its column is in the drawing."""

    day: date
    logical_bytes: int
    stored_bytes: int
    x: float
    width: float


@dataclass(frozen=True)
class GrowthChart:
    """What the template draws: ``top_bytes`` is the upper edge, the lower one is 0."""

    span: str
    moments: tuple[Moment, ...]
    top_bytes: int

    width = WIDTH
    height = HEIGHT

    @property
    def logical(self) -> str:
        """The points of the line, for a ``polyline``."""
        return _points(self._line([one.logical_bytes for one in self.moments]))

    @property
    def stored(self) -> str:
        """Those of the other."""
        return _points(self._line([one.stored_bytes for one in self.moments]))

    @property
    def base(self) -> str:
        """The lower right and the lower left corner, which close a line to an area."""
        return _points([(WIDTH, HEIGHT), (0, HEIGHT)])

    @property
    def ticks(self) -> tuple[int, ...]:
        """The bytes of the horizontal lines, from above."""
        return tuple(self.top_bytes * part // 4 for part in (4, 3, 2, 1, 0))

    @property
    def days(self) -> tuple[date, ...]:
        """The first, the middle and the last, which are written below."""
        named = {0, (len(self.moments) - 1) // 2, len(self.moments) - 1}
        return tuple(self.moments[place].day for place in sorted(named))

    @property
    def newest_first(self) -> tuple[Moment, ...]:
        """The rows of the table."""
        return self.moments[::-1]

    def _line(self, values: Sequence[int]) -> list[Point]:
        step = WIDTH / max(1, len(values) - 1)
        heights = [HEIGHT * (1 - value / self.top_bytes) for value in values]
        points = [(place * step, y) for place, y in enumerate(heights)]
        return points if len(points) > 1 else [points[0], (WIDTH, heights[0])]


def draw_growth(growth: Growth, *, today: date, asked: str) -> GrowthChart | None:
    """The chart of the span ``asked``; of one that fits where there is none of that name.

    None: there is nothing yet.
    """
    oldest = min((days[0][0] for days in (growth.logical, growth.stored) if days), default=None)
    if oldest is None:
        return None
    first = growth.logical[0][0] if growth.logical else oldest
    span = SPANS.get(asked) or SPANS["month" if today - first < YOUNG else "year"]
    ends = span.ends(min(first, today), today)
    logical, stored = _totals(growth.logical, ends), _totals(growth.stored, ends)
    moments = _moments(ends, logical, stored)
    return GrowthChart(span.name, moments, round_up(max(*logical, *stored)))


def _totals(days: Sequence[Day], ends: Iterable[date]) -> list[int]:
    """What there was at the end of each of ``ends``."""
    dates, sums = [day for day, _ in days], [0, *accumulate(added for _, added in days)]
    return [sums[bisect_left(dates, end + timedelta(days=1))] for end in ends]


def _moments(
    ends: Sequence[date], logical: Sequence[int], stored: Sequence[int]
) -> tuple[Moment, ...]:
    width = WIDTH / max(1, len(ends) - 1)
    return tuple(
        Moment(*figures, x=max(0.0, (place - 0.5) * width), width=width)
        for place, figures in enumerate(zip(ends, logical, stored, strict=True))
    )


def round_up(size_bytes: int) -> int:
    """The next number of bytes that is short to write, as KiB, MiB and so on; and has quarters."""
    unit = 1
    while size_bytes > STEPS[-1] * unit:
        unit *= 1024
    return max(4, next(step for step in STEPS if step * unit >= size_bytes) * unit)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
