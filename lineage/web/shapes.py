"""From a placed node to what the template draws: its texts made to fit, its chips, its link."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lineage.collapse import Drawing, MoreNode
from lineage.graph import ArtifactNode, Node, RestrictedNode, RunNode
from lineage.layout import Layout, PlacedNode, Size, lay_out
from lineage.web.text import shorten, width_of

Drawn = Node | MoreNode
Aliases = Mapping[int, Sequence[str]]

NAME_PIXELS, DETAIL_PIXELS, CHIP_PIXELS = 13, 11.5, 10.5
"""The sizes of the fonts, as in ``static/runicorn/lineage.css``."""
VERSION, RUN, MORE, RESTRICTED = Size(208, 54), Size(200, 48), Size(150, 36), Size(150, 40)
TEXT_LEFT, CHIPS_LEFT = 42, 12
TEXT_RIGHT = {"artifact": 10, "run": 22, "more": 10, "restricted": 10}
CHIP_ROW, CHIP_GAP, CHIP_PADDING, WIDEST_CHIP = 24, 4, 7, 110


@dataclass(frozen=True)
class Chip:
    """An alias in a node, ``x`` pixels from its left side."""

    x: int
    width: int
    text: str
    is_latest: bool

    @property
    def middle(self) -> float:
        """Where its text is centred."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Shape:
    """A node as the template draws it; ``kind`` says which way, ``url`` is empty for no link."""

    node: Drawn
    kind: str
    x: int
    y: int
    width: int
    height: int
    url: str
    is_root: bool
    name: str
    detail: str
    chips: tuple[Chip, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """Everything that the template of the graph needs."""

    layout: Layout[Drawn]
    shapes: tuple[Shape, ...]


def draw_picture(drawing: Drawing, aliases: Aliases, url_of: Callable[[Drawn], str]) -> Picture:
    """Place the drawing; ``aliases`` are by the id of the version, ``url_of`` links a node."""
    layout = lay_out(drawing.nodes, drawing.edges, lambda node: size_of(node, aliases))
    shapes = [_shape(one, drawing.root, aliases, url_of(one.node)) for one in layout.nodes]
    return Picture(layout, tuple(shapes))


def size_of(node: Drawn, aliases: Aliases) -> Size:
    """How large a node is: higher where it has aliases."""
    match node:
        case MoreNode():
            return MORE
        case RestrictedNode():
            return RESTRICTED
        case RunNode():
            return RUN
    return Size(VERSION.width, VERSION.height + CHIP_ROW * bool(aliases.get(node.version_id)))


def _shape(placed: PlacedNode[Drawn], root: str, aliases: Aliases, url: str) -> Shape:
    node = placed.node
    names = tuple(aliases.get(node.version_id, ())) if isinstance(node, ArtifactNode) else ()
    room = placed.width - TEXT_LEFT - TEXT_RIGHT[kind_of(node)]
    name, detail = _texts(node)
    return Shape(
        node=node,
        kind=kind_of(node),
        x=placed.x,
        y=placed.y,
        width=placed.width,
        height=placed.height,
        url=url,
        is_root=node.node_id == root,
        name=shorten(name, room, NAME_PIXELS, is_bold=True),
        detail=shorten(detail, room, DETAIL_PIXELS),
        chips=tuple(chips_of(names, placed.width)),
        aliases=names,
    )


def kind_of(node: Drawn) -> str:
    """``artifact``, ``run``, ``more`` or ``restricted``."""
    match node:
        case MoreNode():
            return "more"
        case RestrictedNode():
            return "restricted"
    return node.node_type


def _texts(node: Drawn) -> tuple[str, str]:
    """The two lines, as far as they are names that somebody gave."""
    match node:
        case ArtifactNode():
            return node.name, ""
        case RunNode():
            return node.name or node.node_id, node.project or node.node_id
        case MoreNode():
            return "", node.kind
    return "", ""


def chips_of(names: Iterable[str], width: int) -> Iterable[Chip]:
    """As many aliases as fit beside each other; the last says how many did not."""
    left, rest = CHIPS_LEFT, list(names)
    while rest:
        text = shorten(rest[0], WIDEST_CHIP - 2 * CHIP_PADDING, CHIP_PIXELS, is_bold=True)
        chip = Chip(left, chip_width(text), text, rest[0] == "latest")
        needed = chip.width + (chip_width(f"+{len(rest) - 1}") + CHIP_GAP) * (len(rest) > 1)
        if left + needed > width - CHIPS_LEFT + 4:
            more = f"+{len(rest)}"
            yield Chip(left, chip_width(more), more, is_latest=False)
            return
        yield chip
        left, rest = left + chip.width + CHIP_GAP, rest[1:]


def chip_width(text: str) -> int:
    """With what is left free on both sides, in whole pixels."""
    return round(width_of(text, CHIP_PIXELS, is_bold=True)) + 2 * CHIP_PADDING
