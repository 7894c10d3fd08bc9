"""Recipes: what they say of a content, and that they come back from disk as they were."""

import struct
from itertools import pairwise

import blake3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import Corrupted
from artifacts.storage import footer
from artifacts.storage.recipe import (
    Extent,
    Range,
    Recipe,
    encode_footer,
    intersect_ranges,
    merge_extents,
    merge_ranges,
    read_recipe,
    remaining_recipe,
)
from tests.storage.recipes import OTHERS, OWN, bytes_of, ranges, recipes

A, B, *_ = OTHERS
BODY = b"0123456789"
RECIPE = Recipe(
    OWN,
    36,
    (
        Extent(OWN, 0, 4),
        Extent(A, 100, 8),
        Extent(OWN, 12, 6),
        Extent(OWN, 13, 5),
        Extent(B, 0, 3),
        Extent(A, 108, 10),
    ),
)


def write_file_of(tmp_path, recipe=RECIPE, body=BODY, name=f"{OWN}.d"):
    path = tmp_path / name
    path.write_bytes(body + encode_footer(recipe, blake3.blake3(body).digest()))
    return path


def with_good_checksum(data):
    """The file with a footer that some other program might have written."""
    return bytes(data[:-32]) + blake3.blake3(bytes(data[len(BODY) : -32])).digest()


def test_literals_are_the_own_bytes_at_their_own_place():
    assert RECIPE.literals == (Range(0, 4), Range(12, 6))
    assert RECIPE.literal_bytes == 10


def test_bases_say_how_many_bytes_each_lends():
    assert RECIPE.bases == {A: 18, B: 3}


def test_extents_into_a_base_are_merged():
    assert RECIPE.extents_into(A) == (Range(100, 18),)
    assert RECIPE.extents_into(OWN) == (Range(0, 4), Range(12, 6))
    assert RECIPE.extents_into("no owner") == ()


def test_without_foreign_only_own_bytes_are_left():
    left = RECIPE.without_foreign()
    assert left.extents == (
        Extent(OWN, 0, 4),
        Extent(None, 0, 8),
        Extent(OWN, 12, 6),
        Extent(OWN, 13, 5),
        Extent(None, 0, 13),
    )
    assert RECIPE.is_whole
    assert not left.is_whole


def test_remaining_recipe_has_holes_around_what_is_kept():
    left = remaining_recipe(OWN, 20, [Range(8, 4), Range(2, 3), Range(5, 1)])
    assert left.extents == (
        Extent(None, 0, 2),
        Extent(OWN, 2, 4),
        Extent(None, 0, 2),
        Extent(OWN, 8, 4),
        Extent(None, 0, 8),
    )
    assert remaining_recipe(OWN, 0, []).extents == ()


@given(ranges)
def test_merge_ranges_keeps_every_byte_and_leaves_gaps_between(found):
    merged = merge_ranges(found)
    assert bytes_of(merged) == bytes_of(found)
    assert all(one.end < other.offset for one, other in pairwise(merged))


@given(ranges, ranges)
def test_intersect_ranges_keeps_what_lies_in_both(some, others):
    assert bytes_of(intersect_ranges(some, others)) == bytes_of(some) & bytes_of(others)


@given(recipes())
def test_merge_extents_means_the_same(recipe):
    merged = Recipe(OWN, recipe.size_bytes, merge_extents(recipe.extents))
    assert meaning(merged) == meaning(recipe)
    assert merged.literals == recipe.literals


def meaning(recipe):
    return [
        (extent.owner, extent.owner and extent.offset + number)
        for extent in recipe.extents
        for number in range(extent.length)
    ]


@given(recipes())
def test_columns_find_the_same_literals(recipe):
    runs = columns_of(recipe).literals
    pairs = zip(runs.starts.tolist(), runs.ends.tolist(), strict=True)
    assert tuple(Range(start, end - start) for start, end in pairs) == recipe.literals
    assert runs.num_bytes == recipe.literal_bytes


def columns_of(recipe):
    return footer._columns(recipe.sha256, recipe.size_bytes, *tables_of(recipe))


def tables_of(recipe):
    owners = tuple(recipe.bases)
    numbers = {OWN: 0, None: footer.HOLE} | {name: at for at, name in enumerate(owners, 1)}
    rows = (
        struct.pack("<IQQ", numbers[one.owner], one.offset, one.length) for one in recipe.extents
    )
    return b"".join([*map(bytes.fromhex, owners), *rows]), len(owners)


@given(recipe=recipes())
def test_a_recipe_comes_back_as_it_was(tmp_path_factory, recipe):
    body = b"x" * recipe.literal_bytes
    path = write_file_of(tmp_path_factory.mktemp("file"), recipe, body)
    assert read_recipe(path) == recipe


def test_the_footer_is_laid_out_as_documented():
    written = encode_footer(RECIPE, bytes(32))
    assert len(written) == 2 * 32 + 6 * 20 + 136
    assert written[:64] == bytes.fromhex(A + B)
    assert written[64:84] == struct.pack("<IQQ", 0, 0, 4)
    assert written[84:104] == struct.pack("<IQQ", 1, 100, 8)
    trailer = written[-136:]
    assert trailer[:40] == struct.pack("<8sIIQQQ", b"runicorn", 1, 2, 6, 36, 10)
    assert trailer[40:104] == bytes.fromhex(OWN) + bytes(32)
    assert trailer[104:] == blake3.blake3(written[:-32]).digest()


def test_content_without_own_bytes_is_only_a_footer(tmp_path):
    recipe = Recipe(OWN, 5, (Extent(A, 0, 5),))
    assert read_recipe(write_file_of(tmp_path, recipe, b"")) == recipe


BAD = {
    "too short": (37, RECIPE.extents),
    "too long": (35, RECIPE.extents),
    "nothing": (1, ()),
    "empty extent": (4, (Extent(A, 0, 4), Extent(A, 9, 0))),
    "negative length": (4, (Extent(A, 0, 5), Extent(A, 9, -1))),
    "negative offset": (4, (Extent(A, -1, 4),)),
    "hole with an offset": (4, (Extent(None, 1, 4),)),
    "repeat of what comes later": (8, (Extent(OWN, 4, 4), Extent(OWN, 4, 4))),
    "repeat of itself": (4, (Extent(OWN, 0, 2), Extent(OWN, 1, 2))),
    "repeat of a base": (8, (Extent(A, 0, 4), Extent(OWN, 0, 4))),
    "repeat over a gap": (
        9,
        (Extent(OWN, 0, 2), Extent(A, 0, 1), Extent(OWN, 3, 2), Extent(OWN, 1, 4)),
    ),
    "astronomic sum": (4, (Extent(A, 0, footer.LIMIT_BYTES - 1),) * 4 + (Extent(A, 0, 8),)),
    "astronomic size": (footer.LIMIT_BYTES, (Extent(A, 0, footer.LIMIT_BYTES),)),
    "negative size": (-1, ()),
}


@pytest.mark.parametrize(("size_bytes", "extents"), BAD.values(), ids=BAD)
def test_what_is_no_recipe_is_never_written(size_bytes, extents):
    with pytest.raises(ValueError, match=r"."):
        encode_footer(Recipe(OWN, size_bytes, extents), bytes(32))
    with pytest.raises(ValueError, match=r"."):
        Recipe(OWN, size_bytes, extents).check()


@pytest.mark.parametrize(
    ("position", "value", "why"),
    [
        (64, struct.pack("<I", 7), "owners"),
        (64, struct.pack("<IQQ", 0, 0, 5), "tile"),
        (72, struct.pack("<Q", 2**64 - 1), "offset"),
        (76, struct.pack("<Q", 2**64 - 1), "length"),
        (0, bytes.fromhex(B), "twice"),
        (0, bytes.fromhex(OWN), "twice"),
        (108, struct.pack("<Q", 11), "repeat"),
        (64, struct.pack("<IQQ", footer.HOLE, 0, 4), "body has another size"),
    ],
)
def test_a_footer_that_breaks_a_rule_is_corrupted_whatever_its_checksum(
    tmp_path, position, value, why
):
    path = write_file_of(tmp_path)
    data = bytearray(path.read_bytes())
    start = len(BODY) + position
    data[start : start + len(value)] = value
    path.write_bytes(with_good_checksum(data))
    with pytest.raises(Corrupted, match=why):
        read_recipe(path)


@given(st.data())
def test_a_bit_that_flips_in_the_footer_is_noticed(tmp_path_factory, data):
    path = write_file_of(tmp_path_factory.mktemp("file"))
    found = bytearray(path.read_bytes())
    position = data.draw(st.integers(len(BODY), len(found) - 1))
    found[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(found)
    with pytest.raises(Corrupted):
        read_recipe(path)


def test_a_file_of_another_length_is_torn(tmp_path):
    path = write_file_of(tmp_path)
    whole = path.read_bytes()
    torn = [whole[:length] for length in range(len(whole))]
    for found in [*torn, whole[1:], whole + b"x", b"x" + whole, whole * 2]:
        path.write_bytes(found)
        with pytest.raises(Corrupted):
            read_recipe(path)


@pytest.mark.parametrize("position", [12, 16, 24, 32])
def test_a_count_is_believed_only_when_the_file_is_as_long(tmp_path, position):
    path = write_file_of(tmp_path)
    data = bytearray(path.read_bytes())
    at = len(data) - 136 + position
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(with_good_checksum(data))
    with pytest.raises(Corrupted):
        read_recipe(path)


def test_a_file_named_after_another_content_is_corrupted(tmp_path):
    path = write_file_of(tmp_path, name=f"{A}.d")
    with pytest.raises(Corrupted, match="another content"):
        read_recipe(path)
    assert read_recipe(write_file_of(tmp_path, name="staged")) == RECIPE


def test_a_large_recipe_is_read_at_once(tmp_path):
    recipe = remaining_recipe(OWN, 60_000, [Range(at * 4, 3) for at in range(15_000)])
    path = write_file_of(tmp_path, recipe, b"x" * recipe.literal_bytes)
    assert read_recipe(path) == recipe
    assert len(recipe.extents) == 30_000
