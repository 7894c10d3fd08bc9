"""Accounts and tokens over HTTP."""

from typing import cast

from runicorn import payloads
from runicorn.client.base import Routes
from runicorn.transport import Call


class AccountRoutes(Routes):
    """Who one is, and tokens."""

    def whoami(self) -> payloads.WhoAmI:
        """``GET /api/whoami``: the account, its role and teams, and the token."""
        return cast("payloads.WhoAmI", self._get("/api/whoami"))

    def list_tokens(self, *, user: str | None = None) -> list[payloads.TokenInfo]:
        """``GET /api/tokens``: one's own; admins may ask for those of ``user``."""
        return cast("list[payloads.TokenInfo]", self._get("/api/tokens", user=user))

    def create_token(self, request: payloads.TokenRequest) -> payloads.NewToken:
        """``POST /api/tokens``; not repeated: nobody would get to see the first one."""
        reply = self._send("POST", "/api/tokens", request, is_safe=False)
        return cast("payloads.NewToken", reply.data)

    def revoke_token(self, token_id: int) -> payloads.Deleted:
        """``DELETE /api/tokens/{token_id}``; repeating it is harmless."""
        call = Call("DELETE", f"/api/tokens/{token_id}")
        return cast("payloads.Deleted", self._transport.request(call).data)
