"""``…/v3/files``: a folder at a time, and what is found."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts.models import Blob
from tests.conftest import MakeVersion, digest_of, sha256_of
from tests.web.reading import read

URL = "/artifacts/model/model-a/v1/files"
LATE = re.compile(r'SELECT "\w+"."id", "\w+"."(metadata|description)" FROM')
FILES = {"a.txt": b"1", "data/x.bin": b"22", "data/deep/y.bin": b"333", "数据/é #1?.txt": b"4444"}


def test_the_top_has_its_folders_and_files(client: Client, make_version: MakeVersion) -> None:
    make_version(files=FILES)
    page = read(client, URL)
    assert "4 files, 10 B" in page.text
    assert "2 files" in page.text
    links = page.values("a", "href")
    assert f"{URL}?path=data%2F" in links
    assert f"{URL}/a.txt" in links
    assert "/api/artifacts/model-a/v1/files/a.txt?type=model&team=everyone" in links
    assert "/api/artifacts/model-a/v1/archive?type=model&team=everyone&path=data%2F" in links
    assert digest_of(b"1") in page.values("button", "data-copy")


@pytest.mark.parametrize("path", ["data/", "data", "/data/"])
def test_a_folder_shows_what_is_in_it(client: Client, make_version: MakeVersion, path: str) -> None:
    make_version(files=FILES)
    page = read(client, URL, path=path)
    assert "2 files, 5 B" in page.text
    assert ("x.bin" in page.text, "deep/" in page.text, "a.txt" in page.text) == (True, True, False)
    assert f"{URL}?path=data%2Fdeep%2F" in page.values("a", "href")


def test_every_link_of_a_page_leads_somewhere(client: Client, make_version: MakeVersion) -> None:
    make_version(files=FILES)
    for path in ("", "data/", "数据/"):
        links = read(client, URL, path=path).values("a", "href")
        own = [link for link in links if link.startswith(("/artifacts/", "/api/artifacts/"))]
        assert {client.get(link).status_code for link in own} == {200}


def test_a_search_looks_into_all_folders(client: Client, make_version: MakeVersion) -> None:
    make_version(files=FILES)
    page = read(client, URL, q="BIN")
    assert "data/deep/y.bin" in page.text
    assert "data/x.bin" in page.text
    assert "a.txt" not in page.text
    assert page.values("input", "value").count("BIN") == 1


def test_htmx_gets_the_rows_alone(client: Client, make_version: MakeVersion) -> None:
    make_version(files=FILES)
    answer = client.get(URL, {"path": "data/"}, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b"x.bin" in answer.content


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"q": "nowhere"}, "No file has this"),
        ({"q": "\0"}, "No file has this"),
        ({"path": "nowhere/"}, "no such folder"),
        ({"path": "a.txt"}, "no such folder"),
        ({"path": "../"}, "no such folder"),
        ({"path": "\0"}, "no such folder"),
    ],
)
def test_what_is_not_there_is_said(
    client: Client, make_version: MakeVersion, query: dict[str, str], says: str
) -> None:
    make_version(files=FILES)
    assert says in read(client, URL, **query).text


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "99999999999999", "²"])
def test_a_page_that_is_not_there_is_the_first(
    client: Client, make_version: MakeVersion, page: str
) -> None:
    make_version(files=FILES)
    assert "a.txt" in read(client, URL, page=page).text


def test_many_files_of_a_folder_are_paged(client: Client, make_version: MakeVersion) -> None:
    make_version(files={f"d/{n:03}": b"" for n in range(230)})
    page = read(client, URL, path="d/", page=3)
    assert "201\u2013230 of 230" in page.text
    assert "?path=d%2F&page=2" in page.values("a", "href")


def test_damaged_files_are_marked(client: Client, make_version: MakeVersion) -> None:
    version = make_version(files=FILES)
    Blob.objects.filter(sha256=sha256_of(b"22")).update(damaged_at=version.created_at)
    assert read(client, URL).text.count("damaged") == 1
    assert read(client, URL, path="data/").text.count("damaged") == 1


@pytest.mark.parametrize("tab", ["files", "files/a.bin", "lineage", "usage"])
def test_only_tabs_that_show_what_is_said_of_it_read_it(
    client: Client, make_version: MakeVersion, tab: str
) -> None:
    make_version("it", metadata={"a": 1}, description="Long.")
    assert not read_by(client, tab) & {"metadata", "description"}
    assert "metadata" in read_by(client, "metadata")


def read_by(client: Client, tab: str) -> set[str]:
    """The columns of the version of its number that the page asks for, at once or later."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/artifacts/model/it/v1/{tab}").status_code == 200
    asked = [one["sql"] for one in captured if '"number" = 1' in one["sql"]]
    late = [one["sql"] for one in captured if LATE.match(one["sql"])]
    columns = (sql.partition(" FROM ")[0] for sql in [*asked, *late])
    return {name for part in columns for name in re.findall(r'"artifacts_version"."(\w+)"', part)}
