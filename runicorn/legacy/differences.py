"""What a portal says of a version that it has, where the store says otherwise."""

from collections.abc import Sequence

from runicorn.legacy.values import PastVersion

FIELDS = {
    "description": "another description",
    "tags": "other tags",
    "metadata": "other metadata",
}


def tell_differences(past: PastVersion, differs: Sequence[str], status: str) -> str:
    """In words; ``differs`` are of ``FIELDS`` or ``status``, which is the portal's ``status``."""
    said = ", ".join(FIELDS[one] for one in differs if one in FIELDS)
    texts = [f"the portal has {said}"] if said else []
    if "status" in differs:
        was = "deleted" if past.deleted_at else "not deleted"
        texts.append(f"it is {status} in the portal, {was} in the store")
    return f"{'; '.join(texts)}; it stays as it is"
