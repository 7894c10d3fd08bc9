"""A portal in team mode with an admin, and a headless Chromium that works on it.

``make test-browser`` installs what is needed; without it these tests are skipped and say why.
``SCREENSHOTS=folder`` keeps a picture of every page that a test shows to :func:`look`.
"""

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.live import LivePortal, fresh_database, run_manage, start_portal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
PASSWORD = "correct horse battery"
SECRET = "browser-tests-0123456789-abcdefghijkl"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and skip it where something is missing."""
    missing = _missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"{missing}: make test-browser"))


def _missing() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return None if CHROMIUM else "there is no chromium"


@pytest.fixture(scope="session")
def team_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """A portal in team mode whose admin is ``boss``."""
    yield from run_team_portal(tmp_path_factory.mktemp("browser") / "var")


def run_team_portal(data_dir: Path) -> Iterator[LivePortal]:
    """Start one with ``boss`` as its admin, give it, and stop it."""
    with fresh_database() as database_url:
        settings = {
            "DATABASE_URL": database_url, "RUNICORN_ACCESS": "team", "RUNICORN_SECRET_KEY": SECRET,
            "RUNICORN_ADMIN_PASSWORD": PASSWORD,
        }  # fmt: skip
        portal = start_portal(data_dir, **settings)
        made = run_manage(
            "createadmin", data_dir, "boss", "--email", "boss@example.org", **settings
        )
        assert made.returncode == 0, made.stderr
        yield portal
        portal.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One Chromium for all tests: its start takes longest."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - absent without its group

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def session(browser: "Browser", team_portal: LivePortal) -> Any:
    """The cookies of ``boss`` after he has logged in."""
    context = browser.new_context(base_url=team_portal.url)
    page = context.new_page()
    page.goto("/admin/")
    look(page, "login")
    page.fill("#id_username", "boss")
    page.fill("#id_password", PASSWORD)
    page.click("text=Log in")
    page.wait_for_url("**/admin/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser: "Browser", session: Any, team_portal: LivePortal) -> Iterator["Page"]:
    """A window in which ``boss`` is logged in; the test fails where the page had errors."""
    context = browser.new_context(
        base_url=team_portal.url, storage_state=session, viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(40_000)
    window = context.new_page()
    errors: list[str] = []
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield window
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def token(browser: "Browser", session: Any, team_portal: LivePortal) -> str:
    """A token of ``boss``, made on the page for it and read where it is shown once."""
    context = browser.new_context(base_url=team_portal.url, storage_state=session)
    page = context.new_page()
    page.goto("/admin/accounts/apitoken/add/")
    page.click(".select2-selection")
    page.click(".select2-results__option:has-text('boss')")
    page.fill("#id_name", "browser")
    look(page, "token-add")
    page.click("input[name=_save]")
    text = page.input_value("#token-text")
    look(page, "token-shown")
    context.close()
    return text


Log = Callable[..., None]


@pytest.fixture
def log(team_portal: LivePortal, token: str) -> Log:
    """Log a version of one file, as a program with the token does."""
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})

    def log_version(name: str, content: bytes, **more: Any) -> None:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        sent = http.request("PUT", f"{team_portal.url}/api/blobs/{digest}", body=content)
        assert sent.status in {200, 201}, sent.data
        files = [{"path": "weights.bin", "digest": digest, "size": len(content)}]
        body = {"type": "model", "files": files, **more}
        url = f"{team_portal.url}/api/artifacts/{name}/versions"
        made = http.request("POST", url, json=body)
        assert made.status == 201, made.data

    return log_version


def look(page: "Page", name: str) -> None:
    """Keep a picture of ``page`` where somebody wants to see it."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
