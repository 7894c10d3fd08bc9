"""The portal's services in this process, without HTTP: see ``portals.direct_portal``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.contrib.auth.models import AnonymousUser

from artifacts.api.rendering import storage_stats
from artifacts.models import Blob, ManifestEntry
from artifacts.names import ArtifactName
from artifacts.services.blobs import store_blob
from artifacts.services.contents import open_blob
from artifacts.services.store import prepare_store
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.manifest import Manifest
from artifacts.storage.manifest import ManifestEntry as Entry
from benchmarks.revisions import MIB, TYPE

ANYBODY = AnonymousUser()


class Direct:
    """Services, a store and a PostgreSQL, all real."""

    def __init__(self) -> None:
        self.store_root = prepare_store().root

    def log(self, name: str, path: Path, sha256: str) -> None:
        """What the two requests do: store the content, commit the version."""
        size = path.stat().st_size
        with path.open("rb", buffering=0) as source:
            store_blob(
                source=source,
                sha256=sha256,
                size_bytes=size,
                stored_by=ANYBODY,
                artifact=ArtifactName(TYPE, name),
            )
        draft = VersionDraft(Manifest((Entry(path.name, sha256, size),)))
        create_version(type_=TYPE, name=name, draft=draft, created_by=ANYBODY)

    @contextmanager
    def reading(self, name: str, number: int) -> Iterator[Callable[[], object]]:
        """As a download reads it once it is open: pieces of 1 MiB."""
        with open_blob(_find(name, number)) as content:

            def read() -> int:
                content.seek(0)
                return sum(map(len, iter(lambda: content.read(MIB), b"")))

            yield read

    def fetch(self, name: str, number: int) -> bytes:
        """All at once."""
        with open_blob(_find(name, number)) as content:
            return content.read()

    def pool_bytes(self) -> int:
        """As the statistics count it."""
        return int(storage_stats(ANYBODY)["dedup_pool_size_bytes"])


def _find(name: str, number: int) -> Blob:
    entries = ManifestEntry.objects.select_related("blob")
    return entries.get(version__artifact__name=name, version__number=number).blob
