"""Who is asking, and what he may do: what a client shows after a login."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Caller, access_of, user_or_none
from accounts.api.openapi import answers
from accounts.api.schemas import WhoAmIOut
from accounts.models import ApiToken, Team
from accounts.roles import Role
from accounts.tokens import own_token


class WhoAmI(APIView):
    """The account behind a request."""

    @extend_schema(operation_id="whoami", responses=answers(WhoAmIOut))
    def get(self, request: Request) -> Response:
        """Who one is, in which role, in which teams, and by which token."""
        return Response(describe_caller(request.user))


def describe_caller(caller: Caller) -> dict[str, Any]:
    """What ``WhoAmIOut`` says, in at most one query beside those of ``access_of``."""
    user, token = user_or_none(caller), own_token(caller)
    return {
        "username": user.get_username() if user else None,
        "role": _label(access_of(caller).role_on(None)),
        "teams": _teams(caller) if user else [],
        "token": _token(token) if token else None,
        "access": settings.RUNICORN_ACCESS,
    }


def _teams(caller: Caller) -> list[dict[str, Any]]:
    access = access_of(caller)
    rows = Team.objects.filter(memberships__user=caller.pk).order_by("name")
    return [{"name": team.name, "role": _label(access.role_on(team.pk))} for team in rows]


def _label(role: Role | None) -> str | None:
    return None if role is None else str(role.label)


def _token(token: ApiToken) -> dict[str, Any]:
    ends = token.expires_at
    return {"name": token.name, "scope": token.scope, "expires_at": ends and ends.timestamp()}
