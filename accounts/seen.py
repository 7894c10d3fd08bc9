"""What somebody saw of a row when he began to change it, so that a later change is not undone."""

import hashlib
import json

from accounts.audit import Values
from accounts.errors import ChangedMeanwhile
from accounts.sentences import say


def fingerprint(values: Values) -> str:
    """64 hex digits that stand for ``values``: a form takes them along."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def require_seen(seen: str, values: Values, name: object) -> None:
    """Raise ChangedMeanwhile (409) unless ``seen`` is of ``values``, or empty (blindly)."""
    if seen and seen != fingerprint(values):
        raise ChangedMeanwhile(
            say("{name} was changed by somebody else meanwhile; look again.", name=name)
        )
