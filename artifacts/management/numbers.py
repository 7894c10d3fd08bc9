"""Numbers as people give them to a command: durations that every clock can count."""

from argparse import ArgumentTypeError

SECONDS_PER_HOUR = 3600
MOST_SECONDS = 100 * 365 * 24 * SECONDS_PER_HOUR
"""A hundred years."""


def parse_seconds(text: str) -> float:
    """Seconds, from none to a hundred years; raises ArgumentTypeError."""
    return _parse(text, MOST_SECONDS)


def parse_hours(text: str) -> float:
    """Hours, from none to a hundred years; raises ArgumentTypeError."""
    return _parse(text, MOST_SECONDS // SECONDS_PER_HOUR)


def _parse(text: str, most: int) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:  # nor is "nan" within
        raise ArgumentTypeError(f"{text!r} is no number from 0 to {most}")
    return number
