"""However much differs, the page that compares two versions stays small."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from artifacts.models import ManifestEntry, Version
from artifacts.storage.manifest import ManifestReference
from runicorn_site.templatetags.portal import DASH
from tests.conftest import MakeVersion
from tests.lineage.comparing import BASE, text_of

LARGE = """
INSERT INTO artifacts_manifestentry (version_id, path, blob_id)
SELECT %s, 'a/rather/long/folder/' || n %% 100 || '/' || repeat('x', 60) || n || '.bin', %s
  FROM generate_series(1, 100000) AS n
"""


@pytest.mark.slow
def test_a_hundred_thousand_changed_files_make_a_small_page(
    client: Client, make_version: MakeVersion
) -> None:
    for word in ("old", "new"):
        version = make_version(
            files={"a": word.encode()},
            metadata={f"key {n} <&>": word * 200 for n in range(2000)},
            references=tuple(ManifestReference(f"s3://{word}/{n}") for n in range(2000)),
            description="\n".join(f"{word} <{n}>" for n in range(5000)),
        )
        blob = ManifestEntry.objects.get(version=version).blob_id
        with connection.cursor() as cursor:
            cursor.execute(LARGE, [version.pk, blob])
    Version.objects.update(num_files=100_001)
    for rest in ("", "?page=2501", "?change=changed"):
        answer = client.get(f"{BASE}/v1...v2{rest}")
        assert len(answer.content) < 200_000
        assert "~100 001 changed".replace(" ", "\u202f", 1) in text_of_raw(answer)
    assert "The first 60 of 2\u202f000" in answer.content.decode()


def text_of_raw(answer: Any) -> str:
    """As :func:`text_of`, thin spaces kept."""
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_a_long_diff_comes_in_parts(client: Client, make_version: MakeVersion) -> None:
    for word in ("old", "new"):
        make_version(files={"a.txt": "".join(f"{word} {n} <&>\n" for n in range(900)).encode()})
    url = f"{BASE}/v1...v2/file?path=a.txt"
    first = client.get(url)
    assert len(first.content) < 200_000
    assert "start=500" in first.content.decode()
    second = client.get(f"{url}&start=500", headers={"HX-Request": "true"})
    assert "old 499" in text_of(second)
    assert "sha256:" not in second.content.decode()
    last = client.get(f"{url}&start=1500", headers={"HX-Request": "true"})
    assert "start=" not in last.content.decode()


def test_wide_lines_end_a_part_early(client: Client, make_version: MakeVersion) -> None:
    for word in ("o", "n"):
        make_version(files={"a.txt": f"{word}{'<' * 1990}\n".encode() * 100})
    answer = client.get(f"{BASE}/v1...v2/file?path=a.txt")
    assert len(answer.content) < 200_000
    assert "Show the next rows" in text_of(answer)


def test_the_longest_paths_make_a_small_page(client: Client, make_version: MakeVersion) -> None:
    for word in ("old", "new"):
        files = {f"{'模' * 338}{n:04}": f"{word}{n}".encode() for n in range(45)}
        make_version(files=files)
    answer = client.get(f"{BASE}/v1...v2")
    assert len(answer.content) < 200_000
    assert f"1{DASH}40 of 45" in text_of(answer)
