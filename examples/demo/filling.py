"""The story is told to a portal, run by run, as the team's own scripts would."""

import tempfile
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import runicorn as rn
from examples.demo.ending import end_story
from examples.demo.moments import Execution, Facts, Moment, Product
from examples.demo.projects import plan, products
from examples.demo.projects.guide import NAME as GUIDE_NAME
from examples.demo.releases import Releases
from examples.demo.texts import markdown_table

SAY_EVERY = 50  # versions

NOTES = {
    "dataset": ("New rows of the last weeks.", "Doubles are gone.", "Checked by two people."),
    "model": (
        "A lower learning rate after the plateau.",
        "Trained on the newest features.",
        "Longer training; the first layers stay as they were.",
        "Other seeds, to see how much is chance.",
    ),
    "config": ("One setting changed.", "Tried on a small run first."),
    "code": ("One function more.", "Constants that were found by the last sweep."),
    "custom": ("Made anew from the newest inputs.",),
}

Say = Callable[[str], None]


class State(Enum):
    """What of the demo a portal has."""

    EMPTY = "no artifacts at all"
    COMPLETE = "all of it"
    BROKEN_OFF = "a part of it"
    TAKEN = "artifacts of others"


def find_state(client: rn.Client) -> State:
    """What ``client``'s portal has; the guide is logged last, so with it all of the demo is."""
    names = {item["name"] for item in client.list_artifacts()}
    if GUIDE_NAME in names:
        return State.COMPLETE
    if names.intersection(product.name for product in products()):
        return State.BROKEN_OFF
    return State.TAKEN if names else State.EMPTY


def fill(client: rn.Client, *, scale: float = 1.0, say: Say = print) -> int:
    """Tell the whole story to an empty portal; returns how many versions were logged.

    ``scale`` is how often each run is repeated, against 1. All artifacts are there at any scale.
    """
    *story, guide = plan(scale)
    teller = _Teller(client, sum(len(one.step.makes) for one in story) + 1, say)
    for execution in story:
        teller.run(execution)
    end_story(client)
    teller.run(guide)
    return teller.logged


class _Teller:
    """Runs one execution after the other, and says how far it is."""

    def __init__(self, client: rn.Client, total: int, say: Say) -> None:
        self.logged = 0
        self._client = client
        self._releases = Releases(client)
        self._total = total
        self._say = say
        self._began = time.monotonic()

    def run(self, execution: Execution) -> None:
        """Use what the step uses, log what it makes; before it, perhaps, a try that fails."""
        step, number = execution.step, execution.number
        has_failed = step.fails_every > 0 and number % step.fails_every == 0
        if has_failed:
            self._begin(execution, str(number)).finish("failed")
        with self._begin(execution, f"{number}-again" if has_failed else str(number)) as run:
            for product in step.makes:
                self._log(run, product, number)

    def _begin(self, execution: Execution, suffix: str) -> rn.Run:
        step = execution.step
        run = rn.Run(execution.project, name=f"{step.name}-{suffix}", client=self._client)
        for used in step.uses:
            run.use_artifact(used)
        return run

    def _log(self, run: rn.Run, product: Product, number: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            facts = product.make(Moment(product.name, number, Path(folder)))
            artifact = make_artifact(product, number, facts).add_dir(folder)
            run.log_artifact(artifact)
        if product.aliases:
            self._releases.follow(product, number, facts.metadata)
        self.logged += 1
        if self.logged % SAY_EVERY == 0 or self.logged == self._total:
            seconds = time.monotonic() - self._began
            self._say(f"{self.logged} of {self._total} versions, {seconds:.0f} s")


def make_artifact(product: Product, number: int, facts: Facts) -> rn.Artifact:
    """What is to be logged, but for its files."""
    artifact = rn.Artifact(product.name, product.type, describe(product, number, facts))
    artifact.add_metadata(facts.metadata).add_tags(*product.tags)
    for reference in facts.references:
        artifact.add_reference(reference.uri, size=reference.size_bytes, name=reference.name)
    return artifact


def describe(product: Product, number: int, facts: Facts) -> str:
    """The description of a version, in Markdown."""
    if number == 1:
        return f"{product.about}\n\nThe first version."
    notes = NOTES[product.type]
    plain = [
        (key, value) for key, value in facts.metadata.items() if isinstance(value, int | float)
    ]
    table = f"\n\n{markdown_table(('what', 'value'), plain)}" if plain else ""
    return f"{product.about}\n\n**Changed:** {notes[number % len(notes)]}{table}"
