"""What the API's tests share: a commit over HTTP, and a proof that a refusal kept nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.conftest import digest_of

Commit = Callable[..., HttpResponse]


@pytest.fixture
def commit(
    api: APIClient,
    make_blob: Callable[[bytes], Blob],
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
) -> Commit:
    """POST a version of ``files``, whose content is stored; further fields go into the body."""

    def post(name: str = "model-a", *, files: dict[str, bytes] | None = None, **body: Any) -> Any:
        contents = {"a.bin": b"content of a"} if files is None else files
        for content in contents.values():
            make_blob(content)
        rows = [file_row(path, content) for path, content in contents.items()]
        body = {"type": "model", "files": rows, **body}
        with django_capture_on_commit_callbacks(execute=True):
            return api.post(f"/api/artifacts/{quote(name)}/versions", body, format="json")

    return post


def file_row(path: str, content: bytes) -> dict[str, Any]:
    """A file of a commit."""
    return {"path": path, "digest": digest_of(content), "size": len(content)}


def body_of(response: Any) -> bytes:
    """The whole body, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else response.content


@contextmanager
def nothing_kept(store: Store) -> Iterator[None]:
    """Fails where the block leaves a row, a staged file, a file of the pool or a folder behind."""
    before = _everything(store)
    yield
    assert _everything(store) == before


def _everything(store: Store) -> tuple[dict[str, int], list[str]]:
    models = [
        *apps.get_app_config("artifacts").get_models(),
        *apps.get_app_config("lineage").get_models(),
    ]
    counts = {model.__name__: model.objects.count() for model in models}
    return counts, sorted(str(path) for path in store.root.rglob("*"))


SAMPLES = {
    "name": "model-a",
    "version": "1",
    "alias": "production",
    "digest": "sha256:" + "0" * 64,
    "path": "a.bin",
    "run_id": "run-1",
    "token_id": "999999999",
}


def _routes(
    patterns: list[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[tuple[str, str]]:
    """Every (method, path) that the URL conf knows below /api."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif path.startswith("/api/"):
            for converter in pattern.pattern.converters:
                path = path.replace(_placeholder(path, converter), SAMPLES[converter])
            view = pattern.callback.cls
            yield from (
                (name, path)
                for name in ("get", "post", "put", "patch", "delete")
                if hasattr(view, name)
            )


def _placeholder(path: str, name: str) -> str:
    start = path.index(f":{name}>")
    return path[path.rindex("<", 0, start) : start + len(name) + 2]


API_ROUTES = sorted(set(_routes(get_resolver().url_patterns)))
"""Every (method, path) of the API, as the URL conf has it: a new route cannot be forgotten."""
