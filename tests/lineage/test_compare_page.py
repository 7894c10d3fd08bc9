"""The page that compares two versions."""

import io

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from lineage.templatetags.compared import TIMES
from runicorn_site.templatetags.portal import DASH, MINUS
from tests.conftest import ANYBODY, MakeVersion
from tests.formats.sources import safetensors
from tests.lineage.comparing import BASE, text_of
from tests.lineage.conftest import Tell
from tests.people import client_of, make_user

OLD = safetensors({"a": np.zeros(4, np.float32), "b": np.zeros(2, np.float32)})


NEW = safetensors({"a": np.ones(4, np.float32), "c": np.zeros((2, 3), np.float32)})


HOSTILE = '"><script>alert(1)</script>'


ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def versions(make_version: MakeVersion) -> None:
    """Two versions that differ in everything."""
    make_version(
        files={"m.safetensors": OLD, "a.txt": b"one\nsame\n", "was.bin": b"moved", "gone": b"g",
               "same": b"s"},
        metadata={"lr": 0.1, "kept": 1}, tags=["x"], aliases=["stable"], description="old words",
        references=(ManifestReference("s3://old"),),
    )  # fmt: skip
    make_version(
        files={"m.safetensors": NEW, "a.txt": b"two\nsame\n", "is.bin": b"moved", "come": b"cc",
               "same": b"s"},
        metadata={"lr": 0.2, "kept": 1}, tags=["y"], aliases=["beta"], description="new words",
        references=(ManifestReference("s3://new", size_bytes=3),),
    )  # fmt: skip


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("pair", ["v1...v2", "stable...latest", "stable...beta"])
def test_everything_that_differs_is_shown(client: Client, pair: str) -> None:
    answer = client.get(f"{BASE}/{pair}")
    assert answer.status_code == 200
    text = text_of(answer)
    for said in (
        "+1 added", f"{MINUS}1 removed", "~2 changed", "→1 renamed", "1 file unchanged",
        "was.bin → is.bin", "changed lr 0.1 0.2", "s3://old", "s3://new", "old words", "new words",
    ):  # fmt: skip
        assert said in text
    assert "kept" not in text
    assert "x removed" in text
    assert "y added" in text


@pytest.mark.usefixtures("versions")
def test_what_is_the_same_is_shown_where_asked_for(client: Client) -> None:
    text = text_of(client.get(f"{BASE}/v1...v2?all=1"))
    assert "unchanged kept 1 1" in text
    assert "unchanged same" in text
    assert "Only what differs" in text


@pytest.mark.usefixtures("versions")
def test_equal_versions_say_so(client: Client) -> None:
    text = text_of(client.get(f"{BASE}/v2...v2"))
    assert "The content is the same" in text
    assert "Every file is the same." in text


@pytest.mark.usefixtures("versions")
def test_the_list_is_of_one_kind_and_a_fragment_for_htmx(client: Client) -> None:
    url = f"{BASE}/v1...v2?change=renamed"
    whole, part = client.get(url), client.get(url, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    for answer in (whole, part):
        assert "is.bin" in text_of(answer)
        assert "come" not in answer.content.decode().split('id="files"')[-1].split("pager")[0]
    assert text_of(client.get(f"{BASE}/v1...v1?change=added")).count("No file of this kind.") == 1
    assert client.get(f"{BASE}/v1...v2?change=nonsense&page=x").status_code == 200


@pytest.mark.usefixtures("versions")
def test_files_come_in_pages(client: Client, make_version: MakeVersion) -> None:
    make_version(files={f"f{n:03}": b"x" for n in range(95)})
    first, last = (text_of(client.get(f"{BASE}/v1...v3?page={n}")) for n in (1, 99))
    assert (f"1{DASH}40 of 100" in first, "f000" in first, "f094" in first) == (True, True, False)
    assert (f"81{DASH}100 of 100" in last, "f094" in last) == (True, True)


@pytest.mark.usefixtures("versions")
def test_links_lead_to_neighbours_and_the_other_way(
    client: Client, make_version: MakeVersion
) -> None:
    gone = make_version()
    make_version()
    soft_delete_version(version=gone, deleted_by=ANYBODY)
    page = client.get(f"{BASE}/v1...v2").content.decode()
    assert f'href="{BASE}/v2...v1"' in page  # swapped
    assert f'href="{BASE}/v1...v4"' in page  # v3 is deleted
    assert '<option value="v3"' not in page
    assert '<option value="v2" selected>v2 · beta</option>' in page


@pytest.mark.usefixtures("versions")
def test_another_artifact_is_compared(client: Client, make_version: MakeVersion) -> None:
    make_version("other", type="dataset", files={"a.txt": b"one\nsame\n"})
    answer = client.get(f"{BASE}/v1...v1?with=dataset/other")
    page = answer.content.decode()
    assert "1 file unchanged" in text_of(answer)
    assert 'value="everyone/dataset/other"' in page
    assert "/artifacts/dataset/other/compare/v1...v1?with=everyone%2Fmodel%2Fmodel-a" in page
    lines = client.get(f"{BASE}/v2...v1/file?with=dataset/other&path=a.txt")
    assert "two" in text_of(lines)


def test_inputs_are_shown_with_links(client: Client, tell: Tell, make_version: MakeVersion) -> None:
    tell("dataset/d:v1 > one", "dataset/d:v2 > two", "code/c:v1 > two")
    make_version("net", run_id="one")
    make_version("net", run_id="two")
    answer = client.get("/artifacts/model/net/compare/v1...v2")
    page, text = answer.content.decode(), text_of(answer)
    assert "Inputs ~2" in text
    assert 'href="/artifacts/dataset/d/compare/v1...v2"' in page
    assert 'href="/artifacts/code/c/v1"' in page
    assert ("one" in text, "two" in text) == (True, True)


@pytest.mark.usefixtures("versions")
def test_a_text_is_shown_line_by_line(client: Client) -> None:
    url = f"{BASE}/v1...v2/file?path=a.txt"
    whole, part = client.get(url), client.get(url, headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    for answer in (whole, part):
        assert f"@@ -1,2 +1,2 @@ 1 {MINUS} one 1 + two 2 2 same" in text_of(answer)
    assert "2 B" in text_of(client.get(f"{BASE}/v1...v2/file?path=come"))
    assert f"{MINUS} g" in text_of(client.get(f"{BASE}/v1...v2/file?path=gone"))
    moved = client.get(f"{BASE}/v1...v2/file?path=is.bin&old_path=was.bin")
    assert "The content is the same." in text_of(moved)


@pytest.mark.usefixtures("versions")
def test_tensors_are_shown_as_a_table(client: Client, make_version: MakeVersion) -> None:
    text = text_of(client.get(f"{BASE}/v1...v2/file?path=m.safetensors"))
    assert "changed a F32 4 16 B" in text
    assert "removed b F32 2 8 B" in text
    assert f"added c F32 2 {TIMES} 3 24 B" in text
    made = safetensors({"a": np.ones(4, np.float32), "b": np.zeros((2, 1), np.int64)})
    make_version(files={"m.safetensors": made})
    text = text_of(client.get(f"{BASE}/v1...v3/file?path=m.safetensors&all=1"))
    assert f"reshaped b F32 → I64 2 → 2 {TIMES} 1" in text
    same = text_of(client.get(f"{BASE}/v2...v3/file?path=m.safetensors&all=1"))
    assert "unchanged a F32 4 16 B" in same
    assert "List the unchanged too" in text_of(
        client.get(f"{BASE}/v2...v3/file?path=m.safetensors")
    )


def test_tensors_of_numpy_have_the_types_that_numpy_names(
    client: Client, make_version: MakeVersion
) -> None:
    for kind in (np.float32, np.float64):
        content = io.BytesIO()
        np.savez(content, a=np.zeros(3, kind))
        make_version("arrays", files={"a.npz": content.getvalue()})
    text = text_of(client.get("/artifacts/model/arrays/compare/v1...v2/file?path=a.npz"))
    assert "a float32 → float64 3" in text


def test_pictures_stand_side_by_side(client: Client, make_version: MakeVersion) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes([0, 0, 0, 5, 0, 0, 0, 7]) + b"rest" * 9
    make_version(files={"a b.png": png + b"1", "x.png": b"no picture\0"})
    make_version(files={"a b.png": png + b"2", "x.png": png, "new.png": png})
    page = client.get(f"{BASE}/v1...v2/file?path=a b.png").content.decode()
    for number in (1, 2):
        url = f"/api/artifacts/model-a/v{number}/files/a%20b.png?type=model&amp;team=everyone"
        assert f'<img src="{url}"' in page
        assert client.get(url.replace("&amp;", "&")).status_code == 200
    assert page.count('width="5" height="7"') == 2
    assert "It is not in this version." in text_of(client.get(f"{BASE}/v1...v2/file?path=new.png"))
    assert (
        "<img"
        not in client.get(f"{BASE}/v1...v2/file?path=x.png").content.decode().split("<main")[1]
    )


def test_what_is_no_text_says_sizes_and_digests(client: Client, make_version: MakeVersion) -> None:
    for content in (b"\0one", b"\0two!"):
        make_version(files={"a.bin": content})
    answer = client.get(f"{BASE}/v1...v2/file?path=a.bin")
    text = text_of(answer)
    assert "v1: 4 B" in text
    assert "v2: 5 B" in text
    assert "Not compared any further" in text
    assert answer.content.decode().count("sha256:") == 4


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1", 400, "is not two versions"),
        ("/v1...", 400, "is not two versions"),
        ("/v01...v2", 400, "is not a version"),
        ("/v1...v9", 404, "Version not found: model-a:v9"),
        ("/v1...never", 404, "Alias not found: model-a:never"),
        ("/v1...v2?with=nothing", 404, "Artifact not found: nothing"),
        ("/v1...v2?with=a/b/c/d", 400, "with:"),
        ("/v1...v2/file", 400, "say which file"),
        ("/v1...v2/file?path=nowhere", 404, "File not found"),
        ("/v1...v2/file?path=come&old_path=nowhere", 404, "File not found"),
        ("/v1...v2/file?path=%00", 404, "File not found"),
        ("/v1...v9/file?path=come", 404, "Version not found"),
    ],
)
def test_what_is_wrong_is_said_with_a_form_to_choose_anew(
    client: Client, path: str, status: int, said: str
) -> None:
    answer = client.get(BASE + path)
    assert answer.status_code == status
    assert said in text_of(answer).replace("&#x27;", "'")
    page = answer.content.decode()
    assert 'action="/artifacts/model/model-a/compare/choose"' in page
    assert 'value="v1" selected' in page or 'value="v01"' in page


def test_a_deleted_version_is_410_with_the_form(client: Client, make_version: MakeVersion) -> None:
    gone = make_version()
    make_version()
    soft_delete_version(version=gone, deleted_by=ANYBODY)
    for rest in ("", "/file?path=a.bin"):
        answer = client.get(f"{BASE}/v1...v2{rest}")
        assert answer.status_code == 410
        assert "is deleted; restore it" in text_of(answer)
        assert "compare/choose" in answer.content.decode()


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("", f"{BASE}/v1...v2"),
        ("?from=v2&to=v1", f"{BASE}/v2...v1"),
        ("?from=stable&to=beta&all=1", f"{BASE}/stable...beta?all=1"),
        ("?from=v1&to=v2&with=dataset/o", f"{BASE}/v1...latest?with=dataset%2Fo"),
        ("?from=v1&to=v7&with=dataset/o&was_with=dataset/o", f"{BASE}/v1...v7?with=dataset%2Fo"),
        ("?from=v1&to=v7&with=&was_with=dataset/o", f"{BASE}/v1...v2"),
        ("?from=a/b&to=../x", f"{BASE}/ab.....x"),
    ],
)
def test_the_form_leads_to_the_page_of_the_pair(client: Client, query: str, target: str) -> None:
    answer = client.get(f"{BASE}/choose{query}")
    assert (answer.status_code, answer["Location"]) == (302, target)


def test_what_has_no_content_cannot_be_chosen(client: Client, make_version: MakeVersion) -> None:
    only = make_version()
    assert client.get(f"{BASE}/choose")["Location"] == f"{BASE}/v1...v1"
    soft_delete_version(version=only, deleted_by=ANYBODY)
    assert client.get(f"{BASE}/choose").status_code == 404


def test_hostile_text_is_escaped_everywhere(client: Client, make_version: MakeVersion) -> None:
    path = HOSTILE.replace("/", "_")
    for word in ("old", "new"):
        make_version(
            files={path: f"{HOSTILE}{word}".encode(), f"{word}{path}": HOSTILE.encode(),
                   "b.bin": f"\0{word}".encode()},
            metadata={HOSTILE: HOSTILE + word},
            description=HOSTILE + word,
            references=(ManifestReference(f"javascript:{HOSTILE}{word}", name=HOSTILE),),
        )  # fmt: skip
    pages = [f"{BASE}/v1...v2", f"{BASE}/v1...v2?all=1", f"{BASE}/v1...{HOSTILE[:20]}"]
    pages += [f"{BASE}/v1...v2/file?path={one}" for one in (path, f"new{path}")]
    pages += [f"{BASE}/v1...v2?with={HOSTILE}"]
    for page in pages:
        content = client.get(page).content.decode()
        assert "<script>alert" not in content, page
        assert 'href="javascript:' not in content
    shown = client.get(pages[3]).content.decode()
    assert ESCAPED in shown


@pytest.mark.usefixtures("team")
def test_viewers_see_it_strangers_do_not_and_nobody_logs_in(make_version: MakeVersion) -> None:
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    for content in (b"1", b"2"):
        make_version("line", created_by=owner, team="vision", files={"a.txt": content})
        make_version("open", created_by=owner, team="everyone", files={"a.txt": content})
    paths = [f"/teams/vision/artifacts/model/line/compare/{rest}"
             for rest in ("v1...v2", "v1...v2/file?path=a.txt", "choose")]  # fmt: skip
    viewer = client_of(make_user("viewer", None, {"vision": Role.VIEWER}))
    stranger = client_of(make_user("stranger", Role.MAINTAINER))
    assert [viewer.get(path).status_code for path in paths] == [200, 200, 302]
    assert [stranger.get(path).status_code for path in paths] == [404, 404, 404]
    assert {Client().get(path).status_code for path in paths} == {302}
    assert Client().get(paths[0])["Location"].startswith("/login?next=")
    answers = []
    for name in ("line", "none"):
        found = [
            stranger.get(f"/artifacts/model/open/compare/v1...v2{rest}with=vision/model/{name}")
            for rest in ("?", "/file?path=a.txt&")
        ]
        answers.append([(one.status_code, text_of(one).replace(name, "")) for one in found])
    assert answers[0] == answers[1]
    assert "post" not in paths  # nothing is written here
    assert viewer.post(paths[0]).status_code == 405


def test_many_rows_take_as_many_queries_as_few(client: Client, make_version: MakeVersion) -> None:
    counts = []
    for number in (1, 30):
        for word in ("old", "new"):
            make_version(
                f"m{number}",
                files={f"{n}": f"{word}{n}".encode() for n in range(number)},
                metadata={f"k{n}": word for n in range(number)},
                references=tuple(ManifestReference(f"s3://{word}{n}") for n in range(number)),
                aliases=[f"{word}{n}" for n in range(number)],
            )  # fmt: skip
        for rest in ("v1...v2", "v1...v2?all=1"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/artifacts/model/m{number}/compare/{rest}").status_code == 200
            counts.append(len(captured))
    assert len(set(counts)) == 1, counts
