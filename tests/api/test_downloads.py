"""One file of a version: whole, by range, or not again (RFC 9110)."""

from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import body_of
from tests.conftest import MakeVersion, digest_of

CONTENT = b"0123456789"
ETAG = f'"{digest_of(CONTENT)}"'
ROUTE = "/api/artifacts/model-a/v1/files/a.bin"


@pytest.fixture(autouse=True)
def ten_bytes(make_version: MakeVersion) -> None:
    make_version(files={"a.bin": CONTENT, "empty": b""})


def test_a_file_comes_whole_with_its_digest_as_etag(api: APIClient) -> None:
    answer = api.get(ROUTE)
    assert (answer.status_code, body_of(answer)) == (200, CONTENT)
    assert answer["ETag"] == ETAG
    assert answer["Content-Length"] == "10"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Content-Range" not in answer


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-5", 2, 6),
        ("bytes=2-", 2, 10),
        ("bytes=9-", 9, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-10", 0, 10),
        ("bytes=-99", 0, 10),
        ("bytes=0-9", 0, 10),
        ("bytes=5-99", 5, 10),
        ("BYTES=2-5", 2, 6),
        ("bytes=0-9999999999999999999", 0, 10),
    ],
)
def test_a_range_is_206_with_just_these_bytes(
    api: APIClient, header: str, start: int, end: int
) -> None:
    answer = api.get(ROUTE, HTTP_RANGE=header)
    assert (answer.status_code, body_of(answer)) == (206, CONTENT[start:end])
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/10"
    assert answer["Content-Length"] == str(end - start)
    assert answer["ETag"] == ETAG


@pytest.mark.parametrize(
    "header",
    [
        "bytes=0-1,4-5",
        "bytes=5-2",
        "bytes=-",
        "bytes=",
        "bytes",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=1 0-2 0",
        "bytes=0--1",
        "items=0-5",
        "bytes=0-5;q=1",
        "bytes=" + "9" * 500 + "-",
        "bytes=\u0661-\u0662",
    ],
)
def test_several_ranges_and_nonsense_give_the_whole(api: APIClient, header: str) -> None:
    answer = api.get(ROUTE, HTTP_RANGE=header)
    assert (answer.status_code, body_of(answer)) == (200, CONTENT)
    assert "Content-Range" not in answer


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=999-", "bytes=-0"])
def test_a_range_outside_is_416_and_says_how_long_it_is(api: APIClient, header: str) -> None:
    answer = api.get(ROUTE, HTTP_RANGE=header)
    assert (answer.status_code, answer.json()["code"]) == (416, "range")
    assert answer["Content-Range"] == "bytes */10"
    assert "10 bytes" in answer.json()["detail"]


@pytest.mark.parametrize(("header", "status"), [("bytes=0-", 416), ("bytes=-5", 200)])
def test_an_empty_file_has_no_first_byte(api: APIClient, header: str, status: int) -> None:
    answer = api.get(ROUTE.replace("a.bin", "empty"), HTTP_RANGE=header)
    assert (answer.status_code, bool(body_of(answer))) == (status, status == 416)


@pytest.mark.parametrize("header", [f"W/{ETAG}", '"other"', "Tue, 14 Jan 2025 00:00:00 GMT"])
@pytest.mark.parametrize("part", ["bytes=2-5", "bytes=10-"])
def test_if_range_of_other_content_gives_the_whole(api: APIClient, header: str, part: str) -> None:
    answer = api.get(ROUTE, HTTP_RANGE=part, HTTP_IF_RANGE=header)
    assert (answer.status_code, body_of(answer)) == (200, CONTENT)


def test_if_range_of_this_content_gives_the_part(api: APIClient) -> None:
    answer = api.get(ROUTE, HTTP_RANGE="bytes=2-5", HTTP_IF_RANGE=ETAG)
    assert (answer.status_code, body_of(answer)) == (206, b"2345")


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
def test_what_the_client_has_is_304(api: APIClient, known: str) -> None:
    answer = api.get(ROUTE, HTTP_IF_NONE_MATCH=known, HTTP_RANGE="bytes=2-5")
    assert (answer.status_code, body_of(answer)) == (304, b"")
    assert answer["ETag"] == ETAG
    assert answer["Cache-Control"] == "private, no-cache"


def test_what_the_client_has_of_something_else_is_200(api: APIClient) -> None:
    assert body_of(api.get(ROUTE, HTTP_IF_NONE_MATCH='"other"')) == CONTENT


@pytest.mark.parametrize("extra", [{}, {"HTTP_RANGE": "bytes=2-5"}, {"HTTP_RANGE": "bytes=10-"}])
def test_head_has_the_length_of_the_whole_and_no_body(
    api: APIClient, extra: dict[str, str]
) -> None:
    head = api.head(ROUTE, **extra)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", "10")
    assert (head["ETag"], "Content-Range" in head) == (ETAG, False)


@pytest.mark.parametrize("accept", ["application/zip", "text/html", "image/*", "nonsense"])
def test_any_accept_gets_the_bytes(api: APIClient, accept: str) -> None:
    assert body_of(api.get(ROUTE, HTTP_ACCEPT=accept)) == CONTENT


@pytest.mark.parametrize(
    "path",
    [
        "数据/模型 权重.bin",
        'quote".bin',
        "per%cent/a%20b",
        "q?a=b#c",
        "line\nbreak",
        "a/" * 400 + "deep",
        "é",
        "e\u0301",
        "x" * 1024,
        " ",
        "files/files",
        "archive",
    ],
)
def test_every_path_the_rules_allow_can_be_downloaded(
    api: APIClient, make_version: MakeVersion, path: str
) -> None:
    make_version("paths", files={path: path.encode()})
    answer = api.get(f"/api/artifacts/paths/v1/files/{quote(path)}")
    assert (answer.status_code, body_of(answer)) == (200, path.encode())


@pytest.mark.parametrize(
    ("path", "disposition"),
    [
        ("d/plain.bin", "attachment; filename=\"plain.bin\"; filename*=UTF-8''plain.bin"),
        (
            "数据/模型.bin",
            "attachment; filename=\"__.bin\"; filename*=UTF-8''%E6%A8%A1%E5%9E%8B.bin",
        ),
        ('a"b', "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_a_file_is_saved_under_its_own_name(
    api: APIClient, make_version: MakeVersion, path: str, disposition: str
) -> None:
    make_version("names", files={path: b"x"})
    answer = api.get(f"/api/artifacts/names/v1/files/{quote(path)}")
    assert (body_of(answer), answer["Content-Disposition"]) == (b"x", disposition)


@pytest.mark.parametrize(
    "path", ["nothing", "a.bin/b", "%00", "a.bin%00", "A.BIN", "..", "%2e%2e/a"]
)
def test_a_path_that_is_not_there_is_404(api: APIClient, path: str) -> None:
    answer = api.get(f"/api/artifacts/model-a/v1/files/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    assert answer.json()["detail"].startswith("File not found: model-a:v1/")
