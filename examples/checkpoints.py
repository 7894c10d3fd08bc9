"""Train a network, keep each of its checkpoints, and prove that every byte comes back.

Start the portal with ``make run``, then ``make checkpoints`` in a second terminal. A network learns
handwritten digits while its layers are frozen one by one. Twenty checkpoints are logged as .npz, as
safetensors and, where torch is installed, as .pth (``make checkpoints TORCH=1`` installs it); all
are downloaded and compared, every second one is deleted for good, and what the portal says it
stores is compared with the disk. Exits 1 when anything disagrees. Nobody else should use the
portal meanwhile.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import runicorn as rn

CHECKPOINTS = 20
WIDTH = 1024
LAYERS = 5
STEPS = 8  # of gradient descent from one checkpoint to the next
FREEZE_AFTER = {3: 1, 6: 2, 9: 3, 12: 4}  # checkpoints: how many layers stay from then on
MIB = 1 << 20

Weights = dict[str, np.ndarray]
Write = Callable[[Path, Weights, str], None]


def write_npz(path: Path, weights: Weights, history: str) -> None:
    """As numpy keeps arrays: a zip, not compressed."""
    np.savez(path, history=np.frombuffer(history.encode(), np.uint8), **weights)


def write_safetensors(path: Path, weights: Weights, history: str) -> None:
    """The history in the header moves all that follows."""
    from safetensors.numpy import save_file  # noqa: PLC0415 (optional)

    save_file(weights, path, metadata={"history": history})


def write_pth(path: Path, weights: Weights, history: str) -> None:
    """As torch keeps a state."""
    import torch  # noqa: PLC0415 (optional)

    state = {name: torch.from_numpy(values) for name, values in weights.items()}
    torch.save({"history": history, "state": state}, path)


# suffix: the package that must be there, and what writes it
KINDS: dict[str, tuple[str, Write]] = {
    "npz": ("numpy", write_npz),
    "safetensors": ("safetensors", write_safetensors),
    "pth": ("torch", write_pth),
}


def train() -> Iterator[tuple[Weights, str]]:
    """The weights after each few steps, and the losses so far as JSON."""
    images, labels = load_images()
    inputs, targets = (images / 16).astype(np.float32)[:512], np.eye(10, dtype=np.float32)[labels]
    weights = make_network(np.random.default_rng(0))
    losses: list[float] = []
    frozen = 0
    for number in range(1, CHECKPOINTS + 1):
        losses += [step(weights, inputs, targets[:512], frozen) for _ in range(STEPS)]
        yield weights, json.dumps(losses)
        frozen = FREEZE_AFTER.get(number, frozen)
    print(f"loss {losses[0]:.3f} at the beginning, {losses[-1]:.3f} in the end")


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits of 64 pixels, 0 to 16, and which digit each is."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 (so that a test can do without)

    images, labels = load_digits(return_X_y=True)
    return images, labels


def make_network(rng: np.random.Generator) -> Weights:
    """Random weights: 64 pixels in, layers of ``WIDTH``, 10 digits out."""
    sizes = [64, *[WIDTH] * (LAYERS - 1), 10]
    return {
        f"layer{n}.weight": rng.normal(0, (2 / sizes[n]) ** 0.5, (sizes[n], sizes[n + 1])).astype(
            np.float32
        )
        for n in range(LAYERS)
    }


def step(weights: Weights, inputs: np.ndarray, targets: np.ndarray, frozen: int) -> float:
    """One step of gradient descent on the layers from ``frozen`` on; returns the loss before it."""
    layers = [weights[f"layer{n}.weight"] for n in range(LAYERS)]
    values = [inputs]
    for layer in layers[:-1]:
        values.append(np.maximum(values[-1] @ layer, 0))
    scores = values[-1] @ layers[-1]
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    gradient = (chances - targets) / np.float32(len(inputs))
    for number in reversed(range(frozen, LAYERS)):
        change = values[number].T @ gradient
        gradient = (gradient @ layers[number].T) * (values[number] > 0)
        layers[number] -= np.float32(0.05) * change
    return float(-np.log((chances * targets).sum(axis=1) + 1e-9).mean())


def write_checkpoints(folder: Path, kinds: list[str]) -> dict[str, list[Path]]:
    """Train, and write each checkpoint in every kind; the files by kind."""
    written: dict[str, list[Path]] = {kind: [] for kind in kinds}
    for number, (weights, history) in enumerate(train(), start=1):
        for kind in kinds:
            path = folder / kind / str(number) / f"model.{kind}"
            path.parent.mkdir(parents=True)
            KINDS[kind][1](path, weights, history)
            written[kind].append(path)
    return written


def find_kinds() -> list[str]:
    """The kinds that can be written here; says which cannot."""
    for kind, (package, _) in KINDS.items():
        if not find_spec(package):
            print(f".{kind} is skipped: {package} is not installed (make checkpoints TORCH=1)")
    return [kind for kind, (package, _) in KINDS.items() if find_spec(package)]


def log_all(run: rn.Run, kind: str, paths: list[Path]) -> list[int]:
    """Log each file as a version; returns the numbers."""
    return [run.log_artifact(rn.Artifact(name_of(kind), "model").add_file(path)) for path in paths]


def name_of(kind: str) -> str:
    """The artifact of the checkpoints of one kind."""
    return f"digits-network-{kind}"


def compare(run: rn.Run, kind: str, stored: dict[int, Path], folder: Path) -> bool:
    """Whether each version comes back as the file that was logged."""
    same = []
    for number, path in stored.items():
        artifact = run.use_artifact(f"{name_of(kind)}:v{number}", type="model")
        found = artifact.download(folder / kind / str(number)) / path.name
        same.append(found.read_bytes() == path.read_bytes())
    return report(f".{kind}: {sum(same)} of {len(same)} came back byte for byte", good=all(same))


def delete_half(client: rn.Client, kind: str, stored: dict[int, Path]) -> bool:
    """Delete every second version for good; whether the pool shrank by what was said."""
    before = pool_bytes(client)
    freed = 0
    for number in list(stored)[::2]:
        answer = client.delete_version(name_of(kind), number, permanent=True, artifact_type="model")
        freed += answer["freed_bytes"]
        del stored[number]
    shrank = before - pool_bytes(client)
    text = f".{kind}: deleted half, {freed / MIB:.1f} MiB freed; the pool shrank by"
    return report(f"{text} {shrank / MIB:.1f}", good=shrank == freed)


def pool_bytes(client: rn.Client) -> int:
    """What the portal says that it stores."""
    return client.get_stats()["dedup_pool_size_bytes"]


def find_store(client: rn.Client, kind: str, number: int) -> Path | None:
    """The root of the store, from where a file of it lies; None on another machine."""
    (file,) = client.get_files(name_of(kind), number, artifact_type="model")["files"]
    if not file["absolute_path"]:
        return None
    return Path(file["absolute_path"]).parents[5]  # artifacts/{type}/{name}/v{N}/files/{path}


def compare_disk(client: rn.Client, store: Path | None) -> bool:
    """Whether the files of the pool have the bytes that the portal counts."""
    stats = client.get_stats()
    print(
        f"stored {stats['dedup_pool_size_bytes'] / MIB:.1f} MiB "
        f"for {stats['total_size_bytes'] / MIB:.1f}: {stats['dedup_ratio']:.0%} saved"
    )
    if store is None:
        print("the disk is not looked at: the portal runs elsewhere (--store says where it is)")
        return True
    files = [path.stat() for path in (store / "artifacts" / ".dedup").glob("*/*")]
    size, blocks = sum(file.st_size for file in files), sum(file.st_blocks for file in files)
    print(f"on the disk: {len(files)} files, {size} bytes, {blocks * 512} in blocks (du)")
    slack = os.statvfs(store).f_frsize * len(files)
    good = size == stats["dedup_pool_size_bytes"] and 0 <= blocks * 512 - size <= slack
    return report("the portal counts what the disk holds", good=good)


def report(text: str, *, good: bool) -> bool:
    """Say how a check went; returns ``good``."""
    print(f"{'ok ' if good else 'NOT'} {text}")
    return good


def main() -> bool:
    """Run it all; whether every check was good."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--store", type=Path, help="the storage root, where it is not found")
    store: Path | None = options.parse_args().store
    client = rn.Client()
    checks = []
    with tempfile.TemporaryDirectory() as name, rn.init(project="digits", name="keep") as run:
        folder = Path(name)
        for kind, paths in write_checkpoints(folder / "written", find_kinds()).items():
            before = pool_bytes(client)
            stored = dict(zip(log_all(run, kind, paths), paths, strict=True))
            logical = sum(path.stat().st_size for path in paths)
            took = pool_bytes(client) - before
            print(f".{kind}: {len(paths)} of {logical / MIB:.0f} MiB took {took / MIB:.1f} MiB")
            store = store or find_store(client, kind, min(stored))
            checks.append(compare(run, kind, stored, folder / "back"))
            checks.append(delete_half(client, kind, stored))
            checks.append(compare(run, kind, stored, folder / "again"))
    checks.append(compare_disk(client, store))
    return all(checks)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
