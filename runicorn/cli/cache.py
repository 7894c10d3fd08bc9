"""``runicorn cache``: what was downloaded and is kept on this machine."""

from typing import Annotated, Any

import typer

from runicorn.cache import Cache, Cached, open_cache
from runicorn.cli import options
from runicorn.cli.output import print_table, say, show
from runicorn.cli.text import counted, human_size, human_time
from runicorn.errors import IntegrityError
from runicorn.progress import reporting
from runicorn.scratch import list_folders, remove_abandoned, scratch_path
from runicorn.transfer import Transfer

app = typer.Typer(no_args_is_help=True, help="Content that was downloaded, kept on this machine.")

Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
MaxBytes = Annotated[
    str | None,
    typer.Option(
        "--max-bytes",
        metavar="BYTES",
        help="Leave at most so many bytes (default: the cap); 0: nothing.",
    ),
]


@app.command("ls")
def list_cache(*, limit: Limit = None, as_json: options.Json = False) -> None:
    """List what is in the cache, what was used last on top."""
    cache = _require_cache()
    files = cache.list_all()[::-1]
    rows = [_row(one) for one in files[:limit]]
    total = sum(one.size_bytes for one in files)
    show(rows, _print_rows, as_json=as_json)
    used, cap = human_size(total), human_size(cache.max_bytes)
    say(f"{counted(len(files), 'file')}, {used} of at most {cap} in {cache.root}")
    folders = list_folders(base) if (base := scratch_path()) else []
    if folders:
        size = human_size(sum(one.size_bytes for one in folders))
        say(f"{_downloads(len(folders))}, {size} in {base}")


@app.command()
def prune(*, max_bytes: MaxBytes = None, as_json: options.Json = False) -> None:
    """Remove what was used longest ago; what others fetch just now stays.

    Downloads that were given no folder go too, once their process has ended.
    """
    pruned = _require_cache().prune(_parse_bytes(max_bytes))
    gone = remove_abandoned(base) if (base := scratch_path()) else []
    summary = {
        "removed_files": pruned.removed_files,
        "removed_bytes": pruned.removed_bytes,
        "left_files": pruned.left_files,
        "left_bytes": pruned.left_bytes,
        "removed_downloads": len(gone),
        "removed_downloads_bytes": sum(one.size_bytes for one in gone),
    }
    show(summary, lambda _: None, as_json=as_json)
    removed, left = human_size(pruned.removed_bytes), human_size(pruned.left_bytes)
    say(f"Removed {counted(pruned.removed_files, 'file')}, {removed}; {left} left")
    if gone:
        say(f"Removed {_downloads(len(gone))}, {human_size(sum(one.size_bytes for one in gone))}")


def _downloads(count: int) -> str:
    return f"{counted(count, 'download')} that {'was' if count == 1 else 'were'} given no folder"


def _parse_bytes(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdecimal()):
        why = f"{text!r} is no number of bytes: use 0 or a whole number, such as 1000000000"
        raise typer.BadParameter(why, param_hint="--max-bytes")
    return None if text is None else int(text)


@app.command()
def verify(*, as_json: options.Json = False) -> None:
    """Hash everything in the cache; what is damaged is removed, and the exit code is 5."""
    cache = _require_cache()
    files = [one for one in cache.list_files() if not one.is_partial]
    with reporting(None, "the cache") as bar:
        bar.start("Verifying", sum(one.size_bytes for one in files))
        damaged = cache.find_damaged(Transfer(bar))
    show([_row(one) for one in damaged], _print_damaged, as_json=as_json)
    if damaged:
        raise IntegrityError(
            f"{len(damaged)} of {counted(len(files), 'file')} damaged, and so removed"
        )
    say("1 file is intact" if len(files) == 1 else f"{len(files)} files are intact")


def _require_cache() -> Cache:
    cache = open_cache()
    if cache is None:
        raise ValueError("There is no cache: RUNICORN_CACHE_BYTES is 0, or there is no home")
    return cache


def _row(one: Cached) -> dict[str, Any]:  # a row of the JSON
    return {
        "digest": None if one.is_record else one.digest,
        "version": one.path.stem if one.is_record else None,
        "size_bytes": one.size_bytes,
        "used_at": one.used_at,
        "is_partial": one.is_partial,
        "path": str(one.path),
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    states = ["partial" if row["is_partial"] else "whole" for row in rows]
    _print_table(rows, states)


def _print_damaged(rows: list[dict[str, Any]]) -> None:
    _print_table(rows, ["damaged"] * len(rows))


def _print_table(rows: list[dict[str, Any]], states: list[str]) -> None:
    cells = [
        (
            row["digest"] or row["version"],
            human_size(row["size_bytes"]),
            human_time(row["used_at"]),
            state,
        )
        for row, state in zip(rows, states, strict=True)
    ]
    if cells:  # how many there are is said anyway
        print_table(("Digest", "Size", "Used", "State"), cells)
