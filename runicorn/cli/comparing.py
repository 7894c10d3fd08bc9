"""``runicorn artifacts diff``: what changed between two versions."""

import json
from collections.abc import Iterable
from typing import Annotated

import typer

from runicorn import comparisons, payloads
from runicorn.api import Client
from runicorn.cli import options, suggestions
from runicorn.cli.lookup import find_version
from runicorn.cli.output import print_json, print_line, print_table, say
from runicorn.cli.text import human_size
from runicorn.errors import NotComparable
from runicorn.tagging import whose

MAX_TENSOR_FILES = 20
TENSOR_SUFFIXES = (".safetensors", ".npz", ".npy")

First = Annotated[
    str,
    typer.Argument(
        metavar="NAME:REF",
        help="The one version; or both, as NAME:v2...v3.",
        autocompletion=suggestions.references,
    ),
]
Second = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME:REF", help="The other version.", autocompletion=suggestions.references
    ),
]
TextPath = Annotated[
    str | None, typer.Option("--text", metavar="PATH", help="Show what changed in this text file.")
]
TensorTables = dict[str, comparisons.TensorComparison]


def diff(
    first: First,
    second: Second = None,
    *,
    text: TextPath = None,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Show what changed from one version to another, of the same artifact or of two."""
    client = Client()
    pair = _find_pair(client, first, second, type_, team)
    if text is not None:
        _show_text(client, pair, text, as_json=as_json)
        return
    found = client.comparisons.versions(pair)
    tensors = _compare_tensors(client, pair, found)
    if as_json:
        print_json({**found, "tensors": tensors})
    else:
        _print(found, tensors)


def _find_pair(
    client: Client, first: str, second: str | None, type_: str | None, team: str | None
) -> comparisons.Pair:
    """The two versions by number, as what an alias means may change between two requests."""
    one, other = _split(first) if second is None else (first, second)
    before, after = (find_version(client, text, type_, team) for text in (one, other))
    return comparisons.Pair(
        before["name"], f"v{before['version']}", f"v{after['version']}", **whose(before),
        other=_full_name(after) if _full_name(after) != _full_name(before) else None,
    )  # fmt: skip


def _split(text: str) -> tuple[str, str]:
    name, colon, refs = text.rpartition(":")
    before, dots, after = refs.partition("...")
    if not (colon and before and dots and after):
        raise typer.BadParameter(f"{text} is one version; say another, or {name or text}:v2...v3")
    return f"{name}:{before}", f"{name}:{after}"


def _full_name(detail: payloads.VersionDetail) -> str:
    named = whose(detail)
    return f"{named['team']}/{named['artifact_type']}/{detail['name']}"


def _compare_tensors(
    client: Client, pair: comparisons.Pair, found: comparisons.Comparison
) -> TensorTables:
    """The tensors of the first changed files that have some."""
    paths = [
        row["path"] for row in found["files"]["rows"]
        if row["change"] == "changed" and row["path"].lower().endswith(TENSOR_SUFFIXES)
    ]  # fmt: skip
    tables: TensorTables = {}
    for path in paths[:MAX_TENSOR_FILES]:
        try:
            tables[path] = client.comparisons.tensors(pair, path)
        except NotComparable as error:
            say(error)
    if len(paths) > MAX_TENSOR_FILES:
        say(f"The tensors of {len(paths) - MAX_TENSOR_FILES} more files were not compared.")
    return tables


def _show_text(client: Client, pair: comparisons.Pair, path: str, *, as_json: bool) -> None:
    found = client.comparisons.text(pair, path)
    if as_json:
        print_json(found)
        return
    marks = {"context": " ", "removed": "-", "added": "+", "hunk": ""}
    for line in found["lines"]:
        print_line(f"{marks.get(line['kind'], '?')}{line['text']}")
        if line["is_unterminated"]:
            print_line("\\ No newline at end of file")
    if found["total"] > len(found["lines"]):
        say(f"{found['total'] - len(found['lines'])} more lines are not shown.")


def _print(found: comparisons.Comparison, tensors: TensorTables) -> None:
    print_line(_summary(found))
    _print_rows(("Change", "File", "Size"), map(_file_row, found["files"]["rows"]))
    _print_rows(
        ("Change", "Metadata", "Before", "After"),
        map(_metadata_row, found["metadata"]["rows"]),
    )
    _print_rows(
        ("Change", "Reference"),
        ((row["change"], row["uri"]) for row in found["references"]["rows"]),
    )
    _print_rows(("Change", "Input"), map(_input_row, found["inputs"]["rows"]))
    _print_rows(("Change", "Tag or alias"), _word_rows(found))
    for path, table in tensors.items():
        _print_rows(("Change", f"Tensor of {path}", "Form"), map(_tensor_row, table["tensors"]))
    _say_what_is_left(found, tensors)


def _summary(found: comparisons.Comparison) -> str:
    before, after, totals = found["before"], found["after"], found["files"]["totals"]
    counts = ", ".join(f"{total['num_files']} {kind}" for kind, total in totals.items())
    sizes = _arrow(human_size(before["size_bytes"]), human_size(after["size_bytes"]))
    return f"{_arrow(before['artifact'], after['artifact'])}: {counts}; {sizes}"


def _arrow(before: str | None, after: str | None) -> str:
    """What it was and is; only one of them where the other is not there or the same."""
    said = [one for one in (before, after) if one is not None]
    return " → ".join(dict.fromkeys(said))


def _print_rows(headers: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """A table with an empty line before it, where there is anything in it."""
    listed = list(rows)
    if listed:
        print_line("")
        print_table(headers, listed)


def _file_row(row: comparisons.FileChange) -> tuple[object, ...]:
    sizes = [
        human_size(one) if one is not None else None for one in (row["old_size"], row["new_size"])
    ]
    new_path = row["path"] if row["change"] != "removed" else None
    return row["change"], _arrow(row["old_path"], new_path), _arrow(*sizes)


def _metadata_row(row: comparisons.MetadataChange) -> tuple[object, ...]:
    has_before, has_after = row["change"] != "added", row["change"] != "removed"
    return (
        row["change"],
        row["path"],
        json.dumps(row["before"], ensure_ascii=False) if has_before else "",
        json.dumps(row["after"], ensure_ascii=False) if has_after else "",
    )


def _input_row(row: comparisons.InputChange) -> tuple[object, ...]:
    names = [f"{one['type']}/{one['artifact']}" if one else None for one in _sides(row)]
    return row["change"], _arrow(*names)


def _sides(row: comparisons.InputChange) -> tuple[comparisons.Input | None, ...]:
    return row["before"], row["after"]


def _word_rows(found: comparisons.Comparison) -> Iterable[tuple[object, ...]]:
    for words in (found["tags"], found["aliases"]):
        yield from (("added", word) for word in words["added"])
        yield from (("removed", word) for word in words["removed"])
    if found["description"]["changed"]:
        yield "changed", "(the description)"


def _tensor_row(row: comparisons.TensorChange) -> tuple[object, ...]:
    forms = [_form(one) if one else None for one in (row["before"], row["after"])]
    return row["change"], row["name"] or "(the array)", _arrow(*forms)


def _form(tensor: comparisons.Tensor) -> str:
    return f"{tensor['dtype']} [{', '.join(map(str, tensor['shape']))}]"


def _say_what_is_left(found: comparisons.Comparison, tensors: TensorTables) -> None:
    parts: list[tuple[str, int, int]] = [
        ("files", found["files"]["total"], len(found["files"]["rows"])),
        ("values of metadata", found["metadata"]["total"], len(found["metadata"]["rows"])),
        ("references", found["references"]["total"], len(found["references"]["rows"])),
        ("inputs", found["inputs"]["total"], len(found["inputs"]["rows"])),
        *(
            (f"tensors of {path}", table["total"], len(table["tensors"]))
            for path, table in tensors.items()
        ),
    ]
    for what, total, listed in parts:
        if total > listed:
            say(f"{total - listed} more {what} are not shown.")
