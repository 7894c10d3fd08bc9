"""The portal outside of runs: find, look at, name, describe, delete, restore."""

from collections.abc import Mapping, Sequence
from typing import Any

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.config import Config
from runicorn.lookup import find_detail
from runicorn.specs import Spec, parse_name, parse_spec
from runicorn.tagging import retag, whose


class Api:
    """Everything there is, by the names people use; no run is begun and no use is noted.

    Versions are named as everywhere: ``name:v3``, ``name:production``, ``name`` (its latest),
    ``model/name:v3``, ``vision/model/name:v3``. ``url`` is the portal's address (default:
    ``RUNICORN_TRACKING_URI``); the route by route methods are in ``client``.

    >>> api = rn.Api()
    >>> [one["name"] for one in api.artifacts(type="dataset")]
    ['photos']
    >>> api.artifact("photos:latest").version
    2

    Raises everywhere: ``FileNotFoundError`` for an artifact or version that is not there,
    ``ValueError`` for an alias that is not, or a name outside the rules, and the
    :mod:`runicorn.errors` of what the server refuses.
    """

    def __init__(self, url: str | None = None, *, client: Client | None = None) -> None:
        self.client = client or Client(Config.from_environment(url=url))

    # Finding --------------------------------------------------------------------------------------

    def artifacts(
        self,
        type: str | None = None,  # noqa: A002 the name users know
        *,
        search: str | None = None,
        tag: str | None = None,
        alias: str | None = None,
        team: str | None = None,
        limit: int | None = None,
        **filters: str | int,
    ) -> list[payloads.ArtifactItem]:
        """List artifacts, the newest first; ``filters`` are the further ones of the route.

        >>> [one["name"] for one in rn.Api().artifacts(search="resnet", alias="production")]
        ['resnet50', 'resnet50-model']
        """
        return self.client.list_artifacts(
            type=rules.check_optional_type(type),
            team=rules.check_optional_team(team),
            q=search,
            tag=tag,
            alias=alias,
            limit=limit,
            **filters,
        )

    def versions(self, name: str) -> list[payloads.VersionItem]:
        """List the versions of an artifact, the oldest first.

        >>> [(one["version"], one["status"]) for one in rn.Api().versions("photos")]
        [(1, 'ready'), (2, 'ready')]
        """
        named = parse_name(name)
        return self.client.list_versions(named.name, **named.whose)

    def artifact(self, spec: str) -> Artifact:
        """Return a version, ready to ``download``; no run is said to have used it.

        >>> rn.Api().artifact("resnet50-model:production").get_metadata().metadata
        {'val_accuracy': 0.95}
        """
        return Artifact.from_detail(self.client, self._find(spec))

    def exists(self, spec: str) -> bool:
        """Whether there is such a version, as far as one may see.

        >>> rn.Api().exists("photos:v2"), rn.Api().exists("photos:v9")
        (True, False)
        """
        try:
            self._find(spec)
        except (FileNotFoundError, ValueError):
            parse_spec(spec)  # outside the rules is an error still
            return False
        return True

    def runs(
        self, project: str | None = None, *, status: str | None = None, limit: int | None = None
    ) -> list[payloads.RunInfo]:
        """List runs, the newest first.

        >>> {run["status"] for run in rn.Api().runs(project="vision")}
        {'finished'}
        """
        return self.client.list_runs(project=project, status=status, limit=limit)

    def run(self, run_id: str) -> payloads.RunInfo:
        """Return what is known of a run; raises :class:`RunNotFound`."""
        return self.client.get_run(run_id)

    def run_artifacts(self, run_id: str) -> payloads.RunArtifacts:
        """Return what a run ``created`` and ``used``."""
        return self.client.get_run_artifacts(run_id)

    # Aliases and tags -----------------------------------------------------------------------------

    def aliases(self, name: str) -> dict[str, int]:
        """Return the aliases of an artifact, and the versions they point at.

        >>> rn.Api().aliases("photos")
        {'latest': 2}
        """
        named = parse_name(name)
        found = self.client.list_aliases(named.name, **named.whose)
        return {one["alias"]: one["version"] for one in found}

    def set_alias(self, spec: str, alias: str, *, comment: str = "") -> payloads.AliasInfo:
        """Point ``alias`` at a version, from wherever it was; ``comment`` says why.

        >>> rn.Api().set_alias("photos:v1", "gold")["version"]
        1
        """
        found = self._find(spec)
        return self.client.set_alias(
            found["name"], rules.check_movable_alias(alias), found["version"],
            **whose(found), comment=comment,
        )  # fmt: skip

    def delete_alias(self, name: str, alias: str, *, comment: str = "") -> None:
        """Remove an alias; the version it pointed at stays.

        >>> rn.Api().delete_alias("photos", "gold")
        """
        named = parse_name(name)
        self.client.delete_alias(named.name, alias, **named.whose, comment=comment)

    def add_tags(self, spec: str, *tags: str) -> list[str]:
        """Add tags to a version; return all it has then.

        >>> rn.Api().add_tags("photos:v1", "raw", "2026")
        ['raw', '2026']
        """
        found = self._find(spec)
        return retag(self.client, found, lambda had: list(dict.fromkeys([*had, *tags])))["tags"]

    def remove_tags(self, spec: str, *tags: str) -> list[str]:
        """Remove tags from a version, also ones it has not; return those that are left.

        >>> rn.Api().remove_tags("photos:v1", "2026")
        ['raw']
        """
        found = self._find(spec)
        return retag(self.client, found, lambda had: [one for one in had if one not in tags])[
            "tags"
        ]

    def describe(
        self,
        spec: str,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,  # the user's own
        tags: Sequence[str] | None = None,
    ) -> payloads.VersionDetail:
        """Say something else of a version: each that is given replaces what was there.

        >>> rn.Api().describe("photos:v1", description="As they came")["description"]
        'As they came'
        """
        changes: payloads.DescribeRequest = {}
        if description is not None:
            changes["description"] = description
        if metadata is not None:
            changes["metadata"] = rules.check_metadata(dict(metadata))
        if tags is not None:
            changes["tags"] = list(tags)
        found = self._find(spec)
        return self.client.describe_version(
            found["name"], found["version"], changes, **whose(found)
        )

    # Removing -------------------------------------------------------------------------------------

    def delete(self, spec: str, *, permanent: bool = False) -> payloads.Deleted:
        """Delete a version: :meth:`restore` brings it back, unless it was ``permanent``.

        ``spec`` names it by number, as an alias may move meanwhile.

        >>> rn.Api().delete("photos:v1")["message"]
        'Soft deleted photos:v1 locally'
        >>> rn.Api().restore("photos:v1").get_metadata().status
        'ready'
        """
        named, version = _numbered(spec)
        return self.client.delete_version(named.name, version, permanent=permanent, **named.whose)

    def restore(self, spec: str) -> Artifact:
        """Bring a deleted version back, with the aliases that have not moved on."""
        named, version = _numbered(spec)
        detail = self.client.restore_version(named.name, version, **named.whose)
        return Artifact.from_detail(self.client, detail)

    # The portal -----------------------------------------------------------------------------------

    def stats(self) -> payloads.Stats:
        """Return how much is stored, and what dedup saves."""
        return self.client.get_stats()

    def whoami(self) -> payloads.WhoAmI:
        """Return as whom the portal knows us."""
        return self.client.whoami()

    # ----------------------------------------------------------------------------------------------

    def _find(self, text: str) -> payloads.VersionDetail:
        return find_detail(self.client, parse_spec(text))


def _numbered(text: str) -> tuple[Spec, int]:
    spec = parse_spec(text)
    if spec.version is None:
        raise ValueError(f"{text} names no version by number; say {spec.name}:v3")
    return spec, spec.version
