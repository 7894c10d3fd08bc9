"""The bytes of a version over HTTP: one file, or all of them as an archive."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.archives import MEDIA_TYPES, STREAMS, Row, archive_rows, missing_files
from artifacts.api.downloads import attachment_headers, send_blob
from artifacts.api.params import find_artifact, find_version
from artifacts.errors import Corrupted, FileNotFound, Invalid
from artifacts.models import Version
from artifacts.services.connections import release_connection
from artifacts.services.entries import content_of, require_entry


class FileContent(APIView):
    """One file."""

    @extend_schema(
        operation_id="download_file",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.RANGE, openapi.IF_NONE_MATCH],
        responses={
            **openapi.content("The file."),
            **openapi.content("The range asked for.", status=206),
            304: None,
            **openapi.refusals(400, 404, 410, 416, 422),
        },
    )
    def get(self, request: Request, name: str, version: str, path: str) -> HttpResponseBase:
        """The bytes of one file; `Range`, `ETag` = digest."""
        found = content_of(find_version(request, find_artifact(request, name), version))
        entry = require_entry(found, path)
        return send_blob(request, entry.blob, path.rpartition("/")[2])


class Archive(APIView):
    """All files, or those of a folder."""

    @extend_schema(
        operation_id="download_archive",
        parameters=[
            openapi.TYPE,
            openapi.TEAM,
            openapi.query("format", "zip (the default) or tar.", enum=list(STREAMS)),
            openapi.query("path", "A folder of the version: only what is in it."),
        ],
        responses={
            **openapi.content("The archive.", *MEDIA_TYPES.values()),
            **openapi.refusals(400, 404, 410, 422),
        },
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponseBase:
        """The whole version, or a folder of it, as one zip or tar, streamed."""
        kind = request.query_params.get("format", "zip")
        if kind not in STREAMS:
            raise Invalid({"format": [f"{kind!r} is neither zip nor tar"]})
        found = content_of(find_version(request, find_artifact(request, name), version))
        folder = _folder(request)
        rows = archive_rows(found, folder)
        if folder and not rows:
            raise FileNotFound(f"Folder not found: {found}/{folder}")
        _refuse_damaged(found, rows, folder)
        stream = STREAMS[kind](rows, found.created_at) if request.method != "HEAD" else iter(())
        words = [found.artifact.name, f"v{found.number}", *folder.split("/")]
        filename = f"{'-'.join(filter(None, words))}.{kind}"
        headers = attachment_headers(filename)
        release_connection()
        return StreamingHttpResponse(stream, content_type=MEDIA_TYPES[kind], headers=headers)


def _folder(request: Request) -> str:
    """The folder asked for, with a slash at its end; none for the whole version."""
    text = request.query_params.get("path", "").strip("/")
    if "\0" in text:
        raise FileNotFound("No folder has a NUL in its name.")
    return f"{text}/" if text else ""


def _refuse_damaged(version: Version, rows: list[Row], folder: str) -> None:
    damaged = version.entries.exclude(blob__damaged_at=None).order_by("path")
    damaged = damaged.filter(path__startswith=folder)
    paths = [*damaged.values_list("path", flat=True), *missing_files(rows)]
    if paths:
        raise Corrupted(f"{version} is damaged: {', '.join(dict.fromkeys(paths[:10]))}.")
