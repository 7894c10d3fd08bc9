"""Text and content that somebody uploaded, on the pages of a version: it is shown, it does nothing.

``read`` fails where a page has an element or an attribute that runs.
"""

import json
import pickle
from urllib.parse import quote

import pytest
from django.test import Client

from artifacts.models import Artifact, Version
from artifacts.storage.manifest import ManifestReference
from tests.conftest import MakeVersion
from tests.web.reading import read

SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "javascript:alert(1)",
    "</code></pre><svg onload=alert(1)>",
    "-->]]><iframe src=//evil.example>",
    "&lt;script&gt;",
    "\u202egnp.exe",
]
URL = "/artifacts/model/model-a/v1"


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_said_of_a_version_is_text(
    client: Client, make_version: MakeVersion, text: str
) -> None:
    make_version(
        description=f"{text}\n\n[x]({text}) ![y]({text}) <{text}>",
        tags=[text],
        metadata={text: text, "list": [text], "inner": {text: {text: text}}},
        references=(ManifestReference(text, text, 1, text, {}),),
        run_id=text.replace("/", ""),
    )
    pages = [
        read(client, f"{URL}{tab}") for tab in ("", "/metadata", "?edit=description", "?edit=tags")
    ]
    assert " ".join(text.split()) in pages[0].text
    for query in ({"q": text}, {"at": f"/{text.replace('/', '~1')}"}, {"edit": "metadata"}):
        read(client, f"{URL}/metadata", **query)


@pytest.mark.parametrize("scheme", ["javascript:alert(1)//", "data:text/html,x", "vbscript:x"])
def test_no_reference_and_no_markdown_leads_to_a_script(
    client: Client, make_version: MakeVersion, scheme: str
) -> None:
    references = (ManifestReference(f"{scheme}https://x", None, None, None, {}),)
    make_version(description=f"[x]({scheme})", references=references)
    links = read(client, URL).values("a", "href")
    assert not [link for link in links if link.startswith(scheme[:5])]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_files_and_folders_are_text(
    client: Client, make_version: MakeVersion, text: str
) -> None:
    name = text.replace("/", "\u2215").replace("\\", "")
    make_version(files={f"{name}/{name}.txt": b"1", f"{name}.json": b"[1]"})
    assert name in read(client, f"{URL}/files").text
    assert f"{name}.txt" in read(client, f"{URL}/files", path=f"{name}/").text
    read(client, f"{URL}/files", q=name)
    for path in (f"{name}/{name}.txt", f"{name}.json"):
        assert name in read(client, f"{URL}/files/{quote(path)}").text


@pytest.mark.parametrize("query", HOSTILE)
def test_what_is_asked_for_is_text(client: Client, make_version: MakeVersion, query: str) -> None:
    make_version(metadata={"a": 1})
    for tab in ("/files", "/metadata", "/usage", "/files/a.bin", ""):
        for name in ("q", "path", "at", "from", "page", "as"):
            read(client, f"{URL}{tab}", **{name: query})


TENSOR = {"dtype": SCRIPT, "shape": [], "data_offsets": [0, 0]}
TENSORS = json.dumps({"__metadata__": {SCRIPT: SCRIPT}, SCRIPT: TENSOR}).encode()
PAGES = {
    "page.html": f"<html><body onload=alert(1)>{SCRIPT}</body></html>".encode(),
    "image.svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="x">{SCRIPT}</svg>'.encode(),
    "image.png": b"\x89PNG\r\n\x1a\n" + SCRIPT.encode() * 4,
    "doc.md": f"# {SCRIPT}\n\n<iframe>\n\n[a](javascript:alert(1)) ![b](//evil/x.png)".encode(),
    "a.json": json.dumps({SCRIPT: [SCRIPT, {SCRIPT: SCRIPT}]}).encode(),
    "a.csv": f'{SCRIPT},"{SCRIPT}"\n{SCRIPT},b\n'.encode(),
    "a.py": f"x = '''{SCRIPT}''' # {SCRIPT}\n".encode(),
    "a.yaml": f"{SCRIPT}: '{SCRIPT}'\n".encode(),
    "a.txt": SCRIPT.encode(),
    "a.bin": b"\0" + SCRIPT.encode(),
    "a.pkl": pickle.dumps(SCRIPT) + b"c" + SCRIPT.encode() + b"\n" + SCRIPT.encode() + b"\n.",
    "a.safetensors": len(TENSORS).to_bytes(8, "little") + TENSORS,
}


@pytest.mark.parametrize("name", PAGES)
def test_content_is_shown_and_does_nothing(
    client: Client, make_version: MakeVersion, name: str
) -> None:
    make_version(files={name: PAGES[name]})
    page = read(client, f"{URL}/files/{name}")
    images = [src for src in page.values("img", "src") if not src.startswith("/static/")]
    assert [src for src in images if not src.startswith("/api/artifacts/model-a/")] == []
    if name == "doc.md":
        assert "# " in read(client, f"{URL}/files/{name}", **{"as": "source"}).text
        assert not [link for link in page.values("a", "href") if link.startswith("javascript")]


def test_hostile_names_of_artifacts_are_quoted_in_the_shell_lines(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("a$(id) `b` 'c';d&e")
    url = f"/artifacts/model/{quote(Artifact.objects.get().name)}/v1"
    text = read(client, url).text
    spec = "'model/a$(id) `b` '\"'\"'c'\"'\"';d&e:v1'"
    assert f"runicorn artifacts get {spec}" in text
    assert Version.objects.count() == 1
