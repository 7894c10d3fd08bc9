"""Tokens: list one's own, make one, revoke one. The text of a token is in one answer only."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.openapi import answers
from accounts.api.schemas import NewTokenOut, RevokedOut, TokenIn, TokenOut
from accounts.models import ApiToken
from accounts.roles import Scope
from accounts.tokens import create_token, find_account, find_own_token, revoke_token, tokens_of

USER = OpenApiParameter("user", str, description="Whose tokens (admins only); else one's own.")


class TokenList(GenericAPIView[Any]):
    """Tokens that are not revoked."""

    serializer_class = TokenOut

    @extend_schema(
        operation_id="list_tokens",
        parameters=[USER],
        responses=answers(TokenOut(many=True), 400),
    )
    def get(self, request: Request) -> Response:
        """One's own tokens, newest first; expired ones too."""
        username = request.query_params.get("user") or None
        rows = tokens_of(username=username, asked_by=request.user)
        items = [token_item(row) for row in self.paginate_queryset(rows) or []]
        return self.get_paginated_response(items)

    @extend_schema(
        operation_id="create_token",
        request=TokenIn,
        responses=answers(NewTokenOut, 400, 409, status=201),
    )
    def post(self, request: Request) -> Response:
        """Make a token.

        With a token: of its scope or a lower one, and none that outlives it; with one that only
        reads none at all. When a token is revoked, so are those that it made.
        """
        body = TokenIn(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        token, text = create_token(
            user=find_account(username=fields.get("user"), asked_by=request.user),
            name=fields["name"],
            scope=Scope(fields["scope"]),
            expires_at=fields.get("expires_at"),
            created_by=request.user,
        )
        headers = {"Cache-Control": "no-store"}
        return Response({**token_item(token), "token": text}, status=201, headers=headers)


class TokenDetail(APIView):
    """One token."""

    @extend_schema(operation_id="revoke_token", responses=answers(RevokedOut, 404))
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke a token for good, and those made with it: one's own; admins anybody's."""
        token = find_own_token(token_id=token_id, asked_by=request.user)
        revoke_token(token=token, revoked_by=request.user)
        return Response({"success": True, "message": f"Revoked token {token.name}"})


def token_item(token: ApiToken) -> dict[str, Any]:
    """One token of the list, which says nothing that could be used."""
    return {
        "id": token.pk,
        "name": token.name,
        "user": token.user.username,
        "hint": token.hint,
        "scope": token.scope,
        "created_at": token.created_at.timestamp(),
        "expires_at": _epoch(token.expires_at),
        "last_used_at": _epoch(token.last_used_at),
    }


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
