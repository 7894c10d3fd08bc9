"""Checkpoints of a network, in the layout of safetensors.

8 bytes with the length of the header, the header (JSON, padded to 8 bytes), the tensors. The header
holds a history that grows with each checkpoint, as real ones do, so that every tensor moves: what
is cut at fixed places shares nothing any more.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.revisions import Make, Revision, random_source

LAYERS = 20


@dataclass(frozen=True)
class Training:
    """``frozen``: a share of the layers; ``states``: the optimizer's arrays for each other one."""

    frozen: float
    states: int = 0


def make_checkpoints(training: Training) -> Make:
    """The series of checkpoints that ``training`` writes."""

    def make(size: int, count: int, seed: int) -> Iterator[Revision]:
        return _train(training, size, count, seed)

    return make


def _train(training: Training, size: int, count: int, seed: int) -> Iterator[Revision]:
    rng = random_source(seed)
    first_trained = round(LAYERS * training.frozen)
    weights = LAYERS + training.states * (LAYERS - first_trained)
    shape = (max(1, size // weights // 4 // 256), 256)
    tensors = {f"layers.{n:02}.weight": _tensor(rng, shape) for n in range(LAYERS)}
    trained = sorted(tensors)[first_trained:]
    history: list[dict[str, float]] = []
    for step in range(count):
        history.append({"step": step, "loss": float(rng.random())})
        for name in trained:
            for state in range(training.states):
                tensors[f"optimizer.{state}.{name}"] = _tensor(rng, shape)
            tensors[name] = _tensor(rng, shape)
        yield _revision(tensors, history, kept=first_trained if step else 0)


def _tensor(rng: np.random.Generator, shape: tuple[int, int]) -> bytes:
    return (rng.random(shape, np.float32) - np.float32(0.5)).tobytes()


def _revision(tensors: Mapping[str, bytes], history: list[dict[str, float]], kept: int) -> Revision:
    content = to_safetensors(tensors, {"history": json.dumps(history)})
    one = len(next(iter(tensors.values())))
    return Revision(content, len(content) - kept * one)


def to_safetensors(tensors: Mapping[str, bytes], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file: ``tensors`` of float32 with 256 columns."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    offset = 0
    for name, data in tensors.items():
        place = [offset, offset + len(data)]
        header[name] = {"dtype": "F32", "shape": [len(data) // 1024, 256], "data_offsets": place}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *tensors.values()])
