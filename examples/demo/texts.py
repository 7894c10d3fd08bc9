"""Configs and documents that are edited a little from version to version."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from examples.demo.moments import Facts, Make, Moment

Values = Mapping[str, Sequence[Any]]
"""Keys such as ``optimizer.learning_rate``, and what they are one after the other."""


def config(file: str, values: Values) -> Make:
    """A YAML or JSON file; with each version one key of ``values`` takes its next value."""

    def make(moment: Moment) -> Facts:
        settings = settings_at(values, moment.number)
        nested = _nest(settings)
        is_json = file.endswith(".json")
        text = json.dumps(nested, indent=2, ensure_ascii=False) if is_json else to_yaml(nested)
        moment.write(file, text.rstrip("\n") + "\n")
        return Facts({"changed": changed_key(values, moment.number), **settings})

    return make


def settings_at(values: Values, number: int) -> dict[str, Any]:
    """The settings of version ``number``, the first of each key in version 1."""
    edits = number - 1
    turns = {
        key: (edits + len(values) - 1 - place) // len(values) for place, key in enumerate(values)
    }
    return {key: options[turns[key] % len(options)] for key, options in values.items()}


def changed_key(values: Values, number: int) -> str | None:
    """The key that version ``number`` changed; None for the first."""
    return None if number == 1 else list(values)[(number - 2) % len(values)]


def to_yaml(value: Mapping[str, Any], depth: int = 0) -> str:
    """``value`` as YAML: what it holds is plain, or lists of what is plain."""
    lines = []
    for key, held in value.items():
        if isinstance(held, Mapping):
            lines.append(f"{'  ' * depth}{key}:\n{to_yaml(held, depth + 1)}")
        else:
            lines.append(f"{'  ' * depth}{key}: {json.dumps(held, ensure_ascii=False)}\n")
    return "".join(lines)


def guide(title: str, paragraphs: Sequence[str]) -> Make:
    """A document in Markdown that gets a paragraph more with each version."""

    def make(moment: Moment) -> Facts:
        shown = paragraphs[: 1 + moment.number]
        chapters = [f"## {number}. {text}\n" for number, text in enumerate(shown, start=1)]
        moment.write("README.md", f"# {title}\n\n" + "\n".join(chapters))
        return Facts({"chapters": len(shown)})

    return make


def vocabulary(words: str, size: int) -> Make:
    """What a tokenizer knows: ``size`` pieces, and how they were joined."""
    stems = words.split()

    def make(moment: Moment) -> Facts:
        count = size + 64 * (moment.number - 1)
        pieces = [f"{stems[i % len(stems)]}{i // len(stems) or ''}" for i in range(count)]
        moment.write("vocab.txt", "\n".join(["<pad>", "<unk>", *pieces]) + "\n")
        rules = {"lowercase": moment.number > 1, "unknown": "<unk>", "version": moment.number}
        moment.write("tokenizer.json", json.dumps(rules, indent=2) + "\n")
        return Facts({"vocabulary_size": count + 2, **rules})

    return make


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def _nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        *folders, last = key.split(".")
        place = nested
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return nested
