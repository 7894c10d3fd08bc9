"""Blobs over HTTP: what is missing, one, many."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiRequest, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.body import ExactBody, open_body
from artifacts.api.downloads import send_blob
from artifacts.api.rendering import Json
from artifacts.api.schemas import MAX_DIGESTS, BlobOut, BlobsOut, DigestsIn, MissingOut
from artifacts.errors import BlobNotFound, Invalid
from artifacts.models import Blob
from artifacts.names import check_digest
from artifacts.services.blobs import missing_blobs, store_blob, store_blobs

MAX_MANY_BYTES = 1 << 30


class RawParser(BaseParser):
    """Leaves the body alone: the view reads the stream itself."""

    media_type = "*/*"

    def parse(self, stream: object, *args: object, **options: object) -> dict[str, Any]:
        """Nothing is parsed."""
        return {}


class MissingBlobList(APIView):
    """What to send."""

    @extend_schema(
        operation_id="missing_blobs",
        request=DigestsIn,
        responses=openapi.answers(MissingOut, 400),
    )
    def post(self, request: Request) -> Response:
        """Which of these digests the server still needs; a hint, asked again at the commit."""
        missing = missing_blobs(sha256s=_parse_digests(request.data), asked_by=request.user)
        return Response({"missing": [f"sha256:{sha256}" for sha256 in missing]})


class BlobCollection(APIView):
    """Many small blobs."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="upload_blobs",
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses=openapi.answers(BlobsOut, 400, 411, 413, 422, 507),
    )
    def post(self, request: Request) -> Response:
        """Records of 32-byte digest, 8-byte big-endian length and the bytes, again and again."""
        source, length = open_body(request)
        body = ExactBody(source, length, max_bytes=MAX_MANY_BYTES)
        blobs = store_blobs(source=body, stored_by=request.user)
        return Response({"stored": len(blobs), "size_bytes": sum(b.size_bytes for b in blobs)})


class BlobContent(APIView):
    """One blob."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="upload_blob",
        parameters=[openapi.DIGEST],
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses={
            **openapi.answers(BlobOut, 400, 411, 422, 507),
            201: BlobOut,
        },
    )
    def put(self, request: Request, digest: str) -> Response:
        """Store content under its digest; 200 where it was stored already."""
        sha256 = _sha256(digest, "digest")
        source, length = open_body(request)
        blob, is_new = store_blob(
            source=ExactBody(source, length),
            sha256=sha256,
            size_bytes=length,
            stored_by=request.user,
        )
        return Response(_item(blob), status=201 if is_new else 200)

    @extend_schema(
        operation_id="download_blob",
        parameters=[openapi.DIGEST, openapi.RANGE, openapi.IF_NONE_MATCH],
        responses={
            **openapi.content("The content."),
            **openapi.content("The range asked for.", status=206),
            304: None,
            **openapi.refusals(400, 404, 416, 422),
        },
    )
    def get(self, request: Request, digest: str) -> HttpResponseBase:
        """The content; `Range`, `ETag` = digest."""
        sha256 = _sha256(digest, "digest")
        blob = Blob.objects.visible_to(request.user).filter(sha256=sha256).first()
        if blob is None:
            raise BlobNotFound(f"Blob not found: {digest}")
        return send_blob(request, blob, sha256)


def _parse_digests(body: object) -> list[str]:
    """By hand: a serializer would take seconds for the 100 000 that may be asked about."""
    digests = body.get("digests") if isinstance(body, dict) else None
    if not isinstance(digests, list) or len(digests) > MAX_DIGESTS:
        raise Invalid({"digests": [f"must be an array of at most {MAX_DIGESTS} digests"]})
    return [_sha256(digest, f"digests.{n}") for n, digest in enumerate(digests)]


def _sha256(digest: object, field: str) -> str:
    try:
        return check_digest(digest if isinstance(digest, str) else "")
    except ValueError as error:
        raise Invalid({field: [str(error)]}) from None


def _item(blob: Blob) -> Json:
    return {"digest": blob.digest, "size": blob.size_bytes}
