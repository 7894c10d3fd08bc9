"""``POST /api/artifacts/{name}/versions`` with bad input: the field is named, nothing is kept."""

import json
import resource
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.storage.layout import Store
from tests.api.conftest import Commit, file_row, nothing_kept
from tests.conftest import digest_of

GOOD = file_row("a.bin", b"content")
OTHER = file_row("b.bin", b"other")
ROUTE = "/api/artifacts/model-a/versions"
BAD_PATHS = [
    "",
    "/",
    "/etc/passwd",
    "../a",
    "a/../b",
    "a/..",
    "..",
    ".",
    "./a",
    "a/./b",
    "a//b",
    "a/",
    "a\\b",
    "..\\a",
    "C:\\a",
    "a\0b",
    "\0",
    "x" * 1025,
    "数" * 342,
    "a/" * 600 + "b",
    "a\ud800b",
]
BAD_NAMES = [
    "stats",
    ".hidden",
    "ends.",
    " a",
    "a ",
    "\u3000a",
    "..",
    ".",
    "a:b",
    "a*b",
    "a?b",
    'a"b',
    "a<b",
    "a>b",
    "a|b",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\x85b",
    "x" * 129,
    "数" * 129,
]


@pytest.fixture(autouse=True)
def stored(make_blob: Callable[[bytes], Blob]) -> None:
    """What the manifests name is there."""
    make_blob(b"content")
    make_blob(b"other")


@pytest.fixture
def refused(api: APIClient, store: Store) -> Callable[..., Any]:
    """POST a commit that must be refused with 400, keep nothing and name ``field``."""

    def post(field: str, name: str = "model-a", **body: Any) -> Any:
        body = {"type": "model", "files": [GOOD], **body}
        with nothing_kept(store):
            answer = api.post(
                f"/api/artifacts/{quote(name)}/versions",
                json.dumps(body),  # which writes lone surrogates too
                content_type="application/json",
            )
        found = answer.json()
        assert (answer.status_code, found["code"], list(found["errors"])) == (
            400,
            "invalid",
            [field],
        )
        assert found["detail"].startswith(f"{field}: ")
        return found

    return post


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_outside_the_rules(refused: Callable[..., Any], path: str) -> None:
    refused("files.1.path", files=[GOOD, {**OTHER, "path": path}])


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_outside_the_rules(refused: Callable[..., Any], name: str) -> None:
    refused("name", name=name)


def test_a_name_that_leads_elsewhere_is_no_route(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        for name in ("..%2F..", "a%2Fb", "%2Fetc"):
            assert api.post(f"/api/artifacts/{name}/versions", {}, format="json").status_code == 404


@pytest.mark.parametrize("type_", ["../..", "..", "", "Model", "models", None, 5, ["model"], {}])
def test_a_type_outside_the_five(refused: Callable[..., Any], type_: Any) -> None:
    refused("type", type=type_)


def test_no_type_at_all(api: APIClient, store: Store) -> None:
    with nothing_kept(store):
        answer = api.post(ROUTE, {"files": [GOOD]}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["type"])


def test_one_path_twice(refused: Callable[..., Any]) -> None:
    found = refused("files", files=[GOOD, {**OTHER, "path": "a.bin"}])
    assert "'a.bin' is there twice" in found["detail"]


def test_one_entry_twice(refused: Callable[..., Any]) -> None:
    refused("files", files=[GOOD, GOOD])


@pytest.mark.parametrize(
    ("first", "second"), [("a", "a/b"), ("a/b/c/d", "a/b"), ("数据", "数据/x"), ("a/b", "a/b/c")]
)
def test_a_file_that_is_a_folder_of_another(
    refused: Callable[..., Any], first: str, second: str
) -> None:
    found = refused("files", files=[{**GOOD, "path": first}, {**OTHER, "path": second}])
    assert "which is a file" in found["detail"]


def test_one_blob_at_two_paths_is_right(commit: Commit) -> None:
    made = commit(files={"a": b"same", "b": b"same"})
    assert (made.status_code, made.json()["size_bytes"], made.json()["num_files"]) == (201, 8, 2)


def test_two_unicode_forms_are_two_paths(commit: Commit) -> None:
    assert commit(files={"é": b"1", "e\u0301": b"2"}).json()["num_files"] == 2


def test_one_blob_with_two_sizes_is_422(api: APIClient, store: Store) -> None:
    files = [GOOD, {**GOOD, "path": "b", "size": 6}]
    with nothing_kept(store):
        answer = api.post(ROUTE, {"type": "model", "files": files}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "size_mismatch")
    assert "files" in answer.json()["detail"]
    assert "'b'" in answer.json()["detail"]


def test_content_that_is_not_stored_is_409_with_the_list(api: APIClient, store: Store) -> None:
    files = [file_row("x", b"not stored"), GOOD, file_row("y", b"neither")]
    with nothing_kept(store):
        answer = api.post(ROUTE, {"type": "model", "files": files}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "missing_blobs")
    assert sorted(answer.json()["missing"]) == sorted(map(digest_of, [b"not stored", b"neither"]))


def test_content_whose_file_is_gone_is_missing_too(api: APIClient, store: Store) -> None:
    store.pool_path(GOOD["digest"].removeprefix("sha256:")).unlink()
    answer = api.post(ROUTE, {"type": "model", "files": [GOOD]}, format="json")
    assert (answer.status_code, answer.json()["missing"]) == (409, [GOOD["digest"]])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest", "sha256:" + "0" * 63),
        ("digest", "sha256:" + "A" * 64),
        ("digest", "0" * 64),
        ("digest", None),
        ("digest", 5),
        ("size", -1),
        ("size", 1.5),
        ("size", "7"),
        ("size", True),
        ("size", None),
        ("size", 10**30),
        ("path", None),
        ("path", 5),
        ("path", ["a"]),
        ("modified_at", "now"),
        ("modified_at", True),
        ("modified_at", 1e300),
        ("modified_at", -1e300),
        ("modified_at", 10**400),
        ("modified_at", 253402300800),
    ],
)
def test_a_field_of_a_file(refused: Callable[..., Any], field: str, value: Any) -> None:
    refused(f"files.0.{field}", files=[{**GOOD, field: value}])


@pytest.mark.parametrize("row", [None, 5, "a.bin", [], [GOOD]])
def test_a_file_that_is_no_object(refused: Callable[..., Any], row: Any) -> None:
    refused("files.0", files=[row])


@pytest.mark.parametrize("name", ["files", "references"])
@pytest.mark.parametrize("rows", [{}, "a.bin", 5, None, True])
def test_what_is_no_list(refused: Callable[..., Any], name: str, rows: Any) -> None:
    refused(name, **{name: rows})


def test_a_version_of_nothing(refused: Callable[..., Any]) -> None:
    refused("files", files=[])
    refused("files", files=[], references=[])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uri", None),
        ("uri", ""),
        ("uri", 5),
        ("uri", "s3://a\0b"),
        ("uri", "s3://\udfff"),
        ("uri", "x" * 10_000),
        ("checksum", "a\0"),
        ("checksum", 5),
        ("name", ["x"]),
        ("size", -1),
        ("size", "1"),
        ("size", 10**30),
        ("metadata", []),
        ("metadata", "x"),
        ("metadata", False),
        ("metadata", {"a": "\0"}),
        ("metadata", {"a": "x" * (1 << 20)}),
    ],
)
def test_a_field_of_a_reference(refused: Callable[..., Any], field: str, value: Any) -> None:
    refused(f"references.0.{field}", references=[{"uri": "s3://x", field: value}])


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


@pytest.mark.parametrize(
    "value",
    [
        {"a": "\0"},
        {"\0": 1},
        {"a": ["x", {"b": "y\0z"}]},
        {"a": "\ud800"},
        {"\udfff": 1},
        {"a": "x" * (1 << 20)},
        {"数": "据" * 350_000},
        nested(65),
        nested(500),
        {"a": [[[]]] * 3, "b": nested(64)},
        [],
        None,
        "text",
        5,
        False,
    ],
)
def test_metadata_that_cannot_be_kept(refused: Callable[..., Any], value: Any) -> None:
    refused("metadata", metadata=value)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": "x" * ((1 << 20) - 8)},
        nested(64),
        {"": "", "数": ["据", None, True, 1.5, -0.0, 10**4000, 1e308, 5e-324]},
        {"literal": "\\u0000", "quote": '"', "slash": "\\"},
    ],
)
def test_metadata_within_the_rules_comes_back(commit: Commit, value: dict[str, Any]) -> None:
    made = commit(metadata=value)
    assert (made.status_code, made.json()["metadata"]) == (201, value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_json_does_not_have(api: APIClient, store: Store, text: str) -> None:
    body = f'{{"type": "model", "references": [{{"uri": "u"}}], "metadata": {{"a": {text}}}}}'
    with nothing_kept(store):
        answer = api.post(ROUTE, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert text.lstrip("-") in answer.json()["detail"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tags", "baseline"),
        ("tags", {}),
        ("tags", None),
        ("tags.0", [""]),
        ("tags.1", ["a", None]),
        ("tags.0", ["a\0"]),
        ("tags.0", ["\ud800"]),
        ("tags.0", ["x" * 129]),
        ("tags.0", [["a"]]),
        ("tags", [str(number) for number in range(101)]),
        ("description", None),
        ("description", ["x"]),
        ("description", "a\0b"),
        ("description", "\ud800"),
        ("description", "x" * 100_001),
        ("aliases", "production"),
        ("aliases", ["v3"]),
        ("aliases", ["a b"]),
        ("aliases", ["x" * 129]),
        ("aliases.0", [None]),
        ("aliases.0", [{}]),
        ("run", True),
        ("run", {}),
        ("run", "a\0"),
        ("commit_id", "x"),
        ("commit_id", 5.5),
        ("commit_id", None),
    ],
)
def test_what_surrounds_the_files(refused: Callable[..., Any], field: str, value: Any) -> None:
    refused(field, **{field.partition(".")[0]: value})


def test_an_unknown_run_is_404(api: APIClient, store: Store) -> None:
    body = {"type": "model", "files": [GOOD], "run": "nobody"}
    with nothing_kept(store):
        answer = api.post(ROUTE, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


def test_twenty_errors_are_named_at_once(api: APIClient, store: Store) -> None:
    files = [{**GOOD, "path": "/"} for _ in range(50)]
    answer = api.post(ROUTE, {"type": "model", "files": files}, format="json")
    assert list(answer.json()["errors"]) == [f"files.{number}.path" for number in range(20)]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow over 1000 bytes: the system refuses the write, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_507_and_keeps_nothing(api: APIClient, store: Store) -> None:
    content = b"x" * 5000
    with nothing_kept(store):
        answer = api.put(
            f"/api/blobs/{digest_of(content)}", content, content_type="application/octet-stream"
        )
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_takes_none_of_many(api: APIClient, store: Store) -> None:
    body = b""
    for content in (b"small", b"x" * 5000):
        digest = bytes.fromhex(digest_of(content).removeprefix("sha256:"))
        body += digest + len(content).to_bytes(8, "big") + content
    with nothing_kept(store):
        answer = api.post("/api/blobs", body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
