"""Two versions side by side: which they are, and one file of them. ``lineage`` has the whole.

It stands there because a comparison also says what the versions were made from.
"""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.comparison_schemas import TensorComparisonOut, TextDiffOut
from artifacts.api.params import find_artifact
from artifacts.api.previews import tensor_item
from artifacts.api.rendering import Json, epoch
from artifacts.errors import Invalid
from artifacts.formats.tensor_changes import TensorChange
from artifacts.models import Version
from artifacts.services.compare import Comparison, FileChanges, WordChanges
from artifacts.services.compare_contents import FilePair, diff_tensors, diff_text, find_pair
from artifacts.services.file_changes import FileChange
from artifacts.services.pairs import find_by_name, find_ref
from artifacts.services.reference_changes import ReferenceValue

FROM = openapi.query("from", "The one version: `v1`, or an alias.", required=True)
TO = openapi.query("to", "The other: `v3`, or an alias.", required=True)
WITH = openapi.query(
    "with",
    "`[[TEAM/]TYPE/]NAME` of the artifact that `to` is of; empty: the same one.",
)
OLD_PATH = openapi.query("old_path", "The file's path in the first version, where it is another.")
PARAMETERS = [openapi.TYPE, openapi.TEAM, FROM, TO, WITH]


def find_versions(request: Request, name: str) -> tuple[Version, Version]:
    """The versions ``from`` and ``to`` of the query, by number or alias; ``to`` perhaps of another.

    Raises Invalid (400) where one is not said, and as ``find_by_name`` and ``find_ref``.
    """
    refs = _refs(request)
    before = find_artifact(request, name)
    other = request.query_params.get("with", "")
    after = find_by_name(other, asked_by=request.user) if other else before
    return find_ref(before, refs["from"], field="from"), find_ref(after, refs["to"], field="to")


def _refs(request: Request) -> dict[str, str]:
    refs = {key: request.query_params.get(key, "") for key in ("from", "to")}
    missing = {key: ["is missing: a version, as v3, or an alias"] for key in refs if not refs[key]}
    if missing:
        raise Invalid(missing)
    return refs


def comparison(found: Comparison) -> Json:
    """All of it."""
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "same_content": found.is_same_content,
        "files": _files(found.files),
        "metadata": {
            "rows": [
                {"path": one.path, "change": one.kind, "before": one.before, "after": one.after}
                for one in found.metadata.rows
            ],
            "total": found.metadata.num_rows,
            "num_changes": found.metadata.num_changes,
        },
        "references": {
            "rows": [
                {
                    "uri": one.uri,
                    "change": one.kind,
                    "before": _reference(one.uri, one.before),
                    "after": _reference(one.uri, one.after),
                }
                for one in found.references.rows
            ],
            "total": found.references.num_changes,
        },
        "tags": _words(found.tags),
        "aliases": _words(found.aliases),
        "description": {
            "changed": found.has_other_description,
            "before": found.before.description,
            "after": found.after.description,
        },
    }


def _side(version: Version) -> Json:
    return {
        **version_name(version),
        "created_at": epoch(version.created_at),
        "created_by_run": version.created_by_run or None,
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "status": version.status,
        "manifest_digest": f"sha256:{version.manifest_sha256}",
    }


def version_name(version: Version) -> Json:
    """Which version it is."""
    artifact = version.artifact
    return {
        "artifact": str(version),
        "name": artifact.name,
        "type": artifact.type,
        "team": artifact.team.name if artifact.team else None,
        "version": version.number,
    }


def _files(found: FileChanges) -> Json:
    totals = {
        kind: {
            "num_files": total.num_files,
            "old_bytes": total.old_bytes,
            "new_bytes": total.new_bytes,
        }
        for kind, total in vars(found.totals).items()
    }
    return {
        "totals": totals,
        "rows": [_file(one) for one in found.rows],
        "total": found.num_rows,
        "offset": found.offset,
        "limit": found.limit,
    }


def _file(change: FileChange) -> Json:
    return {
        "change": change.kind,
        "path": change.path,
        "old_path": change.old_path,
        "old_size": change.old_size_bytes,
        "new_size": change.new_size_bytes,
        "old_digest": change.old_digest,
        "new_digest": change.new_digest,
    }


def _reference(uri: str, value: ReferenceValue | None) -> Json | None:
    if value is None:
        return None
    return {
        "uri": uri,
        "checksum": value.checksum,
        "size": value.size_bytes,
        "metadata": value.metadata,
        "name": value.name,
    }


def _words(found: WordChanges) -> Json:
    return {
        "added": list(found.added),
        "removed": list(found.removed),
        "kept": list(found.kept),
    }


class FileComparison(APIView):
    """The text of one file."""

    @extend_schema(
        operation_id="compare_file",
        parameters=[*PARAMETERS, OLD_PATH],
        responses=openapi.answers(TextDiffOut, 400, 404, 410, 422),
    )
    def get(self, request: Request, name: str, path: str) -> Response:
        """What changed in a text of at most 256 KiB, line by line.

        `path` is that of the second version, or of a file that only the first has.
        """
        found = diff_text(_find_pair(request, name, path))
        return Response(
            {
                **_pair(found.pair),
                "num_added": found.num_added,
                "num_removed": found.num_removed,
                "lines": [vars(line) for line in found.lines],
                "total": found.num_lines,
            }
        )


class TensorComparison(APIView):
    """The tensors of one file."""

    @extend_schema(
        operation_id="compare_tensors",
        parameters=[*PARAMETERS, OLD_PATH],
        responses=openapi.answers(TensorComparisonOut, 400, 404, 410, 422),
    )
    def get(self, request: Request, name: str, path: str) -> Response:
        """Which tensors of a `.safetensors`, `.npz` or `.npy` file changed.

        Those of one name, type and shape are compared by their bytes, the smallest first, as far as
        128 MiB of each file reach; the others are `uncompared`.
        """
        found = diff_tensors(_find_pair(request, name, path))
        return Response(
            {
                **_pair(found.pair),
                "counts": found.counts,
                "tensors": [_tensor_change(one) for one in found.rows],
                "total": found.num_rows,
            }
        )


def _find_pair(request: Request, name: str, path: str) -> FilePair:
    before, after = find_versions(request, name)
    old_path = request.query_params.get("old_path") or None
    return find_pair(before=before, after=after, path=path, old_path=old_path)


def _pair(pair: FilePair) -> Json:
    return {
        "old_path": pair.before.path if pair.before else None,
        "new_path": pair.after.path if pair.after else None,
        "same_content": pair.is_same_content,
    }


def _tensor_change(change: TensorChange) -> Json:
    return {
        "name": change.name,
        "change": change.change,
        "compared": change.is_compared,
        "before": tensor_item(change.before) if change.before else None,
        "after": tensor_item(change.after) if change.after else None,
    }
