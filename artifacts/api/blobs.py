"""Blobs over HTTP: what is missing, one, many; whole, in parts, or only the chunks that lack."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiRequest, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.body import ExactBody, open_body, refuse_body
from artifacts.api.downloads import send_blob
from artifacts.api.parts import (
    MAX_LIST_BYTES,
    artifact_hint,
    parse_announced,
    parse_chunks,
    parse_content_range,
)
from artifacts.api.rendering import Json
from artifacts.api.schemas import (
    MAX_DIGESTS,
    BlobOut,
    BlobsOut,
    DigestsIn,
    MissingOut,
    NegotiatedOut,
    PartOut,
)
from artifacts.errors import BlobNotFound, Invalid
from artifacts.models import Blob
from artifacts.names import ArtifactName, check_digest
from artifacts.services.blobs import missing_blobs, store_blob, store_blobs
from artifacts.services.limits import max_file_bytes
from artifacts.services.negotiated import ask_chunks, negotiate, receive_chunks
from artifacts.services.uploads import Progress, ask_upload, receive_part
from artifacts.storage.layout import REMAINS

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
        responses=openapi.answers(MissingOut, 400, 413, 507),
    )
    def post(self, request: Request) -> Response:
        """Which of these digests the server still needs; a hint, asked again at the commit.

        Who says for which version he asks is refused here what the commit would refuse: too many
        files (413), or small files that the quota of the team has no room for (507). Larger files
        are asked about when each is sent: they may share bytes with what is stored.
        """
        body: Any = request.data
        sha256s, announced = _parse_digests(body), parse_announced(body)
        missing = missing_blobs(sha256s=sha256s, announced=announced, asked_by=request.user)
        return Response({"missing": [f"sha256:{sha256}" for sha256 in missing]})


class BlobCollection(APIView):
    """Many small blobs."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="upload_blobs",
        parameters=[openapi.FOR_ARTIFACT, openapi.FOR_ARTIFACT_HEADER],
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses=openapi.answers(BlobsOut, 400, 411, 413, 422, 507),
    )
    def post(self, request: Request) -> Response:
        """Records of 32-byte digest, 8-byte big-endian length and the bytes, again and again."""
        artifact = artifact_hint(request)
        source, length = open_body(request)
        body = ExactBody(source, length, max_bytes=MAX_MANY_BYTES)
        blobs = store_blobs(source=body, stored_by=request.user, artifact=artifact)
        return Response({"stored": len(blobs), "size_bytes": sum(b.size_bytes for b in blobs)})


class BlobContent(APIView):
    """One blob."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="upload_blob",
        parameters=[
            openapi.DIGEST,
            openapi.FOR_ARTIFACT,
            openapi.FOR_ARTIFACT_HEADER,
            openapi.CONTENT_RANGE,
        ],
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses={
            **openapi.answers(BlobOut, 400, 409, 411, 413, 422, 507),
            201: BlobOut,
            202: PartOut,
        },
    )
    def put(self, request: Request, digest: str) -> Response:
        """Store content under its digest; 200 where it was stored already.

        With `Content-Range: bytes FIRST-LAST/TOTAL` the body is the next part: 202 until the last
        one, and what came stays through any break. `bytes */TOTAL`, without a body, asks how much
        came.
        """
        sha256 = _sha256(digest, "digest")
        artifact = artifact_hint(request)
        if "Content-Range" in request.headers:
            return self._put_part(request, sha256, artifact)
        source, length = open_body(request)
        body = ExactBody(source, length, max_bytes=max_file_bytes())
        blob, is_new = store_blob(
            source=body, sha256=sha256, size_bytes=length,
            stored_by=request.user, artifact=artifact,
        )  # fmt: skip
        return _stored(blob, is_new)

    def _put_part(self, request: Request, sha256: str, artifact: ArtifactName | None) -> Response:
        part = parse_content_range(request.headers["Content-Range"])
        if isinstance(part, int):
            refuse_body(request)
            progress = ask_upload(
                sha256=sha256, total=part, asked_by=request.user, artifact=artifact
            )
            return _progress(sha256, part, progress)
        source, _ = open_body(request)
        progress = receive_part(
            source=source, sha256=sha256, part=part, stored_by=request.user, artifact=artifact
        )
        return _progress(sha256, part.total, progress)

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
        if blob is None or blob.layout == REMAINS:
            raise BlobNotFound(f"Blob not found: {digest}")
        return send_blob(request, blob, sha256)


class BlobChunks(APIView):
    """One blob, of which only the chunks travel that the server lacks."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="negotiate_upload",
        parameters=[openapi.DIGEST, openapi.FOR_ARTIFACT, openapi.FOR_ARTIFACT_HEADER],
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses=openapi.answers(NegotiatedOut, 400, 409, 411, 413, 422, 507),
    )
    def post(self, request: Request, digest: str) -> Response:
        """Say which chunks of a content to send.

        The body lists all of them in order, 36 bytes each: the blake3 of the chunk (32 bytes) and
        its length (4 bytes, big-endian, at most 256 KiB). The same list again goes on where the
        upload broke off.
        """
        sha256 = _sha256(digest, "digest")
        artifact = artifact_hint(request)
        source, length = open_body(request)
        body = ExactBody(source, length, max_bytes=MAX_LIST_BYTES)
        chunks = parse_chunks(_read_all(body))
        found = negotiate(sha256=sha256, chunks=chunks, asked_by=request.user, artifact=artifact)
        return Response(
            {
                "digest": f"sha256:{sha256}",
                "size": found.size_bytes,
                "num_chunks": found.num_chunks,
                "needed": found.needed,
                "needed_bytes": found.needed_bytes,
                "received": found.received,
                "stored": found.is_stored,
            }
        )

    @extend_schema(
        operation_id="upload_chunks",
        parameters=[
            openapi.DIGEST,
            openapi.FOR_ARTIFACT,
            openapi.FOR_ARTIFACT_HEADER,
            openapi.CHUNKS_RANGE,
        ],
        request={"application/octet-stream": OpenApiRequest(openapi.BINARY)},
        responses={
            **openapi.answers(BlobOut, 400, 409, 411, 422, 507),
            201: BlobOut,
            202: PartOut,
        },
    )
    def put(self, request: Request, digest: str) -> Response:
        """Take the next part of the needed chunks, one after the other; 202 until the last.

        `bytes */TOTAL`, without a body, asks how much came; with nothing left to send it
        completes the upload.
        """
        sha256 = _sha256(digest, "digest")
        artifact = artifact_hint(request)
        part = parse_content_range(request.headers.get("Content-Range", ""))
        if isinstance(part, int):
            refuse_body(request)
            progress = ask_chunks(
                sha256=sha256, total=part, asked_by=request.user, artifact=artifact
            )
            return _progress(sha256, part, progress)
        source, _ = open_body(request)
        progress = receive_chunks(
            source=source, sha256=sha256, part=part, stored_by=request.user, artifact=artifact
        )
        return _progress(sha256, part.total, progress)


def _read_all(body: ExactBody) -> bytes:
    pieces = []
    while piece := body.read(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _progress(sha256: str, total: int, progress: Progress) -> Response:
    if progress.blob is not None:
        return _stored(progress.blob, progress.is_new)
    item = {"digest": f"sha256:{sha256}", "size": total, "received": progress.received}
    return Response(item, status=202)


def _stored(blob: Blob, is_new: bool) -> Response:  # noqa: FBT001 - as the services say it
    return Response(_item(blob), status=201 if is_new else 200)


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
