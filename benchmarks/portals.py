"""Where the dedup benchmark stores its revisions: through the services, or through HTTP.

``Direct`` runs the services in this process, on a store and a PostgreSQL of its own. Import it only
through ``direct_portal``, which prepares Django first. ``Live`` uses the SDK on a running server.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import runicorn as rn
from benchmarks.revisions import TYPE
from runicorn_site.embedded import EmbeddedPostgres, database_url
from tests.live import start_portal


def fast_folder() -> AbstractContextManager[str]:
    """A folder for what is logged, in memory where there is one: not on the disk of the store."""
    memory = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


class Portal(Protocol):
    """What the benchmark needs of one."""

    store_root: Path

    def log(self, name: str, path: Path, sha256: str) -> None:
        """Store the file at ``path`` and commit it as the next version of ``name``."""

    def reading(self, name: str, number: int) -> AbstractContextManager[Callable[[], object]]:
        """What reads the file of a version once, as its users do, each time it is called."""

    def fetch(self, name: str, number: int) -> bytes:
        """The content of the file of a version."""

    def pool_bytes(self) -> int:
        """What the statistics say that the pool takes."""


@contextmanager
def direct_portal() -> Iterator[Portal]:
    """The services on a new store, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            os.environ["DATABASE_URL"] = database_url(server.home)
            yield _prepare(Path(folder))
        finally:
            _disconnect()
            server.stop()


def _prepare(folder: Path) -> Portal:
    os.environ["RUNICORN_DATA_DIR"] = str(folder)
    os.environ["RUNICORN_STORAGE_ROOT"] = str(folder / "store")
    os.environ["RUNICORN_ACCESS"] = "open"
    os.environ["RUNICORN_DATABASE_POOL"] = "0"
    os.environ["RUNICORN_LOG_LEVEL"] = "WARNING"
    os.environ["DJANGO_SETTINGS_MODULE"] = "runicorn_site.settings"
    import django  # noqa: PLC0415 (reads the settings)
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    from benchmarks.direct import Direct  # noqa: PLC0415 (has models)

    return Direct()


def _disconnect() -> None:
    from django.db import connections  # noqa: PLC0415 (reads the settings)

    connections.close_all()


@contextmanager
def live_portal() -> Iterator[Portal]:
    """A server with a store of its own, and the SDK."""
    with tempfile.TemporaryDirectory() as folder:
        portal = start_portal(Path(folder) / "var", RUNICORN_LOG_LEVEL="WARNING")
        os.environ["RUNICORN_TRACKING_URI"] = portal.url
        os.environ["RUNICORN_CACHE_BYTES"] = "0"  # what is read is to come from the portal
        try:
            with rn.init(project="benchmark", name="dedup") as run:
                yield Live(run, portal.data_dir / "store")
        finally:
            portal.stop()


class Live:
    """Through the SDK, HTTP and the server."""

    def __init__(self, run: rn.Run, store_root: Path) -> None:
        self.store_root = store_root
        self._run = run

    def log(self, name: str, path: Path, sha256: str) -> None:
        """The SDK hashes, asks what is missing, sends it and commits."""
        self._run.log_artifact(rn.Artifact(name, type=TYPE).add_file(path))

    @contextmanager
    def reading(self, name: str, number: int) -> Iterator[Callable[[], object]]:
        """Downloads, hashed by the SDK."""
        yield lambda: self.fetch(name, number)

    def fetch(self, name: str, number: int) -> bytes:
        """A download, read from where it went."""
        with fast_folder() as folder:
            return self._download(name, number, Path(folder)).read_bytes()

    def _download(self, name: str, number: int, folder: Path) -> Path:
        artifact = self._run.use_artifact(f"{name}:v{number}", type=TYPE)
        (path,) = artifact.download(folder / "out").iterdir()
        return path

    def pool_bytes(self) -> int:
        """From ``/api/artifacts/stats``."""
        return rn.Client().get_stats()["dedup_pool_size_bytes"]
