"""Is the portal able to work? Its database answers and its storage is there and writable."""

import logging
import os

from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.errors import StoreUnavailable
from artifacts.services.store import verified_store
from runicorn.version import __version__
from runicorn_site.api import STORE_AWAY

logger = logging.getLogger(__name__)


class Health(APIView):
    """For people, load balancers and scripts; needs no login."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="get_health",
        responses={
            (status, "application/json"): inline_serializer(
                name,
                {
                    "status": serializers.CharField(),
                    "version": serializers.CharField(),
                    "detail": serializers.CharField(required=False),
                },
            )
            for status, name in ((200, "Healthy"), (503, "Unhealthy"))
        },
    )
    def get(self, request: Request) -> Response:
        """`healthy` (200), or `unhealthy` (503) with what is wrong."""
        problem = find_problem()
        if problem:
            body = {"status": "unhealthy", "version": __version__, "detail": problem}
            return Response(body, status=503)
        return Response({"status": "healthy", "version": __version__})


def find_problem() -> str:
    """What keeps the portal from working, as a sentence; empty when nothing does."""
    try:
        connection.ensure_connection()
        store = verified_store()
    except DatabaseError:
        return "The database does not answer."
    except StoreUnavailable as error:
        logger.error("store not available: %s", error.detail)  # noqa: TRY400 - names paths
        return STORE_AWAY
    if not os.access(store.staging, os.W_OK):
        logger.error("store not writable: %s", store.root)
        return STORE_AWAY
    return ""
