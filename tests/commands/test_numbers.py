"""Durations that commands are given: what is none is refused before anything is done."""

import pytest
from django.core.management import CommandError, call_command

from artifacts.storage.layout import Store

OPTIONS = [
    ("scrub", "--max-duration"),
    ("rededup", "--max-duration"),
    ("collect", "--min-age-hours"),
    ("check_store", "--min-age-hours"),
]


@pytest.mark.parametrize("text", ["inf", "nan", "1e12", "-1", "soon"])
@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_what_is_no_duration_is_refused(store: Store, command: str, option: str, text: str) -> None:
    with pytest.raises(CommandError, match=f"{text!r} is no number from 0 to "):
        call_command(command, f"{option}={text}")


@pytest.mark.parametrize("text", ["0", "1.5", "876000"])
@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_a_duration_is_taken(store: Store, command: str, option: str, text: str) -> None:
    call_command(command, option, text)
