"""The kinds of refusal that every room knows; ``artifacts/errors.py`` has those about artifacts.

The domain raises, ``runicorn_site/api.py`` translates, once. ``code`` is part of the API and
clients map it to exceptions; the text may change.
"""

# They are named for what they say.
# ruff: noqa: N818

from typing import Any

from accounts.sentences import say


class DomainError(Exception):
    """A refusal the caller can understand.

    ``detail`` is for people, a ``Sentence`` where a page may show it; ``extra`` are further keys of
    the error body, ``headers`` stand above it.
    """

    code = "error"
    status = 400

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra
        self.headers: dict[str, str] = {}


class Invalid(DomainError):
    """Input outside the rules; ``errors`` names each field and what it allows."""

    code = "invalid"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        field, messages = next(iter(errors.items()))
        super().__init__(say("{field}: {what}", field=field, what=messages[0]), errors=errors)


class AccessDenied(DomainError):
    """The caller is known and may not do this."""

    code = "denied"
    status = 403


class NotFound(DomainError):
    """Not there, or not the caller's to see."""

    code = "not_found"
    status = 404


class TokenNotFound(NotFound):
    """No token with that id, or none of the caller's."""

    code = "token_not_found"

    def __init__(self, token_id: int) -> None:
        super().__init__(say("Token not found: {id}", id=token_id))


class Conflict(DomainError):
    """The request is right, the state of the portal is against it."""

    code = "conflict"
    status = 409


class ChangedMeanwhile(Conflict):
    """What is to be changed is not any more what the caller saw."""
