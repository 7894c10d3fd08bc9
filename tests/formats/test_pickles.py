"""What pickles reach for is found without loading them, and cannot be hidden."""

import collections
import datetime
import os
import pickle
import pickletools
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.formats.looking import Binary, Text
from artifacts.formats.pickles import Pickle, read_pickle
from tests.formats.sources import MIB, look, zipped


def imports(raw: bytes, *, is_whole: bool = True) -> list[tuple[str, str, bool]]:
    found = read_pickle(raw, is_whole=is_whole)
    return [(one.module, one.name, one.is_known) for one in found.imports]


class Evil:
    """Runs a program where it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("false",)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_import_nothing(protocol: int) -> None:
    found = read_pickle(pickle.dumps({"a": [1, "x", None]}, protocol), is_whole=True)
    assert found == Pickle((), 0, is_complete=True, needs_warning=False)


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_collections_are_on_the_list(protocol: int) -> None:
    value = [
        np.arange(3.0), np.float32(1), collections.OrderedDict(a=1), {1, 2}, {1j}, b"x",
        datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC), collections.Counter("ab"),
    ]  # fmt: skip
    found = read_pickle(pickle.dumps(value, protocol), is_whole=True)
    assert [one for one in found.imports if not one.is_known] == []
    assert found.imports
    assert (found.is_complete, found.needs_warning) == (True, False)


@pytest.mark.parametrize("protocol", range(6))
def test_what_runs_a_program_is_warned_of(protocol: int) -> None:
    found = read_pickle(pickle.dumps([Evil()], protocol), is_whole=True)
    assert [(one.module, one.name) for one in found.imports] == [("posix", "system")]
    assert (found.imports[0].is_known, found.needs_warning) == (False, True)


@pytest.mark.parametrize(
    ("raw", "module", "name"),
    [
        (b"cos\nsystem\n(S'id'\ntR.", "os", "system"),
        (b"(S'id'\nios\nsystem\n.", "os", "system"),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x02id\x85R.", "os", "system"),
        # The names come from the memo, with others put over them.
        (
            b"\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x8c\x05numpy0\x93)R.",
            "os",
            "system",
        ),
        # … or lie under what is taken away up to a mark.
        (b"\x80\x04\x8c\x02os\x8c\x06system(\x8c\x05numpy\x8c\x07ndarray1\x93.", "os", "system"),
        (b"\x80\x04\x8c\x02os2\x930.", "os", "os"),
        # … or are made by the pickle itself.
        (b"\x80\x04cbuiltins\nstr\n\x8c\x02os\x85R\x8c\x06system\x93.", "?", "system"),
        (b"\x80\x02\x82\x05.", "copyreg", "extension 5"),
    ],
)  # fmt: skip
def test_names_are_found_however_they_come_to_the_stack(raw: bytes, module: str, name: str) -> None:
    assert (module, name, False) in imports(raw)
    assert read_pickle(raw, is_whole=True).needs_warning


def test_a_name_with_a_space_is_none_on_the_list() -> None:
    assert imports(b"cnumpy ndarray\n\n.") == [("numpy", "ndarray ", False)]
    assert imports(b"cnumpy\nndarray.x\n.") == [("numpy", "ndarray.x", False)]


def test_pickles_that_follow_one_another_are_all_followed() -> None:
    first, second = pickle.dumps(1, 2), pickle.dumps([Evil()], 2)
    assert imports(first + second + b"\0" * 100) == [("posix", "system", False)]
    assert read_pickle(first + b"\0" * 100, is_whole=True).is_complete
    assert imports(first + b"cos\nsystem\n(S'id'\ntR") == [("os", "system", False)]


def test_what_is_cut_is_warned_of() -> None:
    raw = pickle.dumps([b"x" * 1000, {"a": 1}], 4)
    for end in (500, len(raw) - 1):
        found = read_pickle(raw[:end], is_whole=False)
        assert (found.is_complete, found.needs_warning) == (False, True)


def test_bytes_beyond_what_is_looked_at_are_said(tmp_path: Path) -> None:
    found = look(pickle.dumps([np.zeros(MIB)], 4), "model.pkl")
    assert isinstance(found.content, Pickle)
    assert (found.is_truncated, found.content.needs_warning) == (True, True)
    assert ("numpy", "ndarray") in [(one.module, one.name) for one in found.content.imports]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_data_of_a_torch_archive_is_looked_at(method: int) -> None:
    value = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nctorch\nFloatStorage\n\x86."
    content = zipped({"m/data.pkl": value, "m/data/0": bytes(100)}, method)
    found = look(content, "model.pt").content
    assert isinstance(found, Pickle)
    assert [(one.name, one.is_known) for one in found.imports] == [
        ("_rebuild_tensor_v2", True),
        ("FloatStorage", True),
    ]
    assert (found.is_complete, found.needs_warning) == (True, False)


def test_a_second_data_pkl_hides_nothing() -> None:
    members = {"m/data.pkl": b"\x80\x02N.", "x/data.pkl": b"cos\nsystem\n)R."}
    found = look(zipped(members), "model.bin").content
    assert isinstance(found, Pickle)
    assert found.needs_warning


def test_a_packed_bomb_is_unpacked_to_the_limit_only() -> None:
    began = time.process_time()
    packed = zipped({"m/data.pkl": b"\x80\x02" + b"N0" * 20_000_000}, zipfile.ZIP_DEFLATED)
    began = time.process_time()
    found = look(packed, "model.pt").content
    assert isinstance(found, Pickle)
    assert (found.is_complete, found.needs_warning) == (False, True)
    assert time.process_time() - began < 5


def test_an_archive_without_a_pickle_is_dumped() -> None:
    assert isinstance(look(zipped({"a.txt": b"x"}), "model.pt").content, Binary)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x80\x02" + b"(" * 500_000 + b".",
        b"\x80\x02" + b"N" * 1_000_000,
        b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f",
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f",
        b"\x80\x02\x8b\xff\xff\xff\x7f",
        b"\x80\x02I" + b"9" * 900_000 + b"\n.",
        b"\x80\x02L" + b"9" * 900_000 + b"L\n.",
        b"\x80\x02" + b"2" * 500_000 + b"1" * 400_000 + b".",
        b"\x80\x02" + b"cA\nB\n" * 100_000 + b".",
        b"\x80\x02" + b"".join(b"cm\nn%d\n" % n for n in range(80_000)) + b".",
    ],
    ids=lambda raw: repr(raw[:8]),
)
def test_hostile_pickles_take_little_time(raw: bytes) -> None:
    began = time.process_time()
    found = look(raw, "a.pkl").content
    assert time.process_time() - began < 6
    if isinstance(found, Pickle):
        assert found.needs_warning
        assert len(found.imports) <= 1000


def test_names_that_are_no_unicode_are_shown() -> None:
    raw = b"\x80\x04\x8c\x03\xed\xa0\x80\x8c\x01x\x93."
    assert imports(raw) == [("?", "x", False)]


def test_what_is_called_a_pickle_and_is_text_is_text() -> None:
    found = look(b"hello, this is a letter", "a.pkl")
    assert isinstance(found.content, Text)
    assert found.notes == ("It is no pickle.",)


def test_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **named: Any) -> Any:
        raise AssertionError("something was loaded")

    raw = pickle.dumps([Evil()])
    monkeypatch.setattr(os, "system", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    assert isinstance(look(raw, "a.pkl").content, Pickle)
    assert pickletools.optimize(pickle.dumps(1))
