"""Code that grows: small packages of Python, one function more or one line other each version."""

import zlib

from examples.demo.moments import Facts, Make, Moment

SEEDING = '''"""The same chance in each run."""

import random

import numpy as np


def set_seed(seed: int = {seed}) -> np.random.Generator:
    """Seed what draws numbers."""
    random.seed(seed)
    return np.random.default_rng(seed)
'''

BATCHES = '''"""Rows in batches."""

from collections.abc import Iterator

import numpy as np

BATCH_ROWS = {batch}


def batches(rows: np.ndarray, size: int = BATCH_ROWS) -> Iterator[np.ndarray]:
    """Cut the rows; the last batch may be shorter."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
'''

LOSSES = '''"""What is minimised."""

import numpy as np


def cross_entropy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean over the rows, in nats."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(targets)), targets].mean())
'''

SCHEDULE = '''"""How fast to learn, and when to stop."""

import math

WARM_UP_STEPS = {warm_up}
PATIENCE = {patience}


def learning_rate(step: int, steps: int, peak: float = {rate}) -> float:
    """Rise to the peak, then fall along a cosine."""
    if step < WARM_UP_STEPS:
        return peak * (step + 1) / WARM_UP_STEPS
    share = (step - WARM_UP_STEPS) / max(1, steps - WARM_UP_STEPS)
    return peak * 0.5 * (1 + math.cos(math.pi * share))


def has_stalled(losses: list[float]) -> bool:
    """Whether the last ``PATIENCE`` losses are no better than the best before."""
    return len(losses) > PATIENCE and min(losses[-PATIENCE:]) >= min(losses[:-PATIENCE])
'''

METRICS = '''"""What is reported."""

import numpy as np


def accuracy(found: np.ndarray, expected: np.ndarray) -> float:
    """The share that is right."""
    return float((found == expected).mean())


def confusion(found: np.ndarray, expected: np.ndarray, classes: int) -> np.ndarray:
    """Rows are what it is, columns what it was taken for."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (expected, found), 1)
    return counts


def mean_absolute_percentage_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Where nothing was sold a unit is taken."""
    return float((np.abs(found - expected) / np.maximum(expected, 1)).mean())
'''

CHECKS = '''"""What stops bad data before it is learned from."""


def check_rows(rows: list[dict[str, str]], needed: set[str]) -> None:
    """Raise ValueError for a missing column, or for too many gaps."""
    missing = needed - set(rows[0])
    if missing:
        raise ValueError(f"columns are missing: {{sorted(missing)}}")
    gaps = sum(not value for row in rows for value in row.values())
    if gaps > {gap_share} * len(rows) * len(needed):
        raise ValueError(f"{{gaps}} values are empty")
'''

RETRY = '''"""Calls that may be repeated."""

import time
from collections.abc import Callable

ATTEMPTS = {attempts}


def call(function: Callable[[], bytes]) -> bytes:
    """Try again after a broken connection, each time after a longer pause."""
    for attempt in range(ATTEMPTS):
        try:
            return function()
        except ConnectionError:
            time.sleep(0.2 * 2**attempt)
    return function()
'''

MODULES = {
    "seeding.py": SEEDING,
    "batches.py": BATCHES,
    "losses.py": LOSSES,
    "schedule.py": SCHEDULE,
    "metrics.py": METRICS,
    "checks.py": CHECKS,
    "retry.py": RETRY,
}

CONSTANTS = {
    "seed": (7, 11),
    "batch": (32, 64, 128),
    "warm_up": (50, 100, 200),
    "patience": (3, 5, 8),
    "rate": (0.003, 0.001, 0.0005),
    "gap_share": (0.1, 0.05),
    "attempts": (2, 3, 5),
}

RENAMED_IN = 7
"""In this version ``losses.py`` became ``objectives.py``, its text as before."""


def package(folder: str, *modules: str) -> Make:
    """The package ``folder``: it begins with two of ``modules`` and gets one each other version."""

    def make(moment: Moment) -> Facts:
        shown = modules[: 2 + moment.number // 2]
        constants = constants_at(moment.number)
        for module in shown:
            text = MODULES[module].format(**constants)
            moment.write(f"{folder}/{_name_at(module, moment.number)}", text)
        moment.write("pyproject.toml", _project_file(folder, moment.number))
        moment.write("README.md", f"# {folder}\n\n" + "".join(f"- `{one}`\n" for one in shown))
        commit = f"{zlib.crc32(f'{folder}{moment.number}'.encode()):08x}"
        return Facts({"commit": commit, "modules": len(shown), "python": ">=3.11"})

    return make


def constants_at(number: int) -> dict[str, object]:
    """The constants of version ``number``: one of them is another in each."""
    return {
        key: options[((number + place) // len(CONSTANTS)) % len(options)]
        for place, (key, options) in enumerate(CONSTANTS.items())
    }


def _name_at(module: str, number: int) -> str:
    return "objectives.py" if module == "losses.py" and number >= RENAMED_IN else module


def _project_file(folder: str, number: int) -> str:
    return (
        f'[project]\nname = "{folder.replace("_", "-")}"\nversion = "0.{number}.0"\n'
        'requires-python = ">=3.11"\ndependencies = ["numpy>=2"]\n'
    )
