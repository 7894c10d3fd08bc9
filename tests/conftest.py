"""What every test may use: a real store in ``tmp_path`` and small factories over the services."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.test import APIClient

from accounts.models import User
from artifacts.models import Blob, Version
from artifacts.services.blobs import store_blob
from artifacts.services.store import current_store, prepare_store
from artifacts.services.trees import build_version_tree
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.layout import Store
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference

ANYBODY = AnonymousUser()
MakeVersion = Callable[..., Version]


@pytest.fixture
def store(db: None, settings: Any, tmp_path: Path) -> Store:
    """An empty store of this test's own, known to the database."""
    settings.RUNICORN_STORAGE_ROOT = tmp_path / "store"
    prepare_store()
    return current_store()


@pytest.fixture
def api() -> APIClient:
    """Somebody without a login, who may do everything in open mode."""
    return APIClient()


@pytest.fixture
def team(settings: Any) -> None:
    """The portal in team mode."""
    settings.RUNICORN_ACCESS = "team"


@pytest.fixture
def member(db: None) -> APIClient:
    """Somebody logged in as ``member``."""
    client = APIClient()
    client.force_authenticate(User.objects.create_user("member"))
    return client


def sha256_of(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(content: bytes) -> str:
    """The digest as the API writes it."""
    return f"sha256:{sha256_of(content)}"


@pytest.fixture
def make_blob(store: Store) -> Callable[[bytes], Blob]:
    """Store content; returns its row."""

    def make(content: bytes) -> Blob:
        blob, _ = store_blob(
            source=BytesIO(content),
            sha256=sha256_of(content),
            size_bytes=len(content),
            stored_by=ANYBODY,
        )
        return blob

    return make


@pytest.fixture
def make_version(make_blob: Callable[[bytes], Blob]) -> MakeVersion:
    """Commit a version, its folder built; ``draft`` are further fields of VersionDraft."""

    def make(
        name: str = "model-a",
        *,
        type: str = "model",  # noqa: A002 - the API's word
        files: dict[str, bytes] | None = None,
        references: tuple[ManifestReference, ...] = (),
        run_id: str = "",
        created_by: Any = ANYBODY,
        **draft: Any,
    ) -> Version:
        contents = {"a.bin": b"content of a"} if files is None else files
        entries = tuple(
            ManifestEntry(path=path, sha256=make_blob(content).sha256, size_bytes=len(content))
            for path, content in contents.items()
        )
        manifest = Manifest(entries=entries, references=references)
        version, _ = create_version(
            type_=type,
            name=name,
            draft=VersionDraft(manifest=manifest, **draft),
            created_by=created_by,
            run_id=run_id,
        )
        build_version_tree(version.pk)
        return version

    return make
