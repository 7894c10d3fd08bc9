"""``make checkpoints``: the example runs against a real portal, and sees what is not there."""

import sys
from importlib import util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.live import MANAGE, fresh_database, start_portal


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example with a small network that learns noise."""
    path = MANAGE.parent / "examples" / "checkpoints.py"
    spec = util.spec_from_file_location("checkpoints", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(1)
    images = rng.integers(0, 17, (512, 64)), rng.integers(0, 10, 512)
    monkeypatch.setattr(module, "load_images", lambda: images)
    monkeypatch.setattr(module, "WIDTH", 32)
    monkeypatch.setattr(module, "CHECKPOINTS", 4)
    monkeypatch.setattr(sys, "argv", ["checkpoints.py"])
    return module


def test_a_kind_without_its_package_is_skipped_in_so_many_words(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(example, "find_spec", lambda package: package == "numpy")
    assert example.find_kinds() == ["npz"]
    said = capsys.readouterr().out
    assert ".pth is skipped: torch is not installed (make checkpoints TORCH=1)" in said


@pytest.mark.slow
def test_every_check_is_good_on_a_portal_of_its_own(
    example: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(example, "find_spec", lambda package: package == "numpy")
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        monkeypatch.setenv("RUNICORN_TRACKING_URI", portal.url)
        try:
            assert example.main()
        finally:
            portal.stop()
    said = capsys.readouterr().out
    assert "ok  .npz: 4 of 4 came back byte for byte" in said
    assert "ok  .npz: 2 of 2 came back byte for byte" in said
    assert "ok  the portal counts what the disk holds" in said
