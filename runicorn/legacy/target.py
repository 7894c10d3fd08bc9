"""What an import takes a store to: the portal, directly or over its API."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runicorn.legacy.values import PastFile, PastRun, PastVersion, RunLink, Tombstone

Lost = dict[str, str]
"""Digest → why content of that digest cannot be had."""


class Refused(Exception):  # noqa: N818 - a verdict
    """The portal takes one version or run not; the text says why. Others may be taken."""


@dataclass(frozen=True)
class Standing:
    """What the portal has at a number.

    ``outcome``: ``new`` (nothing), ``imported`` (now), ``there`` (the same), ``purged`` (it was
    deleted for ever), ``conflict`` (something else). ``status`` is the version's, and so is
    ``manifest_digest``; where there is nothing, the digest that it would have.
    """

    outcome: str
    status: str = ""
    manifest_digest: str = ""
    aliases: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    """Of what is ``there``: what of ``status``, ``description``, ``tags``, ``metadata`` differs."""


@dataclass(frozen=True)
class Taken:
    """What became of contents: how many, of how many bytes, in which way; and what was repaired."""

    how: str
    count: int
    size_bytes: int


@dataclass(frozen=True)
class TakenFiles:
    """The contents of one version: those that are ``lost``, and how the others got there.

    ``held`` are those that the store has lost, but the portal has.
    """

    lost: Lost
    repaired: Lost
    ways: Sequence[Taken] = ()
    held: Lost = field(default_factory=dict)


class Target(Protocol):
    """A portal that takes a store over."""

    @property
    def label(self) -> str:
        """What it is called in the report."""
        ...

    def look(self, past: PastVersion) -> Standing:
        """What stands at that number; Refused where it would not be taken."""
        ...

    def take(self, past: PastVersion, files: Sequence[PastFile], *, dry_run: bool) -> TakenFiles:
        """Hash the contents of ``files`` (each digest once) and have the portal have them."""
        ...

    def commit(self, past: PastVersion, lost: Lost) -> Standing:
        """Make the version; ``lost`` contents make it a corrupted one. Raises Refused."""
        ...

    def bury(self, tombstone: Tombstone) -> None:
        """Note that there was a version that was deleted for ever. Raises Refused."""
        ...

    def has_run(self, run: PastRun) -> bool:
        """Whether the run is there. Raises Refused where its id is another's."""
        ...

    def add_run(self, run: PastRun) -> tuple[bool, list[tuple[RunLink, str]]]:
        """Make the run, using what it ``used``; is it new, and which links does it lack, and why?

        Raises Refused.
        """
        ...
