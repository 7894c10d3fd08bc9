"""Models, and what is measured of them: weights, curves, reports."""

import json
from typing import Any

import numpy as np

from examples.demo.moments import Facts, Make, Moment, chance
from examples.demo.plots import draw_lines, draw_matrix
from examples.demo.tables import to_csv
from examples.demo.tensors import (
    Tensors,
    count_parameters,
    make_network,
    write_npz,
    write_safetensors,
)
from examples.demo.texts import markdown_table

RATES = (0.003, 0.001, 0.0005, 0.0003)


def network(
    *,
    layers: int = 4,
    width: int = 96,
    dtype: str = "float32",
    first: float = 0.7,
    top: float = 0.95,
) -> Make:
    """A classifier in safetensors, from an accuracy of ``first`` on its way to ``top``."""

    def make(moment: Moment) -> Facts:
        tensors = make_network(moment, layers=layers, width=width, dtype=dtype)
        measured = measure(moment.name, moment.number, first, top)
        about = {"framework": "numpy", "accuracy": str(measured["accuracy"])}
        write_safetensors(moment.path("model.safetensors"), tensors, about)
        settings = {"layers": layers, "width": width, "dtype": dtype, "classes": 12}
        moment.write("config.json", json.dumps(settings, indent=2) + "\n")
        _write_card(moment, measured, tensors)
        return Facts({**measured, "parameters": count_parameters(tensors), "model": settings})

    return make


def regression(*, first: float = 24.0, best: float = 9.0, features: int = 64) -> Make:
    """A forecaster in ``.npz``, whose error in percent falls from ``first`` towards ``best``."""

    def make(moment: Moment) -> Facts:
        tensors = _coefficients(moment, features)
        measured = measure_error(moment.name, moment.number, first, best)
        write_npz(moment.path("model.npz"), tensors)
        _write_card(moment, measured, tensors)
        return Facts({**measured, "parameters": count_parameters(tensors)})

    return make


def embeddings(file: str, *, rows: int, more: int, width: int) -> Make:
    """Vectors in ``.npz``: those of earlier versions stay, new ones come as an array."""

    def make(moment: Moment) -> Facts:
        parts: Tensors = {
            f"part_{number:02d}": moment.rng("part", number).standard_normal(
                (rows if number == 1 else more, width), dtype=np.float32
            )
            for number in range(1, moment.number + 1)
        }
        write_npz(moment.path(file), parts)
        total = sum(len(part) for part in parts.values())
        return Facts({"rows": total, "width": width, "parts": len(parts), "normalized": False})

    return make


def report(*classes: str, of: str, first: float = 0.7, top: float = 0.95) -> Make:
    """How the model ``of`` does: a table for each class, a plot of what it takes for what."""

    def make(moment: Moment) -> Facts:
        measured = measure(of, moment.number, first, top)
        counts = _confusion(moment, len(classes), measured["accuracy"])
        recalls = (counts.diagonal() / counts.sum(axis=1)).round(3)
        rows = [
            (name, int(total), float(recall))
            for name, total, recall in zip(classes, counts.sum(axis=1), recalls, strict=True)
        ]
        moment.write("per_class.csv", to_csv(("class", "examples", "recall"), rows))
        moment.write("report.json", json.dumps({**measured, "confusion": counts.tolist()}) + "\n")
        draw_matrix(moment.path("plots/confusion.png"), counts)
        table = markdown_table(("class", "examples", "recall"), rows)
        moment.write(
            "README.md",
            f"# {moment.name}\n\nAccuracy **{measured['accuracy']:.1%}** of {of}.\n\n{table}",
        )
        worst = min(rows, key=lambda row: row[2])
        return Facts(
            {"accuracy": measured["accuracy"], "worst_class": worst[0], "recall": worst[2]}
        )

    return make


def backtest(*, of: str, first: float = 24.0, best: float = 9.0) -> Make:
    """How a forecaster would have done: week by week, beside the naive guess."""

    def make(moment: Moment) -> Facts:
        measured = measure_error(of, moment.number, first, best)
        ours = (measured["mape"] + moment.rng("weeks", moment.number).normal(0, 1.2, 26)).round(2)
        naive = (first + 2 + moment.rng("naive").normal(0, 1.5, 26)).round(2)
        rows = list(zip(range(1, 27), ours.tolist(), naive.tolist(), strict=True))
        moment.write("weeks.csv", to_csv(("week", "mape", "naive_mape"), rows))
        draw_lines(moment.path("plots/backtest.png"), ours.tolist(), naive.tolist())
        gain = round(float(naive.mean() - ours.mean()), 2)
        moment.write(
            "README.md",
            f"# {moment.name}\n\n{of} over 26 weeks (blue), and the naive guess (orange): the error"
            f" in percent is **{gain}** points lower.\n\n![week by week](plots/backtest.png)\n",
        )
        return Facts({"mape": measured["mape"], "gain_over_naive": gain, "weeks": 26})

    return make


def training_log(*, of: str) -> Make:
    """What a training said as it went: a line of JSON for each epoch, and the curve."""

    def make(moment: Moment) -> Facts:
        losses = curve(of, moment.number)
        lines = [json.dumps({"epoch": n, "loss": loss}) for n, loss in enumerate(losses, start=1)]
        moment.write("events.jsonl", "\n".join(lines) + "\n")
        draw_lines(moment.path("loss.png"), losses)
        return Facts({"epochs": len(losses), "loss": losses[-1]})

    return make


def bundle(moment: Moment) -> Facts:
    """What is copied to a device."""
    sizes = {"model.bin": 24_000, "runtime.bin": 60_000}
    for name, size in sizes.items():
        changed = moment.number if name == "model.bin" else 1
        moment.path(name).write_bytes(moment.rng(name, changed).bytes(size))
    moment.write("install.sh", f"#!/bin/sh\nset -eu\ncp model.bin /opt/edge/{moment.number}/\n")
    return Facts({"targets": ["edge-a", "edge-b"], "bytes": sum(sizes.values())})


def measure(name: str, number: int, first: float, top: float) -> dict[str, Any]:
    """What the version ``number`` of a classifier reaches; each seventh is a step back."""
    rng = chance(name, "measure", number)
    setback = 0.035 if number % 7 == 0 else 0.0
    accuracy = top - (top - first) * 0.78 ** (number - 1) - setback + float(rng.normal(0, 0.005))
    losses = curve(name, number)
    return {
        "accuracy": round(min(accuracy, 0.995), 4),
        "loss": losses[-1],
        "epochs": len(losses),
        "learning_rate": RATES[(number // 3) % len(RATES)],
    }


def measure_error(name: str, number: int, first: float, best: float) -> dict[str, Any]:
    """What the version ``number`` of a forecaster reaches, in percent."""
    rng = chance(name, "error", number)
    setback = 2.5 if number % 7 == 0 else 0.0
    mape = best + (first - best) * 0.8 ** (number - 1) + setback + float(rng.normal(0, 0.25))
    return {"mape": round(mape, 2), "horizon_days": 28, "learning_rate": RATES[number % len(RATES)]}


def curve(name: str, number: int) -> list[float]:
    """The loss after each epoch: later versions train longer and end lower."""
    epochs = 8 + 2 * number
    noise = chance(name, "curve", number).normal(0, 0.012, epochs)
    steps = np.arange(epochs)
    falling = 0.12 + 1.6 * 0.9 ** (steps + number) + noise
    return [round(float(max(loss, 0.02)), 4) for loss in falling]


def _coefficients(moment: Moment, features: int) -> Tensors:
    return {
        "scale": moment.rng("scale").standard_normal(features),
        "weights": moment.rng("weights", moment.number).standard_normal((features, 28)),
        "season": moment.rng("season", moment.number // 3).standard_normal((366, 4)),
    }


def _confusion(moment: Moment, classes: int, accuracy: float) -> np.ndarray:
    rng = moment.rng("confusion", moment.number)
    counts = rng.poisson(400 * (1 - accuracy) / classes, (classes, classes))
    counts[np.arange(classes), np.arange(classes)] = rng.poisson(400 * accuracy, classes)
    return counts


def _write_card(moment: Moment, measured: dict[str, Any], tensors: Tensors) -> None:
    draw_lines(moment.path("plots/loss.png"), curve(moment.name, moment.number))
    parts = [(f"`{name}`", list(values.shape)) for name, values in tensors.items()]
    values = markdown_table(("what", "value"), list(measured.items()))
    shapes = markdown_table(("name", "shape"), parts)
    text = f"# {moment.name}\n\n## Measured\n\n{values}\n## Tensors\n\n{shapes}"
    moment.write("README.md", text)
