"""The client's rules for names are the server's: what one takes, the other takes, in one form."""

import re
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from artifacts import names
from lineage import references
from runicorn import rules, specs
from runicorn.specs import parse_spec

T = TypeVar("T")
PAIRS = {
    "name": (names.check_name, rules.check_name),
    "alias": (names.check_alias, rules.check_movable_alias),
    "path": (names.check_path, rules.check_path),
    "type": (names.check_type, rules.check_type),
    "run id": (references.check_run_id, rules.check_run_id),
    "team": (names.check_team, rules.check_team),
    "time": (
        lambda text: names.check_time(text).isoformat(),
        lambda text: rules.check_time(text).isoformat(),
    ),
}
TEXTS = st.text(
    st.one_of(
        st.characters(), st.sampled_from('ab./-_v12 \\:*?"<>|\0\n\t模型é\ud800कि\u0301\u20dd')
    ),
    max_size=140,
)


def outcome(check: Callable[[str], T], text: str) -> T | None:
    """What becomes of ``text``; None where it is refused."""
    try:
        return check(text)
    except ValueError:
        return None


def read_spec(text: str) -> tuple[object, ...]:
    spec = parse_spec(text)
    return spec.name, spec.artifact_type, spec.version, "" if spec.version else spec.ref, spec.at


def read_reference(text: str) -> tuple[object, ...]:
    found = references.parse_reference(text)
    return found.name, found.type_, found.number, found.alias, found.at


@pytest.mark.parametrize(
    "text",
    [
        "m", "m:v3", "m:production", "model/m:production@2026-05-01", "m@2026:latest",
        "m:latest@2026-05-01T12:30:00+02:00", "m:p@2026-05-01T12:30:00.000001Z", "a@b",
    ],
)  # fmt: skip
def test_a_reference_is_read_as_one(text: str) -> None:
    assert read_spec(text) == read_reference(text)
    assert read_reference(str(parse_spec(text)))[2:] == read_reference(text)[2:]


@pytest.mark.parametrize(
    "text",
    [
        "m:v3@2026-05-01", "m:v0@2026-05-01", "m:production@", "m:@2026-05-01", "m:p@yesterday",
        "m:p@2026-05-01T12:30", "m:p@2026-13-01", "m:p@2026-05-01@2026-05-02", "m:p@1767225600",
    ],
)  # fmt: skip
def test_both_refuse_a_time_that_is_none_or_of_a_number(text: str) -> None:
    for read in (read_spec, read_reference):
        with pytest.raises(ValueError, match=r"time|alias|version"):
            read(text)


@pytest.mark.parametrize("kind", PAIRS)
@given(text=TEXTS)
@example(text="latest")
@example(text="v3")
@example(text="..")
@example(text="stats")
@example(text="e\u0301tude")
@example(text="हिन्दी")
@example(text="ภาษาไทย")
@example(text="\u0301")
@example(text="-\u0301")
@example(text="a\u20dd")
@example(text="a" * 129)
@example(text="कि" * 64)
@example(text="कि" * 65)
@example(text="模" * 128)
@example(text="模" * 400)
@example(text="a//b")
@example(text="../etc/passwd")
@example(text=" a")
@example(text="model")
@example(text="everyone")
@example(text="a" * 63)
@example(text="a" * 64)
@example(text="vision-2_b")
@example(text="vision\n")
@example(text="2026-05-01")
@example(text="2026-05-01T12:30+02:00")
@example(text="2026-05-01T12:30:15.25Z")
@example(text="2026-05-01T12:30")
@example(text="0001-01-01T00:00+01:00")
@example(text="2026-02-30")
@example(text="20260501")
def test_client_and_server_agree(kind: str, text: str) -> None:
    assume(kind != "alias" or not re.fullmatch("V[0-9]+", text))  # a version, to clients since 0.5
    server, client = PAIRS[kind]
    assert outcome(server, text) == outcome(client, text)


PARTS = st.sampled_from(
    ["", "m", "model", "dataset", "vision", "everyone", "Vision", "模型", "..", "a b", "stats"]
)


@given(parts=st.lists(PARTS, min_size=1, max_size=4))
def test_client_and_server_read_the_same_artifact(parts: list[str]) -> None:
    text = "/".join(parts)

    def on_server(text: str) -> tuple[str, str | None, str | None]:
        type_, name, team = names.parse_artifact(text)
        return name, type_, team

    assert outcome(on_server, text) == outcome(lambda text: tuple(specs.parse_name(text)), text)


@given(parts=st.lists(PARTS, min_size=1, max_size=4), ref=st.sampled_from(["v3", "production"]))
def test_client_and_server_read_the_same_version(parts: list[str], ref: str) -> None:
    text = f"{'/'.join(parts)}:{ref}"

    def on_server(text: str) -> tuple[object, ...]:
        found = references.parse_reference(text)
        return found.name, found.alias or f"v{found.number}", found.type_, found.team

    def in_client(text: str) -> tuple[object, ...]:
        found = specs.parse_spec(text)
        return found.name, found.ref, found.artifact_type, found.team

    assert outcome(on_server, text) == outcome(in_client, text)
