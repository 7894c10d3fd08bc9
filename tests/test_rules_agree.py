"""The client's rules for names are the server's: what one takes, the other takes, in one form."""

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from artifacts import names
from lineage import references
from runicorn import rules

PAIRS = {
    "name": (names.check_name, rules.check_name),
    "alias": (names.check_alias, rules.check_movable_alias),
    "path": (names.check_path, rules.check_path),
    "type": (names.check_type, rules.check_type),
    "run id": (references.check_run_id, rules.check_run_id),
}
TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from('ab./-_v12 \\:*?"<>|\0\n\t模型é\ud800')),
    max_size=140,
)


def outcome(check: Callable[[str], str], text: str) -> str | None:
    """What becomes of ``text``; None where it is refused."""
    try:
        return check(text)
    except ValueError:
        return None


@pytest.mark.parametrize("kind", PAIRS)
@given(text=TEXTS)
@example(text="latest")
@example(text="v3")
@example(text="..")
@example(text="stats")
@example(text="e\u0301tude")
@example(text="a" * 129)
@example(text="模" * 128)
@example(text="模" * 400)
@example(text="a//b")
@example(text="../etc/passwd")
@example(text=" a")
@example(text="model")
def test_client_and_server_agree(kind: str, text: str) -> None:
    assume(kind != "alias" or not re.fullmatch("V[0-9]+", text))  # a version, to clients since 0.5
    server, client = PAIRS[kind]
    assert outcome(server, text) == outcome(client, text)
