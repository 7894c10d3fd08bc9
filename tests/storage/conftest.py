"""A real store in a temporary folder, and small factories around it."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.storage import pool, staging
from artifacts.storage.layout import Store
from artifacts.storage.manifest import Manifest, ManifestEntry
from artifacts.storage.store import init_store
from tests.storage.shelf import BASE, Shelf

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return init_store(tmp_path / "storage")


@pytest.fixture
def shelf(store: Store) -> Shelf:
    """The store, ready to be filled in few words."""
    return Shelf(store)


@pytest.fixture
def base(shelf: Shelf) -> str:
    """A whole file."""
    return shelf.add_file(BASE)


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stage_bytes(store: Store, content: bytes) -> staging.StagedBlob:
    return staging.stage(store, io.BytesIO(content))


def publish_bytes(store: Store, content: bytes) -> str:
    staged = stage_bytes(store, content)
    pool.publish(store, staged)
    return staged.sha256


def put_in_pool(store: Store, sha256: str, content: bytes) -> None:
    """Damage on purpose: a file that does not hold what its name says."""
    store.pool_path(sha256).write_bytes(content)


def make_manifest(store: Store, files: dict[str, bytes]) -> Manifest:
    """A manifest whose contents are in the pool."""
    return Manifest(
        entries=tuple(
            ManifestEntry(path, publish_bytes(store, content), len(content))
            for path, content in files.items()
        )
    )


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_with(code: int) -> Callable[..., None]:
    """A stand-in for a call of the operating system that fails."""

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def record_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each fsync, link, rename and replace with the name it is about, and let it happen."""
    calls: list[str] = []

    def note(call: str) -> None:
        real = getattr(os, call)

        def noted(first: int | Path, *rest: object, **named: object) -> object:
            is_open = isinstance(first, int)
            path = Path(f"/proc/self/fd/{first}").readlink() if is_open else Path(first)
            calls.append(f"{call} {path.name}")
            return real(first, *rest, **named)

        monkeypatch.setattr(os, call, noted)

    for call in ("fsync", "link", "rename", "replace"):
        note(call)
    return calls


def start_python(code: str, *args: object, **env: str) -> subprocess.Popen[str]:
    """Run ``code`` in a process of its own, with the project importable."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=PROJECT,
        env={**os.environ, **env},
        stdin=subprocess.PIPE,  # never that of whoever runs the tests
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code: str, *args: object, **env: str) -> tuple[int, str, str]:
    """As start_python, to its end: (return code, output, errors)."""
    with start_python(code, *args, **env) as process:
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def run_together(count: int, work: Callable[[int], None]) -> None:
    """Call ``work(0..count-1)`` in threads that start at the same moment; raise what one raises."""
    barrier = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def open_fds() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - not a folder's content
