"""How people write things down: run ids, and versions as ``[type/]name[:v3|:alias]``."""

import re
import unicodedata
from dataclasses import dataclass

from artifacts.names import check_alias, check_name, check_type, check_version

_RUN_ID = re.compile(r"[\w.-]{1,128}")
_VERSION_LIKE = re.compile(r"v[0-9]+")


@dataclass(frozen=True)
class VersionReference:
    """A version as written; ``number`` is None where an alias names it.

    ``type_`` None: not said.
    """

    name: str
    number: int | None
    alias: str
    type_: str | None


def check_run_id(text: str) -> str:
    """Return the run id ``text`` in NFC: letters and digits of any script, ``.``, ``_``, ``-``.

    Raises ValueError. ``.`` and ``..`` are refused: in a URL they would mean another path.
    """
    run_id = unicodedata.normalize("NFC", text)
    if not _RUN_ID.fullmatch(run_id) or run_id in {".", ".."}:
        raise ValueError("must be 1 to 128 letters, digits, '.', '_' or '-', and not '.' or '..'")
    return run_id


def parse_reference(text: str) -> VersionReference:
    """Read ``name``, ``name:alias``, ``name:v3`` or any of them after ``type/``.

    A name alone means its ``latest``. Raises ValueError with what is wrong.
    """
    written, slash, rest = text.rpartition("/")
    name, colon, ref = rest.partition(":")
    type_ = check_type(written) if slash else None
    ref = ref if colon else "latest"
    if _VERSION_LIKE.fullmatch(ref):
        return VersionReference(_check_part("name", name), check_version(ref), "", type_)
    alias = ref if ref == "latest" else _check_part("alias", ref)
    return VersionReference(_check_part("name", name), None, alias, type_)


def _check_part(part: str, text: str) -> str:
    try:
        return check_name(text) if part == "name" else check_alias(text)
    except ValueError as error:
        raise ValueError(f"the {part} {text!r} {error}") from None
