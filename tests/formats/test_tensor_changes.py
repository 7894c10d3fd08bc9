"""Which tensors changed, told from their bytes, or said not to be known."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from artifacts.formats.source import Unreadable
from artifacts.formats.tensor_changes import OpenTensors, compare_tensors, count_changes
from artifacts.formats.tensors import read_tensors
from tests.formats.sources import MIB, npy, npz, reader_of, safetensors, zipped

OLD = {
    "same": np.arange(100, dtype=np.float32),
    "other": np.zeros(100, dtype=np.float32),
    "form": np.zeros((4, 5), dtype=np.float32),
    "type": np.zeros(4, dtype=np.float32),
    "gone": np.zeros(2, dtype=np.float32),
}
NEW = {
    "come": np.zeros(3, dtype=np.float32),
    "form": np.zeros((5, 4), dtype=np.float32),
    "other": np.array([0] * 99 + [1], dtype=np.float32),
    "same": np.arange(100, dtype=np.float32),
    "type": np.zeros(2, dtype=np.int64),
}
EXPECTED = {
    "come": "added", "form": "reshaped", "gone": "removed", "other": "changed", "same": "unchanged",
    "type": "reshaped",
}  # fmt: skip


def opened(content: bytes, path: str, budget: int = 64 * MIB) -> OpenTensors:
    return OpenTensors(reader_of(content, budget), read_tensors(reader_of(content), path))


def changes(before: OpenTensors, after: OpenTensors, **more: Any) -> dict[str, str]:
    return {one.name: one.change for one in compare_tensors(before, after, **more)}


def test_safetensors_are_compared_wherever_the_values_lie() -> None:
    before, after = (opened(safetensors(one), "m.safetensors") for one in (OLD, NEW))
    assert changes(before, after) == EXPECTED
    assert count_changes(compare_tensors(before, after))["reshaped"] == 2


def test_layers_come_in_the_order_of_their_numbers() -> None:
    names = [
        "b",
        "layer.1.w",
        "layer.2.w",
        "layer.10.b",
        "layer.10.w",
        "layer.x",
        "z" * 9 + "9" * 99,
    ]
    file = opened(safetensors(dict.fromkeys(reversed(names), OLD["same"])), "m.safetensors")
    assert list(changes(file, file)) == names


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("was_packed", [False, True])
def test_npz_are_compared_however_they_are_packed(*, is_packed: bool, was_packed: bool) -> None:
    before = opened(npz(**OLD, is_packed=was_packed), "m.npz")
    after = opened(npz(**NEW, is_packed=is_packed), "m.npz")
    assert changes(before, after) == EXPECTED


def test_the_order_of_the_axes_counts() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    before, after = opened(npy(array), "a.npy"), opened(npy(np.asfortranarray(array)), "a.npy")
    assert changes(before, after) == {"": "changed"}


def test_what_is_too_much_is_not_compared_and_the_smallest_come_first() -> None:
    arrays = {name: np.zeros(size, np.float32) for name, size in (("c", 90), ("a", 50), ("b", 5))}
    before, after = (opened(safetensors(arrays), "m.safetensors", budget=300) for _ in range(2))
    assert changes(before, after) == {"a": "unchanged", "b": "unchanged", "c": "uncompared"}
    before, after = (opened(safetensors(arrays), "m.safetensors", budget=0) for _ in range(2))
    found = compare_tensors(before, after)
    assert [one.is_compared for one in found] == [False] * 3


def test_the_same_content_is_not_read() -> None:
    before, after = (opened(safetensors(OLD), "m.safetensors", budget=0) for _ in range(2))
    assert set(changes(before, after, is_same_content=True).values()) == {"unchanged"}


def test_bombs_are_not_unpacked_over_the_budget() -> None:
    zeros = npy(np.zeros(MIB, dtype=np.int8))
    content = zipped({f"{n}.npy": zeros for n in range(6)}, zipfile.ZIP_DEFLATED)
    before, after = (opened(content, "m.npz", budget=5 * MIB // 2) for _ in range(2))
    found = sorted(changes(before, after).values())
    assert found == ["unchanged"] * 2 + ["uncompared"] * 4


def test_a_member_shorter_than_it_claims_is_refused() -> None:
    content = zipped({"a.npy": npy(np.zeros(1000))[:200]})
    true, claimed = (200).to_bytes(4, "little"), (8128).to_bytes(4, "little")
    at = content.rindex(true, 0, content.rindex(b"a.npy"))
    lying = content[:at] + claimed + content[at + 4 :]
    before, after = opened(lying, "m.npz"), opened(lying, "m.npz")
    with pytest.raises(Unreadable, match="shorter"):
        changes(before, after)


def test_a_name_that_comes_twice_is_told_apart() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = twice(npy(np.zeros(2)), npy(np.ones(2)))
    other = zipped({"a.npy": npy(np.zeros(2))})
    assert changes(opened(content, "m.npz"), opened(other, "m.npz")) == {
        "a": "unchanged",
        "a (2)": "removed",
    }


def twice(one: bytes, other: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.npy", one)
        archive.writestr("a.npy", other)
    return out.getvalue()
