"""The pages of a version of 100 000 files: as many queries as for a small one, no more HTML."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts.models import Blob, ManifestEntry, Version
from tests.conftest import MakeVersion

NUM_FILES = 100_000
LARGE, SMALL = "/artifacts/model/large/v1", "/artifacts/model/small/v1"
PATHS = [
    "", "/files", "/files?path=d007/", "/files?path=d007/sub/&page=3", "/files?q=99", "/metadata",
    "/files?q=none", "/usage",
]  # fmt: skip


def fill(version: Version) -> None:
    """Give it so many files of one content: 100 folders, of which one has 90 000 in one folder."""
    blob = Blob.objects.get()
    paths = (
        f"d{n % 100:03}/{n:06}.bin" if n < 10_000 else f"d007/sub/{n:06}.bin"
        for n in range(NUM_FILES)
    )
    entries = [ManifestEntry(version=version, blob=blob, path=path) for path in paths]
    ManifestEntry.objects.bulk_create(entries, batch_size=10_000)
    Version.objects.filter(pk=version.pk).update(num_files=NUM_FILES + 1)


@pytest.mark.slow
def test_a_hundred_thousand_files_are_a_page_like_any_other(
    client: Client, make_version: MakeVersion, record_testsuite_property: object
) -> None:
    make_version("small")
    fill(make_version("large"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE artifacts_manifestentry")
    for path in PATHS:
        counts = []
        for url in (SMALL, LARGE):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(url + path)
            assert answer.status_code == 200
            assert len(answer.content) < 200_000, path
            counts.append(len(captured))
        assert counts[0] == counts[1] or "page=3" in path, path
    text = client.get(f"{LARGE}/files").content.decode()
    assert "100\u202f001 files" in text
    assert "90\u202f100 files" in text
