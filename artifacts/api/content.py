"""The bytes of a version over HTTP: one file, or all of them as an archive."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.archives import MEDIA_TYPES, STREAMS, Row, archive_rows, missing_files
from artifacts.api.connections import release_connection
from artifacts.api.downloads import attachment, send_blob
from artifacts.api.params import find_artifact, find_version
from artifacts.api.versions import content_of
from artifacts.errors import Corrupted, FileNotFound, Invalid
from artifacts.models import ManifestEntry, Version


class FileContent(APIView):
    """One file."""

    @extend_schema(
        operation_id="download_file",
        parameters=[openapi.TYPE, openapi.RANGE, openapi.IF_NONE_MATCH],
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
        entry = find_entry(found, path)
        if entry is None:
            raise FileNotFound(f"File not found: {found}/{path}")
        return send_blob(request, entry.blob, path.rpartition("/")[2])


def find_entry(version: Version, path: str) -> ManifestEntry | None:
    """The entry ``path`` of ``version``; PostgreSQL cannot even be asked about a NUL."""
    if "\0" in path:
        return None
    return version.entries.select_related("blob").filter(path=path).first()


class Archive(APIView):
    """All files."""

    @extend_schema(
        operation_id="download_archive",
        parameters=[
            openapi.TYPE,
            openapi.query("format", "zip (the default) or tar.", enum=list(STREAMS)),
        ],
        responses={
            **openapi.content("The archive.", *MEDIA_TYPES.values()),
            **openapi.refusals(400, 404, 410, 422),
        },
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponseBase:
        """The whole version as one zip or tar, streamed."""
        kind = request.query_params.get("format", "zip")
        if kind not in STREAMS:
            raise Invalid({"format": [f"{kind!r} is neither zip nor tar"]})
        found = content_of(find_version(request, find_artifact(request, name), version))
        rows = archive_rows(found)
        _refuse_damaged(found, rows)
        stream = STREAMS[kind](rows, found.created_at) if request.method != "HEAD" else iter(())
        filename = f"{found.artifact.name}-v{found.number}.{kind}"
        headers = {"Content-Disposition": attachment(filename)}
        release_connection()
        return StreamingHttpResponse(stream, content_type=MEDIA_TYPES[kind], headers=headers)


def _refuse_damaged(version: Version, rows: list[Row]) -> None:
    damaged = version.entries.exclude(blob__damaged_at=None).order_by("path")
    paths = [*damaged.values_list("path", flat=True), *missing_files(rows)]
    if paths:
        raise Corrupted(f"{version} is damaged: {', '.join(dict.fromkeys(paths[:10]))}.")
