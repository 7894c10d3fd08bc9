"""Which chunks of a content have to be sent, and how it is put together from them and from others.

The list of chunks is all that is looked at, as columns of numbers: half a million of them, the most
that is taken, in less than a second and in tens of megabytes. What is found is a hint: nobody has
compared bytes, the whole is hashed once it is there.
"""

import numpy as np
import numpy.typing as npt

from accounts.sentences import say
from artifacts.errors import Invalid
from artifacts.storage.bases import MAX_BASES
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import ChunkList
from artifacts.storage.footer import OWN, Columns, Numbers

AT_ONCE = 1 << 16
"""How many chunks are looked up together."""


def plan_content(sha256: str, chunks: ChunkList, index: ChunkIndex) -> Columns:
    """Each chunk from where it lies already, once it was needed from there, else to be sent.

    What is to be sent is what the content holds itself. It leans on no more than ``MAX_BASES``.

    Raises Invalid (400) where one chunk has two lengths.
    """
    offset = chunks.records["offset"].astype(np.int64)
    length = chunks.records["length"].astype(np.int64)
    found, found_offset = _find(chunks, index)
    owner, owners = _number_owners(found)
    first = _first_of_equals(chunks)
    offset = np.where(owner == OWN, offset[first], found_offset)
    names = tuple(index.places[number].sha256 for number in owners)
    return _merged(Columns(sha256, int(length.sum()), names, owner, offset, length))


def _find(chunks: ChunkList, index: ChunkIndex) -> tuple[Numbers, Numbers]:
    """Of each chunk the number of the place it lies in, -1 for none, and the offset there."""
    number = np.full(len(chunks), -1, np.int64)
    offset = np.zeros(len(chunks), np.int64)
    for start in range(0, len(chunks), AT_ONCE):
        some = ChunkList(chunks.records[start : start + AT_ONCE])
        found = index.find_many(some.id_words)
        is_found = found.length == some.records["length"]
        number[start : start + AT_ONCE][is_found] = found.number[is_found]
        offset[start : start + AT_ONCE][is_found] = found.offset[is_found]
    return number, offset


def _number_owners(found: Numbers) -> tuple[Numbers, list[int]]:
    """Number the places from 1, in the order in which they are needed first, and list them.

    What lies in none, or in one too many, is the content's own: 0.
    """
    places, at = np.unique(found[found >= 0], return_index=True)
    order = places[np.argsort(at)][:MAX_BASES]
    numbers = np.full(int(found.max(initial=-1)) + 2, OWN, np.int64)  # the last one is that of -1
    numbers[order] = np.arange(1, len(order) + 1)
    owner: Numbers = numbers[found]
    return owner, order.tolist()


def _first_of_equals(chunks: ChunkList) -> npt.NDArray[np.intp]:
    """Of each chunk the position in the list at which its id stands first."""
    words = chunks.id_words
    order = np.lexsort(tuple(words.T))
    is_head = np.zeros(len(order), np.bool_)
    is_head[:1] = True
    for word in words.T:
        in_order = word[order]
        is_head[1:] |= in_order[1:] != in_order[:-1]
    first = np.empty_like(order)
    # The sort is stable: of equal ones the first in the list comes first.
    first[order] = order[is_head][np.cumsum(is_head) - 1]
    _require_one_length(chunks, first)
    return first


def _require_one_length(chunks: ChunkList, first: npt.NDArray[np.intp]) -> None:
    lengths = chunks.records["length"]
    wrong = np.flatnonzero(lengths != lengths[first])
    if len(wrong):
        id_ = chunks.records["id"][wrong[0]].tobytes()
        raise Invalid({"chunks": [say("the chunk {id} has two lengths", id=id_.hex())]})


def _merged(columns: Columns) -> Columns:
    """The same content with as few extents as it takes."""
    owner, offset, length = columns.owner, columns.offset, columns.length
    is_first = np.ones(len(owner), np.bool_)
    follows = offset[1:] == offset[:-1] + length[:-1]
    is_first[1:] = (owner[1:] != owner[:-1]) | ~follows
    merged = np.diff(columns.starts[is_first], append=columns.size_bytes)
    return Columns(
        columns.sha256,
        columns.size_bytes,
        columns.owners,
        owner[is_first],
        offset[is_first],
        merged,
    )
