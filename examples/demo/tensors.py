"""Tensors as files: safetensors, and numpy's ``.npz``."""

import json
import struct
from pathlib import Path

import numpy as np

from examples.demo.moments import Moment

Tensors = dict[str, np.ndarray]

_DTYPES = {"float32": "F32", "float16": "F16", "int8": "I8", "int64": "I64"}


def write_safetensors(path: Path, tensors: Tensors, about: dict[str, str]) -> None:
    """Write ``tensors`` in their order: the length of a header of JSON, the header, the bytes."""
    header: dict[str, object] = {"__metadata__": about}
    end = 0
    for name, values in tensors.items():
        start, end = end, end + values.nbytes
        header[name] = {
            "dtype": _DTYPES[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(values.tobytes())


def write_npz(path: Path, tensors: Tensors) -> None:
    """Write ``tensors`` as numpy keeps them: a zip, not compressed."""
    np.savez(path, **tensors)  # type: ignore[arg-type]  # none is called allow_pickle


def make_network(moment: Moment, *, layers: int, width: int, dtype: str = "float32") -> Tensors:
    """The weights at this version. The first layers are frozen the longest, the last one never."""
    tensors: Tensors = {"embedding.weight": _weights(moment, "embedding", (width, 64), dtype, 1)}
    for layer in range(layers):
        trained = _last_trained(moment.number, every=layers - layer)
        name = f"encoder.{layer}"
        tensors[f"{name}.weight"] = _weights(moment, name, (width, width), dtype, trained)
        tensors[f"{name}.bias"] = _weights(moment, f"{name}.bias", (width,), dtype, trained)
    tensors["head.weight"] = _weights(moment, "head", (12, width), dtype, moment.number)
    return tensors


def count_parameters(tensors: Tensors) -> int:
    """How many numbers there are in all."""
    return sum(values.size for values in tensors.values())


def _last_trained(number: int, *, every: int) -> int:
    """The version up to ``number`` in which what is trained in each ``every``-th one was."""
    return max(1, number - number % every)


def _weights(
    moment: Moment, layer: str, shape: tuple[int, ...], dtype: str, trained: int
) -> np.ndarray:
    rng = moment.rng(layer, trained)
    if dtype == "int8":
        return rng.integers(-127, 128, shape, dtype=np.int8)
    values = rng.standard_normal(shape, dtype=np.float32) * np.float32(0.05)
    return values.astype(dtype)
