"""Tables that grow and are corrected: CSV, JSON lines, Parquet."""

import io
import json
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from benchmarks.revisions import Make, Revision, pick_blocks, random_source

BLOCKS = 48  # places edited from one revision to the next
PARQUET_BLOCKS = 3  # pages are large: one edit makes one page of every column new
EDITED_SHARE = 0.022  # of the rows, in those places together
APPENDED_SHARE = 0.02
KINDS = ("temperature", "pressure", "humidity", "vibration", "voltage")

MakeLines = Callable[[np.random.Generator, int], list[bytes]]


def csv_lines(rng: np.random.Generator, count: int) -> list[bytes]:
    """Measurements: numbers of varying length, so that an edit moves what follows."""
    values = rng.normal(20, 400, (count, 5)).round(4)
    sensors = rng.integers(0, 5000, count)
    return [
        f"{sensor},{KINDS[sensor % 5]},{','.join(map(str, row))}\n".encode()
        for sensor, row in zip(sensors.tolist(), values.tolist(), strict=True)
    ]


def json_lines(rng: np.random.Generator, count: int) -> list[bytes]:
    """Records as a data set of prompts has them."""
    scores = rng.random((count, 8)).round(6).tolist()
    ids = rng.integers(0, 1 << 62, count).tolist()
    return [
        json.dumps({"id": f"{id_:016x}", "kind": KINDS[id_ % 5], "scores": row}).encode() + b"\n"
        for id_, row in zip(ids, scores, strict=True)
    ]


def make_lines(lines: MakeLines, *, appended: float = 0) -> Make:
    """A text file of ``lines`` edited in blocks; each revision appends a share of the first."""

    def make(size: int, count: int, seed: int) -> Iterator[Revision]:
        rng = random_source(seed)
        width = sum(map(len, lines(rng, 1000))) / 1000
        rows = lines(rng, int(size / width))
        yield Revision(b"".join(rows), sum(map(len, rows)))
        for _ in range(count - 1):
            new = _edit(rng, rows, lines, appended)
            yield Revision(b"".join(rows), new)

    return make


def _edit(rng: np.random.Generator, rows: list[bytes], lines: MakeLines, appended: float) -> int:
    """Replace blocks of ``rows`` and append to them; returns the bytes that are new."""
    block = max(1, round(len(rows) * EDITED_SHARE / BLOCKS))
    places = pick_blocks(rng, len(rows), BLOCKS, block)
    fresh = lines(rng, block * len(places) + round(len(rows) * appended))
    for number, place in enumerate(places):
        rows[place : place + block] = fresh[number * block : (number + 1) * block]
    rows.extend(fresh[block * len(places) :])
    return sum(map(len, fresh))


def make_parquet(*, content_defined: bool) -> Make:
    """A table whose blocks of rows are replaced by longer ones; ``new_bytes`` by share of rows.

    ``content_defined``: written with pyarrow's ``use_content_defined_chunking``.
    """

    def make(size: int, count: int, seed: int) -> Iterator[Revision]:
        rng = random_source(seed)
        parts = [_columns(rng, size // 44)]
        yield _parquet(parts, content_defined=content_defined, new_share=1)
        for _ in range(count - 1):
            share = _edit_columns(rng, parts)
            yield _parquet(parts, content_defined=content_defined, new_share=share)

    return make


Columns = dict[str, np.ndarray]


def _columns(rng: np.random.Generator, rows: int) -> Columns:
    return {
        "id": rng.integers(0, 1 << 62, rows),
        "sensor": rng.integers(0, 5000, rows).astype(np.int32),
        **{kind: rng.normal(20, 400, rows).round(4) for kind in KINDS[:4]},
    }


def _edit_columns(rng: np.random.Generator, parts: list[Columns]) -> float:
    """Replace blocks by blocks one row longer; returns the share of the rows that are new."""
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows = len(whole["id"])
    block = max(1, round(rows * EDITED_SHARE / PARQUET_BLOCKS))
    places = pick_blocks(rng, rows, PARQUET_BLOCKS, block)
    ends = [0, *(place + block for place in places)]
    old = [_slice(whole, start, end) for start, end in zip(ends, [*places, rows], strict=True)]
    new = [_columns(rng, block + 1) for _ in places]
    parts[:] = [*chain.from_iterable(zip(old, new, strict=False)), old[-1]]
    return len(places) * (block + 1) / (rows + len(places))


def _slice(columns: Columns, start: int, end: int) -> Columns:
    return {name: values[start:end] for name, values in columns.items()}


def _parquet(parts: list[Columns], *, content_defined: bool, new_share: float) -> Revision:
    import pyarrow as pa  # noqa: PLC0415 (optional)
    import pyarrow.parquet as pq  # noqa: PLC0415

    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    file = io.BytesIO()
    pq.write_table(pa.table(whole), file, use_content_defined_chunking=content_defined)
    content = file.getvalue()
    return Revision(content, round(len(content) * new_share))
