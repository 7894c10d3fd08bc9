"""How aliases move: ``best`` with the figures, ``staging`` and ``production`` some time later."""

from dataclasses import dataclass, field
from typing import Any

import runicorn as rn
from examples.demo.moments import Product

STAGING_EVERY = 3
PRODUCTION_EVERY = 5
RELEASES = {2: "release-1.0", 6: "release-1.1", 9: "release-1.2", 11: "release-1.2"}
"""In which version a release is cut; one that is there is cut anew."""

REASONS = (
    "v{} was the best in staging for a week",
    "v{} answers what customers complained of",
    "v{} is better on the golden set, and as fast",
)

PROTECTED = "ticket-router"
"""Whose ``production`` is protected; it is also rolled back once, when this version is made:"""
ROLLED_BACK_IN = 11


@dataclass
class Releases:
    """The aliases of every model that is released."""

    client: rn.Client
    _best: dict[str, tuple[float, int]] = field(default_factory=dict)

    def follow(self, product: Product, number: int, measured: dict[str, Any]) -> None:
        """Move what moves when version ``number`` of ``product`` is there, ``measured`` so."""
        self._move_best(product, number, measured)
        if number == 1 or number % STAGING_EVERY == 0:
            self._move(product, "staging", number, f"v{number} to be tried by everybody")
        if number in RELEASES:
            release = RELEASES[number]
            is_new = list(RELEASES.values()).index(release) == list(RELEASES).index(number)
            what = f"Cut {release}" if is_new else f"Cut {release} anew, with the corrected labels"
            self._move(product, release, number, what)
        if number == 1 or number % PRODUCTION_EVERY == 0:
            self._release(product, number)
        if product.name == PROTECTED and number == ROLLED_BACK_IN:
            self.client.roll_back_alias(
                product.name,
                "production",
                artifact_type=product.type,
                comment="Refunds went to the wrong queue after the deploy",
            )

    def _move_best(self, product: Product, number: int, measured: dict[str, Any]) -> None:
        score = score_of(measured)
        before = self._best.get(product.name)
        if before is None:
            self._move(product, "best", number, "The first there is")
        elif score > before[0]:
            said = f"{abs(score)}, where v{before[1]} had {abs(before[0])}"
            self._move(product, "best", number, said)
        else:
            return
        self._best[product.name] = score, number

    def _release(self, product: Product, now: int) -> None:
        _, number = self._best[product.name]
        turn = now // PRODUCTION_EVERY
        comment = REASONS[turn % len(REASONS)].format(number) if turn else "The first release"
        protected = True if product.name == PROTECTED else None
        self._move(product, "production", number, comment, protected=protected)

    def _move(
        self,
        product: Product,
        alias: str,
        number: int,
        comment: str,
        *,
        protected: bool | None = None,
    ) -> None:
        self.client.set_alias(
            product.name,
            alias,
            number,
            artifact_type=product.type,
            comment=comment,
            protected=protected,
        )


def score_of(measured: dict[str, Any]) -> float:
    """The higher the better: the accuracy, or the error below zero."""
    return float(measured["accuracy"] if "accuracy" in measured else -measured["mape"])
