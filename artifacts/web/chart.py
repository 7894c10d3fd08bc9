"""A number over versions, as a drawing: all that the SVG says is worked out here, in its units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 900, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 30
STEPS = (1, 2, 2.5, 5, 10)
SMALLEST_SPAN = 1e-12
FLAT = 1e-9
"""A smaller difference, as a share of the values, is lost in the twelve digits of a tick."""

PLAIN_DIGITS = 6
MANY = 60


@dataclass(frozen=True)
class Tick:
    """Where a line of the grid lies, and what stands beside it."""

    at: str
    label: str


@dataclass(frozen=True)
class Point:
    """One version in the drawing."""

    name: str
    x: str
    y: str
    value: str


@dataclass(frozen=True)
class Chart:
    """The drawing; ``line`` are the points of its polyline."""

    points: tuple[Point, ...]
    line: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lowest: str
    highest: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def radius(self) -> float:
        """Of a point; many are small."""
        return 4.5 if len(self.points) <= MANY else 2.5


def draw(values: Sequence[tuple[int, float]]) -> Chart | None:
    """The chart of (version number, value), in the order of the numbers; None for no values.

    The values are finite, and so are their differences.
    """
    if not values:
        return None
    numbers, heights = [number for number, _ in values], [value for _, value in values]
    rows = nice_ticks(min(heights), max(heights))
    columns = [tick for tick in nice_ticks(numbers[0], numbers[-1], 8) if tick == int(tick)]
    low, high = rows[0], rows[-1]
    points = tuple(
        Point(f"v{number}", _x(number, numbers), _y(value, low, high), f"{value:.6g}")
        for number, value in values
    )
    inner = [tick for tick in columns if numbers[0] <= tick <= numbers[-1]]
    return Chart(
        points=points,
        line=" ".join(f"{point.x},{point.y}" for point in points),
        x_ticks=tuple(Tick(_x(tick, numbers), f"v{int(tick)}") for tick in inner),
        y_ticks=tuple(Tick(_y(tick, low, high), label) for tick, label in _labelled(rows)),
        lowest=f"{min(heights):.6g}",
        highest=f"{max(heights):.6g}",
    )


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers from at most ``low`` to at least ``high``; never fewer than 2.

    >>> nice_ticks(0.13, 0.88)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high - low <= FLAT * max(abs(low), abs(high), SMALLEST_SPAN):
        around = abs(high) / 10 or 1.0
        low, high = low - around, high + around
    rough = (high - low) / (count - 1)
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in STEPS if power * one >= rough * (1 - SMALLEST_SPAN))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{position * step:.12g}") for position in range(first, max(last, first + 1) + 1)]


def _labelled(ticks: Sequence[float]) -> list[tuple[float, str]]:
    """Each with as many digits as tell it from the next."""
    step, largest = ticks[1] - ticks[0], max(abs(ticks[0]), abs(ticks[-1]))
    is_plain = largest < 10**PLAIN_DIGITS and step > 10**-PLAIN_DIGITS
    if not is_plain:
        return [(tick, f"{tick:.4g}") for tick in ticks]
    digits = next(
        (n for n in range(PLAIN_DIGITS) if all(_is_told(tick, n, step) for tick in ticks)),
        PLAIN_DIGITS,
    )
    return [(tick, f"{tick:.{digits}f}") for tick in ticks]


def _is_told(tick: float, digits: int, step: float) -> bool:
    return abs(round(tick, digits) - tick) < step / 1000


def _x(number: float, numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    share = (number - first) / (last - first) if last > first else 0.5
    return f"{LEFT + share * (WIDTH - LEFT - RIGHT):.1f}"


def _y(value: float, low: float, high: float) -> str:
    return f"{HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM):.1f}"
