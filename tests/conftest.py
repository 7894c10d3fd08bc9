"""What every test may use: a real store in ``tmp_path`` and small factories over the services."""

import hashlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group
from django.utils import translation
from rest_framework.test import APIClient

from accounts import limits
from accounts.roles import Role
from artifacts.models import Blob, Version
from artifacts.services.blobs import store_blob
from artifacts.services.store import current_store, prepare_store
from artifacts.services.trees import build_version_tree
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.layout import Store
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference
from tests.people import group_of, make_user

ANYBODY = AnonymousUser()
MakeVersion = Callable[..., Version]


@pytest.fixture(scope="session", autouse=True)
def client_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for what the SDK keeps: nobody's own cache counts in a test, or is written to."""
    with pytest.MonkeyPatch.context() as environment:
        folder = tmp_path_factory.mktemp("client")
        environment.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        environment.setenv("XDG_DATA_HOME", str(folder / "data"))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """To hash one well takes most of a second."""
    with pytest.MonkeyPatch.context() as patch:
        quick = "django.contrib.auth.hashers.MD5PasswordHasher"
        patch.setattr(settings, "PASSWORD_HASHERS", [quick, *settings.PASSWORD_HASHERS])
        yield


@pytest.fixture(autouse=True)
def role_groups(request: pytest.FixtureRequest) -> None:
    """The groups of the roles, for tests with a database: those that empty all tables take them."""
    wants = {"db", "transactional_db"}.intersection(request.fixturenames)
    if wants or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        if Group.objects.count() < len(Role):
            for role in Role:
                group_of(role)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A thread keeps the language of the page that it served last: no test gets another's."""
    with translation.override("en"):
        yield


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
def team(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal in team mode; its counts of requests are not tidied, which is left to chance."""
    settings.RUNICORN_ACCESS = "team"
    monkeypatch.setattr(limits, "FORGET_ONE_IN", 1 << 60)


@pytest.fixture
def member(db: None) -> APIClient:
    """Somebody logged in as ``member``, a maintainer."""
    client = APIClient()
    client.force_authenticate(make_user("member", Role.MAINTAINER))
    return client


def sha256_of(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(content: bytes) -> str:
    """The digest as the API writes it."""
    return f"sha256:{sha256_of(content)}"


@pytest.fixture
def make_blob(store: Store) -> Callable[..., Blob]:
    """Store content; returns its row."""

    def make(content: bytes, stored_by: Any = ANYBODY) -> Blob:
        blob, _ = store_blob(
            source=BytesIO(content),
            sha256=sha256_of(content),
            size_bytes=len(content),
            stored_by=stored_by,
        )
        return blob

    return make


@pytest.fixture
def make_version(make_blob: Callable[..., Blob]) -> MakeVersion:
    """Commit a version, its folder built; ``draft`` are further fields of VersionDraft."""

    def make(
        name: str = "model-a",
        *,
        type: str = "model",  # noqa: A002 - the API's word
        files: dict[str, bytes] | None = None,
        references: tuple[ManifestReference, ...] = (),
        run_id: str = "",
        created_by: Any = ANYBODY,
        team: str | None = None,
        **draft: Any,
    ) -> Version:
        contents = {"a.bin": b"content of a"} if files is None else files
        entries = tuple(
            ManifestEntry(
                path=path,
                sha256=make_blob(content, created_by).sha256,
                size_bytes=len(content),
            )
            for path, content in contents.items()
        )
        manifest = Manifest(entries=entries, references=references)
        version, _ = create_version(
            type_=type,
            name=name,
            team=team,
            draft=VersionDraft(manifest=manifest, **draft),
            created_by=created_by,
            run_id=run_id,
        )
        build_version_tree(version.pk)
        return version

    return make
