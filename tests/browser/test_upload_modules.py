"""The parts of the upload page by themselves, in a browser: paths, texts, digests."""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from runicorn_site.templatetags.portal import count, size
from tests.live import LivePortal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Ask = Callable[..., Any]
FAKE_ENTRIES = """
const file = (name, path) => ({
    isFile: true, fullPath: path, file: done => done(new File(["x"], name)),
});
const folder = (path, ...batches) => ({isFile: false, fullPath: path, createReader: () => {
    const left = [...batches, []];
    return {readEntries: done => done(left.shift())};
}});
const item = (entry, plain = null) => ({
    kind: "file", webkitGetAsEntry: () => entry, getAsFile: () => plain,
});
"""


@pytest.fixture(scope="module")
def ask(browser: "Browser", session: Any, team_portal: LivePortal) -> Iterator[Ask]:
    """The value of a script in the page; ``module`` is one of the page's own, as ``m``."""
    context = browser.new_context(base_url=team_portal.url, storage_state=session)
    page = context.new_page()
    page.goto("/upload")

    def evaluate(module: str, script: str, *values: Any) -> Any:
        path = f"/static/runicorn/upload/{module}.js"
        return page.evaluate(
            f"async (values) => {{ const m = await import('{path}'); {script} }}", list(values)
        )

    yield evaluate
    context.close()


def test_a_dropped_folder_is_walked_to_its_end(ask: Ask) -> None:
    """A reader gives its entries in batches, and folders may hold nothing."""
    found = ask(
        "picking",
        f"""{FAKE_ENTRIES}
        const root = folder("/top", [file("a", "/top/a"), folder("/top/none")],
                            [folder("/top/sub", [file("b", "/top/sub/b")])]);
        const items = [item(root), item(null, new File(["y"], "plain")), {{kind: "string"}}];
        const {{files, empty}} = await m.fromDrop({{items}});
        return [files.map(({{source}}) => source), empty];""",
    )
    assert found == [["top/a", "top/sub/b", "plain"], ["top/none"]]


@pytest.mark.parametrize(
    ("source", "is_left_out"),
    [
        ("a.bin", False), ("top/a.b", False), (".DS_Store", True), ("top/.git/x", True),
        ("top/Thumbs.db", True), ("top/desktop.ini", True), ("top/__MACOSX/a", True),
        (".config/a", False), ("top/..a", True), ("a.", False),
    ],
)  # fmt: skip
def test_what_is_left_out(ask: Ask, source: str, is_left_out: bool) -> None:
    assert ask("picking", "return m.isLeftOut(values[0])", source) is is_left_out


@pytest.mark.parametrize(
    ("sources", "keeps", "paths"),
    [
        (["t/a", "t/s/b"], False, ["a", "s/b"]), (["t/a", "t/s/b"], True, ["t/a", "t/s/b"]),
        (["t/a", "u/b"], False, ["t/a", "u/b"]), (["t/a", "t"], False, ["t/a", "t"]),
        (["a", "b"], False, ["a", "b"]), ([], False, []),
    ],
)  # fmt: skip
def test_the_content_of_a_single_folder_goes_to_the_top(
    ask: Ask, sources: list[str], keeps: bool, paths: list[str]
) -> None:
    script = (
        "const items = values[0].map(source => ({source}));"
        "m.place(items, values[1]); return items.map(({path}) => path)"
    )
    assert ask("picking", script, sources, keeps) == paths


@pytest.mark.parametrize(
    ("paths", "key"),
    [
        (["a", "b/c"], None), (["a", "a"], "twice"), (["a", "a/b/c"], "in-file"),
        (["a/b", "a/b/c/d"], "in-file"), (["a\\b"], "bad-path"), (["ü" * 513], "bad-path"),
        (["ü" * 512], None), (["a\0"], "bad-path"), (["ab", "a/b"], None),
    ],
)  # fmt: skip
def test_paths_that_cannot_be_are_found(ask: Ask, paths: list[str], key: str | None) -> None:
    found = ask("picking", "return m.findPathTrouble(values[0])", paths)
    assert (found and found["key"]) == key


@pytest.mark.parametrize("value", [0, 1, 1023, 1024, 1536, 102_400, 5 << 20, 3 << 40, 1 << 62])
def test_sizes_and_counts_read_as_elsewhere(ask: Ask, value: int) -> None:
    assert ask("texts", "return m.size(values[0])", value) == size(value)
    if value < 1 << 53:
        assert ask("texts", "return m.count(values[0])", value) == count(value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.1, "1:00"), (75, "1:15"), (3600, "1:00:00")]
)
def test_durations(ask: Ask, seconds: float, text: str) -> None:
    assert ask("texts", "return m.duration(values[0])", seconds) == text


WHOLE_BYTES = 16 << 20
CONTENT = "const content = size => Uint8Array.from({length: size}, (_, number) => number * 7);"


def content_of(size_bytes: int) -> bytes:
    """What CONTENT makes."""
    pattern = bytes(number * 7 & 255 for number in range(256))
    return (pattern * (size_bytes // 256 + 1))[:size_bytes]


@pytest.mark.parametrize("size_bytes", [0, 1, 1000, WHOLE_BYTES, WHOLE_BYTES + 1, 21 << 20])
def test_the_worker_hashes_as_everybody_does(ask: Ask, size_bytes: int) -> None:
    script = f"""
        {CONTENT}
        const hashers = new m.Hashers(document.querySelector("#upload").dataset.worker);
        const told = [];
        const file = new File([content(values[0])], "f");
        const digest = await hashers.hash(file, "f", read => told.push(read)).done;
        return [digest, told];
    """
    digest, told = ask("hashing", script, size_bytes)
    assert digest == hashlib.sha256(content_of(size_bytes)).hexdigest()
    assert told == sorted(set(told))
    assert told[-1:] == ([size_bytes] if size_bytes > WHOLE_BYTES else [])


@pytest.mark.parametrize("size_bytes", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_so_does_the_vendored_digest_in_whatever_pieces(ask: Ask, size_bytes: int) -> None:
    script = f"""
        {CONTENT}
        const hasher = m.sha256.create();
        const bytes = content(values[0]);
        for (let at = 0; at < bytes.length; at += 37) hasher.update(bytes.slice(at, at + 37));
        return Array.from(hasher.digest());
    """
    digest = ask("../../vendor/noble-hashes/sha2", script, size_bytes)
    assert bytes(digest) == hashlib.sha256(content_of(size_bytes)).digest()


def test_run_ids_and_commit_ids_look_as_they_should(ask: Ask) -> None:
    """The plan goes through with nothing behind it but answers made here."""
    script = """
        const sent = [];
        const real = XMLHttpRequest;
        window.XMLHttpRequest = class {
            upload = {}; status = 200;
            open(method, url) { this.said = [method, url]; }
            setRequestHeader() {}
            send(body) {
                sent.push([...this.said, body]);
                this.responseText = JSON.stringify({version: 7});
                setTimeout(() => { this.onload(); this.onloadend(); });
            }
        };
        const {Gate} = await import("/static/runicorn/upload/patience.js");
        const file = new File(["abc"], "a", {lastModified: 1500});
        const plan = {name: "a b", fields: {type: "model", team: "everyone"}, project: "p",
                      metadata: '{"n": 12345678901234567890}'};
        const items = [{path: "a", sha256: "00", file}];
        const tools = {gate: new Gate(), login: null, onWait() {}};
        const made = await m.commit({plan, items, tools, sendAgain: null});
        window.XMLHttpRequest = real;
        return [made, sent];
    """
    made, sent = ask("committing", script)
    assert made == 7
    (_, runs, run), (_, versions, version), (_, ended, _) = sent
    assert (runs, versions) == ("/api/runs", "/api/artifacts/a%20b/versions")
    assert re.search(r'"id":"manual_\d{8}_\d{6}_[0-9a-f]{6}"', run)
    assert ended.startswith("/api/runs/manual_")
    assert '"modified_at":1.5' in version
    assert version.endswith(',"metadata":{"n": 12345678901234567890}}')
