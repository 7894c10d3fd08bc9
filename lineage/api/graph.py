"""The graph around a version over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.params import find_artifact, find_version, whole_number
from lineage.api import rendering
from lineage.api.schemas import LineageOut
from lineage.graph import neighbourhood

DEFAULT_DEPTH = 3
MAX_DEPTH = 10
MAX_DEPTH_PARAMETER = openapi.query(
    "max_depth",
    "Artifact-to-artifact steps to follow each way; more than 10 means 10.",
    {"type": "integer", "minimum": 1, "default": DEFAULT_DEPTH},
)


class Lineage(APIView):
    """How a version came to be, and what came of it."""

    @extend_schema(
        operation_id="get_lineage",
        parameters=[openapi.TYPE, openapi.TEAM, MAX_DEPTH_PARAMETER],
        responses=openapi.answers(LineageOut, 400, 404),
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """The runs and versions before and after a version, followed from it both ways.

        A `node_id` is a bare run id or `name:vN`. Where versions of two types share a name in one
        graph, the short form is the root's if the name is the root's, otherwise that of the first
        of model, dataset, config, code, custom that is there; the others are `type/name:vN`.

        Deleted versions stay, with their `status`; one whose content is gone for ever is `purged`.
        Beyond 1000 nodes the graph is cut: the nearest are kept and `truncated` is true.
        """
        depth = whole_number(
            request, "max_depth", default=DEFAULT_DEPTH, minimum=1, maximum=MAX_DEPTH
        )
        root = find_version(request, find_artifact(request, name), version)
        return Response(
            rendering.lineage(neighbourhood(version=root, asked_by=request.user, depth=depth))
        )
