"""What a client does to the portal, as plain calls of the services: for threads and processes."""

from io import BytesIO

from django.contrib.auth.models import AnonymousUser

from artifacts.errors import MissingBlobs
from artifacts.models import Version
from artifacts.services.blobs import store_blob
from artifacts.services.purge import purge_version
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.manifest import Manifest, ManifestEntry
from tests.conftest import sha256_of

ANYBODY = AnonymousUser()
Files = dict[str, bytes]


def upload(content: bytes) -> bool:
    """Store ``content``; whether it was new."""
    source, sha256 = BytesIO(content), sha256_of(content)
    _, is_new = store_blob(source=source, sha256=sha256, size_bytes=len(content), stored_by=ANYBODY)
    return is_new


def manifest_of(files: Files) -> Manifest:
    """The manifest of ``files``, in the order given."""
    return Manifest(
        tuple(ManifestEntry(path, sha256_of(data), len(data)) for path, data in files.items())
    )


def try_commit(name: str, files: Files, **draft: object) -> tuple[Version, bool]:
    """Commit content that was uploaded; the version and whether this call made it."""
    return create_version(
        type_="model",
        name=name,
        draft=VersionDraft(manifest=manifest_of(files), **draft),
        created_by=ANYBODY,
    )


def commit(name: str, files: Files, **draft: object) -> Version:
    """Commit content that was uploaded."""
    return try_commit(name, files, **draft)[0]


def log(name: str, files: Files, **draft: object) -> Version:
    """Upload and commit as a client does: what a collector took meanwhile is sent once more."""
    while True:
        for content in files.values():
            upload(content)
        try:
            return commit(name, files, **draft)
        except MissingBlobs:
            continue


def purge(name: str, number: int = 1) -> int:
    """Remove a version for ever; the bytes freed."""
    version = Version.objects.get(artifact__name=name, number=number)
    return purge_version(version=version, purged_by=ANYBODY)
