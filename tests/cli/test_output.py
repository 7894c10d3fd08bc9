"""Tables, fields and JSON."""

import json

import pytest

from runicorn.cli.output import print_fields, print_json, print_line, print_table, say

EVIL = "\x1b]0;owned\x07[red]name[/red]\n"


def test_json_holds_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": EVIL, "c1": "\x9b2J"})
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert json.loads(out) == {"name": EVIL, "c1": "\x9b2J"}


def test_a_table_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name", "Size"), [(EVIL, "1 B"), ("b", "20 KiB")])
    out = capsys.readouterr().out
    assert r"\x1b]0;owned\x07[red]name[/red]\n" in out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 4


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Path",), [("x" * 1024,)])
    assert "x" * 1024 in capsys.readouterr().out


def test_fields_and_lines_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields([("Name", EVIL)])
    print_line(EVIL)
    assert "\x1b" not in capsys.readouterr().out


def test_talk_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("a long sentence " * 20)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
