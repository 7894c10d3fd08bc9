"""Who may write: asked first by every service."""

from accounts.access import Caller, can_enter
from artifacts.errors import AccessDenied


def require_entry(caller: Caller) -> None:
    """Raise AccessDenied (403) unless ``caller`` may use the portal."""
    if not can_enter(caller):
        raise AccessDenied("Log in first.")
