"""Recipes for tests: strategies that draw valid ones, and what they mean byte by byte."""

from hypothesis import strategies as st

from artifacts.storage.recipe import Extent, Range, Recipe
from tests.storage.conftest import sha256_of

OWN = sha256_of(b"own")
OTHERS = tuple(sha256_of(b"other %d" % number) for number in range(4))

lengths = st.integers(1, 40)
ranges = st.lists(st.builds(Range, st.integers(0, 200), st.integers(0, 60)), max_size=12)


def bytes_of(found):
    """The offsets that lie in any of the ranges."""
    return {offset for one in found for offset in range(one.offset, one.end)}


@st.composite
def recipes(draw, *, sha256=OWN, owners=OTHERS, holes=True):
    """A valid recipe of ``sha256``; owners are believed to hold all that is taken from them."""
    extents, literals, position = [], [], 0
    kinds = ["literal", "literal", "repeat", *owners, *([None] if holes else [])]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=12)):
        extent = draw(_extents(kind, sha256, position, literals))
        if extent.owner == sha256 and extent.offset == position:
            literals.append(Range(position, extent.length))
        extents.append(extent)
        position += extent.length
    return Recipe(sha256, position, tuple(extents))


@st.composite
def _extents(draw, kind, sha256, position, literals):
    if kind == "repeat" and literals:
        source = draw(st.sampled_from(literals))
        start = draw(st.integers(source.offset, source.end - 1))
        return Extent(sha256, start, draw(st.integers(1, source.end - start)))
    if kind in {"literal", "repeat"}:
        return Extent(sha256, position, draw(lengths))
    if kind is None:
        return Extent(None, 0, draw(lengths))
    return Extent(kind, draw(st.integers(0, 300)), draw(lengths))
