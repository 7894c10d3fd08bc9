"""The bar: only where somebody looks, and never in the way."""

import pytest

from runicorn.cli.progress import Bar


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.start("Hashing", 10)
        bar.advance(10)
        bar.start("Uploading", 5)
        bar.advance(-5)
    assert capsys.readouterr() == ("", "")


def test_progress_before_the_first_phase_is_no_accident() -> None:
    with Bar() as bar:
        bar.advance(1)


def test_an_exception_passes_through() -> None:
    with pytest.raises(RuntimeError), Bar():
        raise RuntimeError
