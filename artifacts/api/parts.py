"""What an upload says of itself beside its body: which part it is, and for which artifact."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import numpy as np
from rest_framework.request import Request

from artifacts.api.values import MAX_SIZE_BYTES
from artifacts.errors import Invalid
from artifacts.names import ArtifactName, parse_artifact
from artifacts.services.room import Announced
from artifacts.services.uploads import Part
from artifacts.storage.chunks import MAX_BYTES, RECORD, ChunkList

MAX_CHUNKS = 1 << 19
"""Of 64 KiB on average: 32 GiB. Larger content goes whole."""
_LISTED = np.dtype([("id", "V32"), ("length", ">u4")])
MAX_LIST_BYTES = MAX_CHUNKS * _LISTED.itemsize
ARTIFACT_HEADER = "Runicorn-Artifact"
_PART = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")
_QUESTION = re.compile(r"bytes \*/([0-9]{1,19})")


def artifact_hint(request: Request) -> ArtifactName | None:
    """The ``[TEAM/]TYPE/NAME`` the content is for, from the query or the header; None: not said.

    It need not exist. Raises Invalid (400) for what cannot be one.
    """
    text = request.query_params.get("artifact") or _from_header(request)
    return _parse_hint(text) if text else None


def parse_announced(body: Mapping[str, object]) -> Announced:
    """What the body of a question says of the version that is to be sent; all of it may be missing.

    Raises Invalid (400).
    """
    artifact = body.get("artifact")
    if artifact is not None and not isinstance(artifact, str):
        raise Invalid({"artifact": ["must be [TEAM/]TYPE/NAME"]})
    return Announced(
        artifact=_parse_hint(artifact) if artifact else None,
        num_files=_count(body, "num_files"),
        size_bytes=_count(body, "size_bytes"),
    )


def _count(body: Mapping[str, object], key: str) -> int:
    value = body.get(key)
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON 1.0 is as whole as 1
    if type(value) is not int or not 0 <= value <= MAX_SIZE_BYTES:
        raise Invalid({key: [f"must be a whole number from 0 to {MAX_SIZE_BYTES}"]})
    return value


def _parse_hint(text: str) -> ArtifactName:
    try:
        found = parse_artifact(text)
    except ValueError as error:
        raise Invalid({"artifact": [f"must be [TEAM/]TYPE/NAME: {error}"]}) from None
    if found.type_ is None:
        raise Invalid({"artifact": ["must be [TEAM/]TYPE/NAME: the type is missing"]})
    return found


def _from_header(request: Request) -> str:
    try:
        return unquote_to_bytes(request.headers.get(ARTIFACT_HEADER, "")).decode()
    except UnicodeError:
        raise Invalid({"artifact": ["is not UTF-8, percent-encoded"]}) from None


def parse_content_range(header: str) -> Part | int:
    """The part a ``Content-Range`` announces; of ``bytes */TOTAL``, a question, the total.

    Raises Invalid (400).
    """
    if question := _QUESTION.fullmatch(header):
        return _check_total(int(question[1]))
    match = _PART.fullmatch(header)
    if match is None:
        raise _invalid(f"{header[:80]!r} is neither 'bytes FIRST-LAST/TOTAL' nor 'bytes */TOTAL'")
    first, last, total = map(int, match.groups())
    if not first <= last < _check_total(total):
        raise _invalid(f"{header!r} is no part: FIRST ≤ LAST < TOTAL must hold")
    return Part(start=first, end=last + 1, total=total)


def _check_total(total: int) -> int:
    if total > MAX_SIZE_BYTES:
        raise _invalid(f"the total may be {MAX_SIZE_BYTES} bytes at most")
    return total


def parse_chunks(data: bytes) -> ChunkList:
    """The chunks of a content, in order, from records of a blake3 id and a length.

    Raises Invalid (400).
    """
    if not data or len(data) % _LISTED.itemsize:
        raise Invalid({"body": [f"must be one or more records of {_LISTED.itemsize} bytes"]})
    listed = np.frombuffer(data, _LISTED)
    wrong = np.flatnonzero((listed["length"] < 1) | (listed["length"] > MAX_BYTES))
    if len(wrong):
        raise Invalid({f"chunks.{wrong[0]}": [f"the length must be from 1 to {MAX_BYTES} bytes"]})
    records = np.empty(len(listed), RECORD)
    records["id"], records["length"] = listed["id"], listed["length"]
    ends = np.cumsum(listed["length"], dtype=np.uint64)
    records["offset"] = ends - listed["length"]
    return ChunkList(records)


def _invalid(message: str) -> Invalid:
    return Invalid({"Content-Range": [message]})
