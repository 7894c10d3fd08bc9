"""``GET …/v{n}/preview/{path}``: what a file holds, as JSON."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.params import find_artifact, find_version
from artifacts.api.rendering import Json
from artifacts.formats.looking import Content
from artifacts.formats.tensors import Tensor, Tensors
from artifacts.services.entries import content_of, require_entry
from artifacts.services.preview import Preview, preview_entry

KINDS = ("text", "json", "table", "parquet", "image", "tensors", "pickle", "binary")
MAX_TENSORS = 1_000


class TextOut(serializers.Serializer[Any]):
    """Text."""

    text = serializers.CharField(allow_blank=True)
    language = serializers.CharField(
        allow_null=True, help_text="By the file's name, as highlighters call it; null: plain text."
    )


class JsonOut(serializers.Serializer[Any]):
    """A JSON document."""

    value = serializers.JSONField(
        allow_null=True, help_text="NaN, Infinity and what no double holds are strings."
    )


class TableOut(serializers.Serializer[Any]):
    """The first rows of CSV or TSV."""

    delimiter = serializers.CharField(trim_whitespace=False)
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True)),
        help_text="51 at most, of the first 100 columns.",
    )
    num_columns = serializers.IntegerField()
    has_more = serializers.BooleanField()


class ColumnOut(serializers.Serializer[Any]):
    """A column of Parquet."""

    name = serializers.CharField()
    type = serializers.CharField()
    repetition = serializers.CharField(help_text="`required`, `optional`, `repeated` or `?`.")


class ParquetOut(serializers.Serializer[Any]):
    """A Parquet file: its columns, which are the leaves of its schema, and its first rows."""

    columns = ColumnOut(many=True, help_text="1000 at most.")
    num_columns = serializers.IntegerField()
    num_rows = serializers.IntegerField()
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True, allow_null=True)),
        help_text=(
            "The first 50 at most, of each the first 100 columns as text: a list as JSON has it, "
            "null for null, `…` for what could not be read, which `notes` tell."
        ),
    )


class ImageOut(serializers.Serializer[Any]):
    """A picture, known by its first bytes; download it to see it."""

    media_type = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)


class TensorOut(serializers.Serializer[Any]):
    """A tensor."""

    name = serializers.CharField(allow_blank=True)
    dtype = serializers.CharField(help_text="As the format writes it: `F32`, `<f4`.")
    shape = serializers.ListField(child=serializers.IntegerField())
    size_bytes = serializers.IntegerField()


class TensorsOut(serializers.Serializer[Any]):
    """The tensors of safetensors, `.npz` or `.npy`."""

    format = serializers.CharField()
    tensors = TensorOut(many=True, help_text="1000 at most.")
    num_tensors = serializers.IntegerField()
    num_parameters = serializers.IntegerField()
    metadata = serializers.DictField(child=serializers.CharField(allow_blank=True))


class ImportOut(serializers.Serializer[Any]):
    """Something a pickle reaches for."""

    module = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    is_known = serializers.BooleanField(help_text="It is on the short list of what is harmless.")


class PickleOut(serializers.Serializer[Any]):
    """What a pickle would import; it was not unpickled."""

    imports = ImportOut(many=True, help_text="1000 at most.")
    num_imports = serializers.IntegerField()
    is_complete = serializers.BooleanField(help_text="It was followed to its end.")
    needs_warning = serializers.BooleanField(
        help_text="Loading it may run code that is not on the short list."
    )


class DumpLineOut(serializers.Serializer[Any]):
    """Sixteen bytes."""

    offset = serializers.IntegerField()
    hex = serializers.CharField()
    ascii = serializers.CharField(trim_whitespace=False)


class BinaryOut(serializers.Serializer[Any]):
    """The first 256 bytes of something else."""

    lines = DumpLineOut(many=True)


class PreviewOut(serializers.Serializer[Any]):
    """What a file holds: of the last eight keys, the one that `kind` names is there."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    digest = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    truncated = serializers.BooleanField(help_text="There is more than was looked at.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="Why it, or a part of it, is not shown in full."
    )
    text = TextOut(required=False)
    json = JsonOut(required=False)
    table = TableOut(required=False)
    parquet = ParquetOut(required=False)
    image = ImageOut(required=False)
    tensors = TensorsOut(required=False)
    pickle = PickleOut(required=False)
    binary = BinaryOut(required=False)


class FilePreview(APIView):
    """A look into one file."""

    @extend_schema(
        operation_id="preview_file",
        parameters=[openapi.TYPE, openapi.TEAM],
        responses=openapi.answers(PreviewOut, 400, 404, 410, 422),
    )
    def get(self, request: Request, name: str, version: str, path: str) -> Response:
        """What the file holds, from at most 1 MiB of it; nothing of it is ever run.

        What it is told as goes by its first bytes, and then by its name.
        """
        found = content_of(find_version(request, find_artifact(request, name), version))
        return Response(_render(preview_entry(entry=require_entry(found, path))))


def _render(preview: Preview) -> Json:
    return {
        "path": preview.path,
        "size": preview.size_bytes,
        "digest": preview.digest,
        "kind": preview.kind,
        "truncated": preview.is_truncated,
        "notes": list(preview.notes),
        preview.kind: _render_content(preview.content),
    }


def _render_content(content: Content) -> Json:
    if isinstance(content, Tensors):
        return {
            "format": content.format,
            "tensors": [tensor_item(one) for one in content.tensors[:MAX_TENSORS]],
            "num_tensors": len(content.tensors),
            "num_parameters": content.num_parameters,
            "metadata": content.metadata,
        }
    return asdict(content)


def tensor_item(tensor: Tensor) -> Json:
    """A tensor, but not where it lies."""
    return {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "size_bytes": tensor.size_bytes,
    }
