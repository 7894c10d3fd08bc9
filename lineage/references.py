"""How people write things down: run ids, and versions as ``[[team/]type/]name[:v3|:alias[@time]]``.

A time says where the alias pointed then: ``name:production@2026-05-01``.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.sentences import say
from artifacts.names import (
    check_alias,
    check_name,
    check_team,
    check_time,
    check_type,
    check_version,
    check_word,
    is_version_like,
)


@dataclass(frozen=True)
class VersionReference:
    """A version as written; ``number`` is None where an alias names it.

    ``type_`` and ``team`` None: not said. ``at`` None: where the alias points now.
    """

    name: str
    number: int | None
    alias: str
    type_: str | None
    team: str | None = None
    at: datetime | None = None


def check_run_id(text: str) -> str:
    """Return the run id ``text`` in NFC: letters and digits of any script, ``.``, ``_``, ``-``.

    Raises ValueError.
    """
    return check_word(text)


def parse_reference(text: str) -> VersionReference:
    """Read ``name``, ``name:alias[@time]``, ``name:v3``, or these after ``[team/]type/``.

    A name alone means its ``latest``. Raises ValueError with what is wrong.
    """
    written, slash, rest = text.rpartition("/")
    name, colon, ref = rest.partition(":")
    owner, has_team, type_text = written.rpartition("/")
    type_ = check_type(type_text) if slash else None
    team = check_team(owner) if has_team else None
    ref, has_time, time = ref.partition("@") if colon else ("latest", "", "")
    if is_version_like(ref):
        if has_time:
            raise ValueError(
                say("the version {ref!r} must have no time: versions never change", ref=ref)
            )
        return VersionReference(_check_part("name", name), check_version(ref), "", type_, team)
    alias = ref if ref == "latest" else _check_part("alias", ref)
    at = check_time(time) if has_time else None
    return VersionReference(_check_part("name", name), None, alias, type_, team, at)


def _check_part(part: str, text: str) -> str:
    try:
        return check_name(text) if part == "name" else check_alias(text)
    except ValueError as error:
        raise ValueError(
            say("the {part} {text!r} {error}", part=part, text=text, error=error)
        ) from None
