"""What happened in the end: versions were deleted, one of them for ever, and runs still go on."""

import runicorn as rn

DELETED = (
    ("ticket-router", "model", (3, 7)),
    ("ticket-router-training-log", "custom", (3, 7)),
    ("defect-detector", "model", (4, 7)),
    ("demand-forecaster", "model", (4, 7)),
    ("sales-daily-raw", "dataset", (1, 2)),
    ("image-embeddings", "dataset", (2,)),
    ("promo-uplift", "model", (3,)),
)
"""Soft-deleted: they wait in the trash, unless an alias points there."""

PURGED = ("tickets-raw", "dataset", 1)
"""Removed for ever; what was made from it still names it."""

RUNNING = (
    ("support-routing", "train-router-sweep", ("ticket-features", "ticket-labels", "base-encoder")),
    ("defect-vision", "annotate-batch", ("line-camera-curated", "label-guide")),
    ("demand-forecast", "train-forecaster-42-days", ("demand-features", "forecast-config")),
)


def end_story(client: rn.Client) -> None:
    """Delete, remove for ever, and begin the runs that nobody ends."""
    for name, type_, numbers in DELETED:
        _delete(client, name, type_, numbers)
    name, type_, number = PURGED
    if number in _unnamed(client, name, type_):
        client.delete_version(name, number, artifact_type=type_, permanent=True)
    for project, run_name, uses in RUNNING:
        run = rn.Run(project, name=run_name, client=client)
        for used in uses:
            run.use_artifact(used)


def _delete(client: rn.Client, name: str, type_: str, numbers: tuple[int, ...]) -> None:
    for number in sorted(_unnamed(client, name, type_).intersection(numbers)):
        client.delete_version(name, number, artifact_type=type_)


def _unnamed(client: rn.Client, name: str, type_: str) -> set[int]:
    """The versions that no alias names, ``latest`` not either."""
    versions = client.list_versions(name, artifact_type=type_)
    return {version["version"] for version in versions if not version["aliases"]}
