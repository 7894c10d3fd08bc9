"""Writes the files in ``tests/formats/parquet``; needs pyarrow, which the tests do not.

python tests/formats/write_parquet.py
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent / "parquet"
TYPES = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("small", pa.int8()),
        ("unsigned", pa.uint64()),
        ("single", pa.float32()),
        ("double", pa.float64()),
        ("half", pa.float16()),
        ("text", pa.string()),
        ("flag", pa.bool_()),
        ("raw", pa.binary()),
        ("day", pa.date32()),
        ("at_utc", pa.timestamp("us", tz="UTC")),
        ("at_local", pa.timestamp("ns")),
        ("clock", pa.time64("us")),
        ("price", pa.decimal128(12, 2)),
        ("huge", pa.decimal256(40, 5)),
        ("tags", pa.list_(pa.string())),
        ("grid", pa.list_(pa.list_(pa.int32()))),
        ("point", pa.struct([("x", pa.float64()), ("y", pa.float64())])),
        ("boxes", pa.list_(pa.struct([("label", pa.string()), ("w", pa.int32())]))),
        ("pairs", pa.map_(pa.string(), pa.int32())),
    ]
)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 500000)  # noqa: DTZ001 - of no zone
ROWS: list[dict[str, Any]] = [
    {
        "id": 1, "small": -8, "unsigned": 2**64 - 1, "single": 0.1, "double": 0.1, "half": 0.5,
        "text": "naïve 数据 🦄", "flag": True, "raw": b"\x00\xff", "day": date(2026, 5, 1),
        "at_utc": datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
        "at_local": BEFORE_1970, "clock": time(8, 15, 0, 250),
        "price": Decimal("-1234.50"), "huge": Decimal("12345678901234567890.00001"),
        "tags": ["a", 'b "c"'], "grid": [[1, 2], [], None, [3]], "point": {"x": 1.5, "y": -2.0},
        "boxes": [{"label": "cat", "w": 3}, {"label": None, "w": 4}],
        "pairs": [("one", 1), ("two", None)],
    },
    {"id": 2, "tags": [], "grid": [], "point": {"x": None, "y": 3.0}, "boxes": [], "pairs": []},
    {"id": 3, "text": "", "flag": False, "tags": [None], "grid": [[None]], "boxes": [None]},
]  # fmt: skip
"""One of everything, empty ones, and nulls."""


def write(name: str, table: pa.Table, **options: Any) -> None:
    options = {"compression": "snappy", "store_schema": False, **options}
    pq.write_table(table, FOLDER / f"{name}.parquet", **options)


def many(num_rows: int) -> pa.Table:
    words = ["alpha", "beta", None, "gamma δ"]
    return pa.table(
        {
            "n": pa.array(range(num_rows), pa.int32()),
            "word": pa.array([words[n % 4] for n in range(num_rows)]),
            "half": pa.array([n / 2 for n in range(num_rows)]),
            "odd": pa.array([n % 2 == 1 for n in range(num_rows)]),
            "list": pa.array([list(range(n % 4)) for n in range(num_rows)], pa.list_(pa.int64())),
        }
    )


def write_all() -> None:
    FOLDER.mkdir(exist_ok=True)
    types = pa.Table.from_pylist(ROWS, TYPES)
    write("types", types)
    write("types_plain", types, use_dictionary=False, compression="none")
    write("types_v2", types, data_page_version="2.0", compression="zstd")
    write("types_int96", types.select(["at_local"]), use_deprecated_int96_timestamps=True)
    for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
        write(f"many_{codec}", many(200), compression=codec)
    write("groups", many(30), row_group_size=4)
    write("pages", many(300), data_page_size=64, write_batch_size=16)
    deltas = {
        "n": "DELTA_BINARY_PACKED", "big": "DELTA_BINARY_PACKED", "word": "DELTA_LENGTH_BYTE_ARRAY",
        "half": "BYTE_STREAM_SPLIT", "list.list.element": "DELTA_BINARY_PACKED",
    }  # fmt: skip
    table = many(300).append_column("big", pa.array([-(7**n % 2**63) for n in range(300)]))
    write("delta", table, use_dictionary=False, column_encoding=deltas)
    write("empty", many(0))
    columns = {f"c{n}": pa.array([n, n + 1], pa.int32()) for n in range(500)}
    write("wide", pa.table(columns), compression="none", write_statistics=False)
    zeros = pa.table({"zero": pa.array([0.0] * 4_000_000), "n": pa.array(range(4_000_000))})
    write(
        "bomb", zeros.select(["zero"]), compression="zstd", use_dictionary=False,
        data_page_size=1 << 30, max_rows_per_page=1 << 30, write_batch_size=4_000_000,
    )  # fmt: skip


if __name__ == "__main__":
    write_all()
