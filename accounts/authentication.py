"""How the API learns who is asking: by a token, or by the session of somebody logged in.

Tokens come as ``Authorization: Bearer rn_…``, ``Token rn_…``, or as the password of HTTP Basic
(for ``curl -u any:rn_…``). Passwords of people are for the login page only, where guesses are
counted.
"""

import base64
import binascii

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.limits import count_wrong_token
from accounts.models import ApiToken, User
from accounts.tokens import find_token

SCHEMES = {"bearer", "token", "basic"}
REFUSED = "This token is unknown, expired or revoked."


class TokenAuthentication(BaseAuthentication):
    """Takes the token of the ``Authorization`` header; 401 for one that is not good, then 429."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Give the user, who carries the token; None where the header names none."""
        text = token_text(request)
        if text is None:
            return None
        token = find_token(text)
        if token is None:
            count_wrong_token(request)
            raise AuthenticationFailed(REFUSED)
        token.user.token = token
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Runicorn Portal"'


def token_text(request: HttpRequest | Request) -> str | None:
    """The token in the header; None where there is no header of a scheme that carries one."""
    scheme, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() not in SCHEMES:
        return None
    value = value.strip()
    return _password_in(value) if scheme.lower() == "basic" else value


def _password_in(value: str) -> str:
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise AuthenticationFailed("The Basic credentials cannot be read.") from None
    user, _, password = decoded.partition(":")
    return password or user
