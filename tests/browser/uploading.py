"""What the tests of the upload page have in common: a window that works on it, and what it did."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

PART_BYTES = 16 << 20


class Uploader:
    """A window on the page, with the ranges of the parts it sent and all that it was refused."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.parts: list[str] = []
        self.bundles = 0
        self.troubles: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._hear)

    def _note(self, request: "Request") -> None:
        if request.method == "PUT" and "/api/blobs/" in request.url:
            self.parts.append(request.headers["content-range"])
        self.bundles += request.method == "POST" and request.url.endswith("/api/blobs")

    def _hear(self, said: Any) -> None:
        if "Content Security Policy" in said.text:
            self.troubles.append(said.text)

    def open(self, name: str, **more: str) -> None:
        """The page for the model ``name``."""
        query = "&".join(f"{key}={value}" for key, value in {"name": name, **more}.items())
        self.page.goto(f"/upload?type=model&{query}")
        self.page.wait_for_selector("#upload:not([hidden])")

    def choose(self, *files: Path) -> None:
        """As by the button for files."""
        self.page.set_input_files("#files", list(files))

    def choose_folder(self, folder: Path) -> None:
        """As by the button for a folder."""
        self.page.set_input_files("#folder", folder)

    def drop(self, **contents: str) -> None:
        """Let files fall on the page."""
        script = """contents => {
            const dataTransfer = new DataTransfer();
            for (const [name, text] of Object.entries(contents))
                dataTransfer.items.add(new File([text], name));
            const target = document.querySelector("#drop");
            for (const kind of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true,
                                                          cancelable: true}));
        }"""
        self.page.evaluate(script, contents)

    def send(self) -> None:
        """Press the button."""
        self.page.click("#start")

    def arrive(self, name: str, number: int = 1) -> None:
        """Wait for the page of the version."""
        self.page.wait_for_url(f"**/artifacts/model/{name}/v{number}", timeout=60_000)

    def said(self, kind: str = "") -> str:
        """The notices."""
        return "\n".join(self.page.locator(f"#said .notice{kind}").all_inner_texts())

    def states(self) -> dict[str, str]:
        """What the list says of each file."""
        rows = self.page.locator("#list tr").all()
        cells = [row.locator("td").all_inner_texts() for row in rows]
        return {path: state for path, _, state, _ in cells}

    def ask(self, path: str) -> Any:
        """What the API answers to the one who is logged in here."""
        answer = self.page.request.get(f"/api/{path}")
        assert answer.ok, answer.text()
        return answer.json()

    def contents(self, name: str, number: int = 1) -> dict[str, bytes]:
        """The files of a version, read back by their digests."""
        found = {}
        for one in self.files(name, number):
            body = self.page.request.get(f"/api/blobs/{one['digest']}").body()
            assert one["digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
            found[one["path"]] = body
        return found

    def files(self, name: str, number: int = 1) -> list[dict[str, Any]]:
        """The files of a version as the API lists them."""
        listed: list[dict[str, Any]] = self.ask(f"artifacts/{name}/v{number}/files")["files"]
        return listed


def make_file(folder: Path, name: str, size_bytes: int) -> Path:
    """A file of noise."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size_bytes))
    return path


def break_once(page: "Page", range_begin: str) -> None:
    """The connection breaks when the part that begins so is sent for the first time."""
    broken: list[str] = []

    def handle(route: "Route") -> None:
        said = route.request.headers.get("content-range", "")
        if said.startswith(range_begin) and not broken:
            broken.append(said)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/blobs/sha256:*", handle)
