"""The bytes of a version over HTTP: one file, or all of them as an archive."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.archives import MEDIA_TYPES, STREAMS, archive_rows
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
        _refuse_damaged(found)
        is_wanted = request.method != "HEAD"
        stream = STREAMS[kind](archive_rows(found), found.created_at) if is_wanted else iter(())
        filename = f"{found.artifact.name}-v{found.number}.{kind}"
        headers = {"Content-Disposition": attachment(filename)}
        return StreamingHttpResponse(stream, content_type=MEDIA_TYPES[kind], headers=headers)


def _refuse_damaged(version: Version) -> None:
    damaged = version.entries.exclude(blob__damaged_at=None).order_by("path")
    paths = list(damaged.values_list("path", flat=True)[:10])
    if paths:
        raise Corrupted(f"{version} is damaged: {', '.join(paths)}.")
