"""Contents large enough to be cut that share most of their bytes, each shifted against the last."""

import random
from functools import cache

MIB = 1 << 20


@cache
def noise(seed: object, size: int) -> bytes:
    """Bytes that nothing else shares."""
    return random.Random(str(seed)).randbytes(size)  # noqa: S311 - no secret


@cache
def checkpoint(number: int, *, of: str = "c", size: int = 9 * MIB) -> bytes:
    """The checkpoint ``number`` of a line: a header that grows, 80 % frozen, the rest its own.

    The frozen part of ``c`` has three hooks; of a line as short as this, one in ten has none.
    """
    header = noise((of, number, "header"), 1000 + 37 * number)
    own = noise((of, number, "own"), size // 5)
    return header + noise((of, "frozen"), size - size // 5) + own
