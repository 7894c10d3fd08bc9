"""The server's routes as methods, one each, with types. The SDK and the CLI both stand on it.

Nothing is decided here: names are quoted into paths, answers get their type, and it is said of
every route whether it may be repeated after a broken connection. The routes themselves are in
:mod:`runicorn.client`, a module for each kind.
"""

from contextlib import AbstractContextManager

from runicorn.client.accounts import AccountRoutes
from runicorn.client.aliases import AliasRoutes
from runicorn.client.artifacts import ArtifactRoutes
from runicorn.client.blobs import BlobRoutes, Part, patience_seconds
from runicorn.client.runs import RunRoutes
from runicorn.comparisons import Comparisons
from runicorn.config import Config
from runicorn.imports import Imports
from runicorn.transport import Transport

__all__ = ["Client", "Part", "patience_seconds"]


class Client(ArtifactRoutes, AliasRoutes, BlobRoutes, RunRoutes, AccountRoutes):
    """A server's API, route by route. Threads and forked processes may share one.

    ``team`` is whose what is logged becomes where nothing else says so (``RUNICORN_TEAM``);
    ``comparisons`` are the routes that compare two versions, ``imports`` those for what was
    elsewhere. For work by names and aliases take :class:`runicorn.Api`.

    >>> rn.Client().get_stats()["dedup_enabled"]
    True
    """

    def __init__(self, config: Config | None = None) -> None:
        config = config or Config.from_environment()
        self.team = config.team
        super().__init__(Transport(config))
        self.comparisons = Comparisons(self._transport)
        self.imports = Imports(self._transport)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    def hurry(self) -> None:
        """Stop repeating calls: the program is about to end."""
        self._transport.hurry()

    def hurrying(self) -> AbstractContextManager[None]:
        """Stop repeating calls in this block: somebody waits for its end."""
        return self._transport.hurrying()
