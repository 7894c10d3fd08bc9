"""API tokens: made, shown once, found by their hash, revoked.

Everybody makes and revokes his own, admins anybody's; over HTTP they make those of service accounts
only, since what a person's token does is taken for the person's deed. Who comes with a token cannot
get out of it: he makes and revokes only tokens of its scope or a lower one, none that outlives it,
and with one that only reads none at all. With a token go those that were made with it.

Tokens outlive open mode: who is an admin is asked here by the role, whatever the mode.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.access import Caller, is_admin, require_admin, user_or_none
from accounts.audit import record
from accounts.errors import AccessDenied, Conflict, Invalid, TokenNotFound
from accounts.models import ApiToken, User
from accounts.roles import HIGHEST_ROLE, Scope
from accounts.sentences import say

PREFIX = "rn_"
RANDOM_BYTES = 32
HINT_CHARACTERS = 8
USED_EVERY = timedelta(minutes=1)
"""``last_used_at`` is written at most this often."""

NOBODY = say(
    "A token belongs to an account, and nobody is logged in here: in open mode the portal needs "
    "none. RUNICORN_ACCESS=team makes it ask for a login."
)


def create_token(
    *,
    user: User,
    name: str,
    created_by: Caller,
    scope: Scope = Scope.WRITE,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; returns its row and its text, which nobody will see again.

    ``expires_at`` None: never, or when the token does that ``created_by`` came with.

    Raises AccessDenied (403) where ``created_by`` may not, Invalid (400) for a moment that is over,
    Conflict (409) where the name is in use, or nobody is logged in (open mode).
    """
    _require_to_create(created_by, user, scope)
    ends = _expiry(created_by, expires_at)
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    try:
        with transaction.atomic():
            _keep_usable(own_token(created_by))
            return _insert(user, name, scope, ends, text, created_by), text
    except IntegrityError:
        raise Conflict(
            say("{username} has a token called {name!r}.", username=user.username, name=name)
        ) from None


def _require_to_create(caller: Caller, user: User, scope: Scope) -> None:
    if not isinstance(caller, User):
        raise Conflict(NOBODY)
    if caller.pk != user.pk:
        require_admin(caller, say("make tokens of other accounts"))
    _require_within_scope(caller, scope)


def _require_within_scope(caller: Caller, scope: Scope) -> None:
    own = _own_scope(caller)
    if own == Scope.READ:
        raise AccessDenied(say("A token of scope read makes no tokens and revokes only itself."))
    if own is not None and HIGHEST_ROLE[scope] > HIGHEST_ROLE[own]:
        raise AccessDenied(
            say("With a token of scope {own} no token of scope {scope}.", own=own, scope=scope)
        )


def _own_scope(caller: Caller) -> Scope | None:
    token = own_token(caller)
    return None if token is None else Scope(token.scope)


def own_token(caller: Caller) -> ApiToken | None:
    """The token that ``caller`` came with, None for a login with a password, or for nobody."""
    return caller.token if isinstance(caller, User) else None


def _expiry(caller: Caller, wanted: datetime | None) -> datetime | None:
    token = own_token(caller)
    limit = token.expires_at if token else None
    if wanted is None:
        return limit
    if wanted <= timezone.now():
        raise Invalid({"expires_at": [say("is over already")]})
    if limit is not None and wanted > limit:
        raise AccessDenied(
            say(
                "No token outlives the one it is made with: {limit:%Y-%m-%d %H:%M} UTC.",
                limit=limit,
            )
        )
    return wanted


def _keep_usable(token: ApiToken | None) -> None:
    """Let nobody revoke ``token`` before one that it makes is there to be revoked with it."""
    if token is None:
        return
    usable = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if not usable.select_for_update().exists():
        raise AccessDenied(say("The token you came with is revoked."))


def _insert(
    user: User, name: str, scope: Scope, ends: datetime | None, text: str, created_by: Caller
) -> ApiToken:
    token = ApiToken.objects.create(
        user=user, name=name, scope=scope, expires_at=ends,
        sha256=hash_token(text), hint=text[:HINT_CHARACTERS], made_with=own_token(created_by),
    )  # fmt: skip
    after = {"scope": scope, "expires_at": ends and ends.isoformat()}
    record("token.create", caller=created_by, obj=token, name=_name_of(token), after=after)
    return token


def find_account(*, username: str | None, asked_by: Caller) -> User:
    """The service account of that name, for making a token of it; None: one's own account.

    Raises Conflict (409) where nobody is logged in (open mode), AccessDenied (403) where it is
    not one's own and ``asked_by`` no admin, Invalid (400) where there is none.
    """
    own = user_or_none(asked_by)
    if own is None:
        raise Conflict(NOBODY)
    if username in {None, own.username}:
        return own
    require_admin(asked_by, say("make tokens of other accounts"))
    found = User.objects.filter(username=username).first()
    if found is None or not found.is_service:
        raise Invalid(
            {"user": [say("there is no service account {username!r}", username=username)]}
        )
    return found


def tokens_of(*, username: str | None, asked_by: Caller) -> models.QuerySet[ApiToken]:
    """The tokens that are not revoked of the account of that name, newest first; None: one's own.

    Raises AccessDenied (403) where that is another's and ``asked_by`` no admin.
    """
    rows = ApiToken.objects.filter(revoked_at=None).select_related("user").order_by("-pk")
    if username in {None, asked_by.get_username()}:
        return rows.filter(user=asked_by.pk)
    require_admin(asked_by, say("see the tokens of other accounts"))
    return rows.filter(user__username=username)


def every_token(*, asked_by: Caller) -> models.QuerySet[ApiToken]:
    """The tokens of all accounts, revoked ones too, newest first. Raises AccessDenied (403)."""
    require_admin(asked_by, say("see the tokens of other accounts"))
    return ApiToken.objects.select_related("user").order_by("-pk")


def family_of(token: ApiToken) -> list[ApiToken]:
    """``token`` and all that go with it when it is revoked: those made with it, and so on.

    Those that are revoked already are left out, but not what was made with them.
    """
    found, level = [token], [token]
    while level:
        level = list(ApiToken.objects.filter(made_with__in=level).select_related("user"))
        found += [one for one in level if one.revoked_at is None]
    return found


def find_own_token(*, token_id: int, asked_by: Caller) -> ApiToken:
    """The token with that id; TokenNotFound (404) where it is another's and he is no admin."""
    rows = ApiToken.objects.select_related("user").filter(pk=token_id)
    if not is_admin(asked_by):
        rows = rows.filter(user=asked_by.pk)
    found = rows.first()
    if found is None:
        raise TokenNotFound(token_id)
    return found


def revoke_token(*, token: ApiToken, revoked_by: Caller) -> None:
    """Make ``token`` worthless for good, and all that were made with it. Idempotent.

    Raises AccessDenied (403) unless it is one's own, or ``revoked_by`` an admin, and where he came
    with a token of a lower scope, or with another one that only reads.
    """
    if token.user_id != revoked_by.pk:
        require_admin(revoked_by, say("revoke the tokens of other accounts"))
    if token != own_token(revoked_by):
        _require_within_scope(revoked_by, Scope(token.scope))
    with transaction.atomic():
        level = _locked(Q(pk=token.pk))
        while level:  # of the family, from the eldest down: two who revoke lock in one order
            for one in level:
                _revoke(one, revoked_by)
            level = _locked(Q(made_with__in=level))


def _locked(which: Q) -> list[ApiToken]:
    rows = ApiToken.objects.filter(which).select_related("user").order_by("pk")
    return list(rows.select_for_update(of=("self",)))


def _revoke(token: ApiToken, revoked_by: Caller) -> None:
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record("token.revoke", caller=revoked_by, obj=token, name=_name_of(token))


def _name_of(token: ApiToken) -> str:
    return f"{token.user.username}/{token.name}"


def hash_token(text: str) -> str:
    """What is stored of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def find_token(text: str) -> ApiToken | None:
    """The token whose text this is, with its user, if both may be used now."""
    if not text.startswith(PREFIX):
        return None
    now = timezone.now()
    usable = ApiToken.objects.select_related("user").filter(
        Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True
    )
    token = usable.filter(sha256=hash_token(text)).first()
    if token is not None:
        _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
