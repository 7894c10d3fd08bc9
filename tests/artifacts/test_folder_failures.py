"""A version folder that cannot be built is nobody's error: the version is committed."""

import logging

import pytest
from rest_framework.test import APIClient

from artifacts.models import Version
from artifacts.services.trees import build_version_tree, built_folder
from artifacts.storage.layout import Store
from tests.conftest import digest_of

CONTENT = b"content"


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_folder_fails_answers_201(
    api: APIClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = store.artifacts / "model"
    blocker.write_text("a file where a folder belongs")
    api.put(f"/api/blobs/{digest_of(CONTENT)}", CONTENT, content_type="application/octet-stream")
    body = {
        "type": "model",
        "files": [{"path": "a", "digest": digest_of(CONTENT), "size": len(CONTENT)}],
    }
    with caplog.at_level(logging.ERROR):
        answer = api.post("/api/artifacts/m/versions", body, format="json")
    assert answer.status_code == 201
    assert "on_commit" in caplog.text
    version = Version.objects.select_related("artifact").get()
    assert built_folder(version) is None
    blocker.unlink()
    build_version_tree(version.pk)
    assert built_folder(version) is not None
