"""Stories that need no database: things that can be drawn, told line by line."""

import random
from dataclasses import dataclass
from itertools import pairwise

from lineage.graph import LineageEdge


@dataclass(frozen=True)
class Thing:
    """A version, where there is a colon in its id, or a run."""

    node_id: str

    @property
    def node_type(self) -> str:
        """As graphs call it."""
        return "artifact" if ":" in self.node_id else "run"


def story(*lines: str) -> tuple[list[Thing], list[LineageEdge]]:
    """What ``a:v1 > run > b:v2`` and so on tell, in the order of their first mention."""
    things: dict[str, Thing] = {}
    edges: dict[LineageEdge, None] = {}
    for line in lines:
        words = line.split(" > ")
        things.update({word: Thing(word) for word in words if word not in things})
        for before, after in pairwise(words):
            kind = "uses" if ":" in before else "produces"
            edges[LineageEdge(before, after, kind)] = None
    return list(things.values()), list(edges)


def random_story(*, seed: int, num_nodes: int) -> tuple[list[Thing], list[LineageEdge]]:
    """Runs that each use a few earlier versions and make one or two."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    versions, lines = ["m:v0"], ["m:v0"]
    while len(story(*lines)[0]) < num_nodes:
        run = f"r{len(versions)}"
        used = dice.sample(versions[-12:], min(len(versions), dice.randint(1, 3)))
        made = f"m:v{len(versions)}"
        lines += [f"{one} > {run}" for one in used] + [f"{run} > {made}"]
        versions.append(made)
    nodes, edges = story(*lines)
    kept = nodes[:num_nodes]
    ids = {one.node_id for one in kept}
    return kept, [edge for edge in edges if {edge.source, edge.target} <= ids]
