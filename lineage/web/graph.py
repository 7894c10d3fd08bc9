"""The page of a version's lineage: the graph, the same as a list, and what was made from it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts.web.paging import number_in
from artifacts.services.aliases import aliases_of
from artifacts.web.links import api_path
from artifacts.web.pages import VersionPage
from lineage.collapse import Drawing, MoreNode, draw
from lineage.graph import ArtifactNode, Direction, RunNode, neighbourhood
from lineage.impact import find_impact
from lineage.web.shapes import Drawn, Shape, draw_picture

DEFAULT_DEPTH, MAX_DEPTH = 3, 10
DIRECTIONS = {one.name.lower(): one for one in Direction}
MAX_EXPANDED = 50
SHOWN_IMPACT = 50


@dataclass(frozen=True)
class View:
    """What of the lineage somebody wants to see; all of it is in the URL."""

    depth: int = DEFAULT_DEPTH
    direction: Direction = Direction.BOTH
    expanded: tuple[str, ...] = ()

    @classmethod
    def parse(cls, query: QueryDict) -> "View":
        """What ``query`` asks for; the default for what makes no sense."""
        return cls(
            depth=number_in(query, "depth", DEFAULT_DEPTH, least=1, most=MAX_DEPTH),
            direction=DIRECTIONS.get(query.get("direction", ""), Direction.BOTH),
            expanded=tuple(dict.fromkeys(query.getlist("expand")[:MAX_EXPANDED])),
        )

    @property
    def direction_name(self) -> str:
        """As in the URL."""
        return self.direction.name.lower()

    def query(self, *expanded: str) -> str:
        """The query that asks for this, with these nodes unfolded."""
        asked: list[tuple[str, object]] = []
        if self.depth != DEFAULT_DEPTH:
            asked.append(("depth", self.depth))
        if self.direction != Direction.BOTH:
            asked.append(("direction", self.direction_name))
        asked += [("expand", one) for one in expanded]
        return f"?{urlencode(asked)}" if asked else ""

    def url_of(self, node: Drawn) -> str:
        """Where a node leads: to its own lineage, the run's page, or here with it unfolded."""
        match node:
            case MoreNode():
                return f"{self.query(*self.expanded, node.node_id)}#lineage"
            case ArtifactNode() if node.status != "purged":
                place = {"type_": node.type, "name": node.name, "version": f"v{node.number}"}
                team = {"team": node.team} if node.team else {}
                return reverse("version_lineage", kwargs=place | team) + self.query()
            case RunNode() if node.project:
                return reverse("run", kwargs={"run_id": node.node_id})
        return ""


class VersionLineage(VersionPage):
    """``/artifacts/{type}/{name}/v3/lineage``; an alias in the place of ``v3`` leads on."""

    template_name = "lineage/lineage.html"
    fragment_name = "lineage/_lineage.html"
    tab = "lineage"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The picture, the list and the impact."""
        view = View.parse(self.request.GET)
        drawing = self.find_drawing(view)
        ids = [one.version_id for one in drawing.nodes if isinstance(one, ArtifactNode)]
        picture = draw_picture(drawing, aliases_of(ids), view.url_of)
        return super().get_context_data(
            view=view,
            depths=range(1, MAX_DEPTH + 1),
            folded_url=f"{self.request.path}{view.query()}#lineage",
            drawing=drawing,
            picture=picture,
            sections=list_of(picture.shapes, drawing),
            **self.impact_context(),
            **kwargs,
        )

    def find_drawing(self, view: View) -> Drawing:
        """What is drawn of the neighbourhood."""
        graph = neighbourhood(
            version=self.version,
            asked_by=self.caller,
            depth=view.depth,
            direction=view.direction,
        )
        return draw(graph, expanded=view.expanded)

    def impact_context(self) -> dict[str, Any]:
        """What was made from the version: the nearest of it, and where all of it is."""
        impact = find_impact(version=self.version, asked_by=self.caller)
        return {
            "impact": impact,
            "impact_items": impact.items[:SHOWN_IMPACT],
            "impact_csv": api_path(self.version, "impact", {"format": "csv"}),
        }


def list_of(shapes: tuple[Shape, ...], drawing: Drawing) -> dict[str, list[tuple[int, Shape]]]:
    """The same in words: what it was made from and what it was used for, the nearest first.

    The steps are those of depth and impact, from version to version: a run belongs to the step
    that leads over it.
    """
    edges = [(drawing.steps[one.node.node_id], one) for one in shapes]
    return {
        "upstream": [((1 - count) // 2, one) for count, one in edges if count < 0],
        "downstream": [((1 + count) // 2, one) for count, one in edges if count > 0],
    }
