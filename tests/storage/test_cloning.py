"""Clones where the filesystem has them; elsewhere nothing happened."""

import fcntl
from pathlib import Path
from typing import Any

import pytest

from artifacts.storage.durable import try_clone


def test_a_clone_is_the_content_or_was_not_made(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(content := bytes(range(256)) * 1024)
    with (tmp_path / "source").open("rb") as source, (tmp_path / "target").open("xb") as target:
        is_cloned = try_clone(source, target.fileno())
    assert (tmp_path / "target").read_bytes() == (content if is_cloned else b"")
    assert (tmp_path / "source").read_bytes() == content


def test_the_filesystem_is_asked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda *given: asked.append(given))
    (tmp_path / "source").write_bytes(b"content")
    with (tmp_path / "source").open("rb") as source, (tmp_path / "target").open("xb") as target:
        assert try_clone(source, target.fileno())
        assert asked == [(target.fileno(), 0x40049409, source.fileno())]
