"""Many small files of a version in one answer: the way back of ``POST /api/blobs``.

A request for each small file costs a hundred times what its bytes do, and an archive brings the
whole version: a client that has most of it asks here for the rest.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.params import find_artifact, find_version
from artifacts.api.schemas import MAX_BUNDLED, BundleIn
from artifacts.errors import Invalid
from artifacts.models import Blob, Version
from artifacts.names import check_digest
from artifacts.services.connections import release_connection
from artifacts.services.contents import PLACE_FIELDS, Located, find_stored, open_located
from artifacts.services.entries import content_of
from artifacts.storage.layout import Place

PIECE = 1 << 20
FLUSH_BYTES = 256 << 10
LENGTH_BYTES = 8


class FileBundle(APIView):
    """Some files of a version."""

    @extend_schema(
        operation_id="download_bundle",
        parameters=[openapi.TYPE, openapi.TEAM],
        request=BundleIn,
        responses={
            **openapi.content("Records, one for each content that is there."),
            **openapi.refusals(400, 404, 410),
        },
    )
    def post(self, request: Request, name: str, version: str) -> HttpResponseBase:
        """Contents of the version by their digests, as records in one stream.

        A record is the 32-byte digest, the 8-byte big-endian length, and the bytes. What is damaged
        or not of this version is left out: asked for by itself, it says why. Nothing is written.
        """
        asked = _parse_digests(request.data)
        found = content_of(find_version(request, find_artifact(request, name), version))
        located = _find_contents(found, asked)
        release_connection()
        return StreamingHttpResponse(stream(located), content_type="application/octet-stream")


def _parse_digests(body: object) -> list[str]:
    digests = body.get("digests") if isinstance(body, dict) else None
    if not isinstance(digests, list) or len(digests) > MAX_BUNDLED:
        raise Invalid({"digests": [f"must be an array of at most {MAX_BUNDLED} digests"]})
    return [_sha256(digest, f"digests.{n}") for n, digest in enumerate(digests)]


def _sha256(digest: Any, field: str) -> str:
    try:
        return check_digest(digest if isinstance(digest, str) else "")
    except ValueError as error:
        raise Invalid({field: [str(error)]}) from None


def _find_contents(version: Version, sha256s: list[str]) -> list[Located]:
    """Those of ``version`` that can be read, each once, in the order of their digests."""
    blobs = Blob.objects.healthy().with_digests(sha256s).filter(entries__version=version)
    rows = blobs.order_by("sha256").values_list("pk", *PLACE_FIELDS).distinct()
    located = [Located(blob_id, Place(*values)) for blob_id, *values in rows]
    stored = find_stored(located)
    return [one for one in located if one.blob_id in stored]


def stream(located: list[Located]) -> Iterator[bytes]:
    """The records, gathered into pieces worth sending."""
    waiting = bytearray()
    for one in located:
        waiting += bytes.fromhex(one.place.sha256)
        waiting += one.place.size_bytes.to_bytes(LENGTH_BYTES, "big")
        with open_located(one) as source:
            release_connection()  # what leans on other contents has asked for them
            while piece := source.read(PIECE):
                waiting += piece
                if len(waiting) >= FLUSH_BYTES:
                    yield bytes(waiting)
                    waiting.clear()
    yield bytes(waiting)
