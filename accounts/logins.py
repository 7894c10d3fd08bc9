"""Who came in, who tried to, and who left, in the log of who did what.

Django's own signals tell, whatever the way in; importing this module listens to them.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.audit import record
from accounts.models import User

MAX_NAME_CHARACTERS = 150
NOBODY = AnonymousUser()
NO_ACCOUNT = "(no such account)"


@receiver(user_logged_in, dispatch_uid="audit_login")
def note_login(*, user: User, **said: Any) -> None:
    """Somebody came in with a password."""
    record("user.login", caller=user, obj=user)


@receiver(user_login_failed, dispatch_uid="audit_login_failed")
def note_failed_login(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **said: Any
) -> None:
    """Somebody tried to, and was not told to wait before: those attempts would only fill the log.

    The name is kept only where there is such an account: people type passwords there.
    """
    typed = str(credentials.get(User.USERNAME_FIELD) or "")
    name = typed.replace("\0", "").encode(errors="replace").decode()[:MAX_NAME_CHARACTERS]
    if getattr(request, "axes_locked_out", False):
        return
    is_known = User.objects.filter(username=name).exists()
    obj = User(username=name if is_known else NO_ACCOUNT)
    record("user.login_failed", caller=NOBODY, obj=obj)


def note_refused_login(*, user: User) -> None:
    """Somebody had the right password where only admins get in."""
    record("user.login_refused", caller=user, obj=user)


@receiver(user_logged_out, dispatch_uid="audit_logout")
def note_logout(*, user: User | None, **said: Any) -> None:
    """Somebody left; None ended a session in which nobody was logged in."""
    if user is not None:
        record("user.logout", caller=user, obj=user)
