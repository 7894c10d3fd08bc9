"""The kinds of files that the dedup benchmark stores, one row of its table each."""

from benchmarks.archives import make_tar, make_tar_gz
from benchmarks.checkpoints import Training, make_checkpoints
from benchmarks.revisions import Series, make_unrelated
from benchmarks.tables import csv_lines, json_lines, make_lines, make_parquet

WEIGHTS = "model.safetensors"
FROZEN = Series("fine-tuning, 80 % frozen", WEIGHTS, make_checkpoints(Training(frozen=0.8)))
SERIES = [
    FROZEN,
    Series(
        "the same with optimizer state",
        WEIGHTS,
        make_checkpoints(Training(frozen=0.8, states=2)),
    ),
    Series("full fine-tuning", WEIGHTS, make_checkpoints(Training(frozen=0))),
    Series("CSV, blocks of rows edited", "table.csv", make_lines(csv_lines)),
    Series("JSON lines, edited, appended", "log.jsonl", make_lines(json_lines, appended=0.02)),
    Series("tar of many files", "images.tar", make_tar),
    Series("tar.gz of the same", "images.tar.gz", make_tar_gz),
    Series("Parquet", "table.parquet", make_parquet(content_defined=False), "pyarrow"),
    Series(
        "Parquet, content-defined chunks",
        "table.parquet",
        make_parquet(content_defined=True),
        "pyarrow",
    ),
    Series("random bytes", "noise.bin", make_unrelated),
]
