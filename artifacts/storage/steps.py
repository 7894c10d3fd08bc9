"""Named moments between two durable operations, where a test may kill the process.

Nothing happens at a step unless the environment names it; ``docs/storage.md`` lists what must hold
after a crash at each one.
"""

import os
import signal

STEPS = (
    "stage.written",
    "stage.assembled",
    "stage.synced",
    "publish.linked",
    "publish.synced",
    "extents.written",
    "extents.synced",
    "extents.placed",
    "extents.published",
    "aside.moved",
    "tree.built",
    "tree.renamed",
    "tree.removed",
)


def reached(step: str) -> None:
    """Die here, as in a power cut, when ``RUNICORN_CRASH_AT`` names ``step``; else do nothing."""
    if os.environ.get("RUNICORN_CRASH_AT") == step:
        os.kill(os.getpid(), signal.SIGKILL)
