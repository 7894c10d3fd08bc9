"""The log beside the report of a command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_log(verbosity: int) -> Iterator[None]:
    """Keep the log of each thing that is done out of the report that counts them all.

    Warnings are said as ever, and so is everything with ``--verbosity 2`` or at the level DEBUG.
    """
    root = logging.getLogger()
    level = root.level
    if level == logging.INFO and verbosity < 2:
        root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.setLevel(level)
