"""What is made and when: the words in which the projects describe themselves."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20


@dataclass(frozen=True)
class Reference:
    """Data that stays where it is."""

    uri: str
    size_bytes: int
    name: str


@dataclass(frozen=True)
class Facts:
    """What is said about a version beside its files."""

    metadata: dict[str, Any]
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Moment:
    """A version that is about to be made; its files go into ``folder``."""

    name: str
    number: int
    folder: Path

    def rng(self, *what: object) -> np.random.Generator:
        """Chance of this artifact: the same for the same ``what``, in whichever version."""
        return chance(self.name, *what)

    def path(self, name: str) -> Path:
        """Where the file ``name`` goes; its folder is there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> None:
        """Write a text file."""
        self.path(name).write_text(text, encoding="utf-8", newline="\n")


def chance(*what: object) -> np.random.Generator:
    """A generator that depends on ``what`` and the seed alone."""
    return np.random.default_rng([SEED, zlib.crc32(repr(what).encode())])


Make = Callable[[Moment], Facts]


@dataclass(frozen=True)
class Product:
    """An artifact: how its files are made, and what it is in a sentence."""

    name: str
    type: str
    make: Make
    about: str
    tags: tuple[str, ...] = ()
    aliases: bool = False
    """Whether it is released: ``best``, ``staging``, ``production``, ``release-…`` move."""


@dataclass(frozen=True)
class Step:
    """A run that is repeated ``times`` times from ``since`` (0 to 1) of the story on.

    Each time it uses ``uses`` as they stand then, and makes a version of each of ``makes``.
    """

    name: str
    times: int
    makes: tuple[Product, ...]
    uses: tuple[str, ...] = ()
    since: float = 0.0
    fails_every: int = 0
    """Before each so-manieth time a run fails, with nothing made."""


@dataclass(frozen=True)
class Project:
    """What a part of the team works on."""

    name: str
    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True, order=True)
class Execution:
    """One time of a step: at ``when`` (0 to 1) of the story, the ``number``-th of its kind."""

    when: float
    order: int
    number: int
    project: str = field(compare=False)
    step: Step = field(compare=False)


def schedule(projects: tuple[Project, ...], scale: float = 1.0) -> list[Execution]:
    """Every run of the story in its order; ``scale`` makes the repetitions fewer, but one."""
    steps = [(project.name, step) for project in projects for step in project.steps]
    return sorted(
        Execution(when, order, number, project, step)
        for order, (project, step) in enumerate(steps)
        for number, when in _times(step, scale)
    )


def _times(step: Step, scale: float) -> Iterator[tuple[int, float]]:
    count = max(1, round(step.times * scale))
    for number in range(1, count + 1):
        yield number, step.since + (1 - step.since) * (number - 1) / count
