"""Accounts and tokens over HTTP."""

from runicorn import payloads
from runicorn.client.base import Routes
from runicorn.transport import Call


class AccountRoutes(Routes):
    """Who one is, and tokens."""

    def whoami(self) -> payloads.WhoAmI:
        """``GET /api/whoami``: the account, its role and teams, and the token."""
        return self._get(payloads.WhoAmI, "/api/whoami")

    def list_tokens(self, *, user: str | None = None) -> list[payloads.TokenInfo]:
        """``GET /api/tokens``: one's own; admins may ask for those of ``user``."""
        return self._get(list[payloads.TokenInfo], "/api/tokens", user=user)

    def create_token(self, request: payloads.TokenRequest) -> payloads.NewToken:
        """``POST /api/tokens``; not repeated: nobody would get to see the first one."""
        return self._send(payloads.NewToken, "POST", "/api/tokens", request, is_safe=False)

    def revoke_token(self, token_id: int) -> payloads.Deleted:
        """``DELETE /api/tokens/{token_id}``; repeating it is harmless."""
        call = Call("DELETE", f"/api/tokens/{token_id}")
        return self._ask(payloads.Deleted, call)
