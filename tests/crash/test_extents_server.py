"""The real server with content that shares bytes: killed, robbed of its database, on a full disk.

Starting a server takes seconds, so each step is met here by one way of uploading; every way at
every step, without a server: ``test_kill_uploads``, ``test_compact``.

After each blow every version that was acknowledged comes back byte for byte, what the operator runs
anyway (``collect``, ``scrub``, ``check_store``) finds nothing, and the same work succeeds.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
import urllib3
from django.core.management import call_command
from django.db import connection
from urllib3.exceptions import HTTPError

from artifacts.models import Blob, BlobChunks, Hook
from artifacts.names import ArtifactName
from artifacts.services.blobs import store_blob
from artifacts.storage.chunks import Cutter, chunk_id
from artifacts.storage.layout import EXTENTS, REMAINS, Store
from tests.checkpoints import MIB, checkpoint, noise
from tests.conftest import digest_of, sha256_of
from tests.crash.acts import ANYBODY, commit
from tests.crash.invariants import broken, tidy, untidy
from tests.crash.process import run
from tests.live import MANAGE, LivePortal, fresh_database, start_portal

pytestmark = pytest.mark.slow

SECONDS = 60
EXTENTS_STEPS = ("extents.written", "extents.synced", "extents.placed", "extents.published")
COMPACT_STEPS = (
    "extents.synced",
    "compact.published",
    "compact.before_commit",
    "compact.committed",
)
REDEDUP_STEPS = (*EXTENTS_STEPS, "rededup.published", "rededup.before_commit", "rededup.committed")
ON_TEST_DATABASE = pytest.mark.django_db(transaction=True)


class Caller:
    """A client of one portal, who gets to know every status."""

    def __init__(self, portal: LivePortal) -> None:
        self.url = f"{portal.url}/api"

    def ask(self, method: str, path: str, said: str = "", **body: Any) -> urllib3.BaseHTTPResponse:
        """One request on a connection of its own; ``said`` is its Content-Range."""
        headers = {"Content-Range": said} if said else {}
        headers |= {"Content-Type": "application/json"} if "json" in body else {}
        # A connection may still wait in the queue of a worker that is dying.
        retries = urllib3.Retry(5, backoff_factor=0.1) if method == "GET" else False
        with urllib3.PoolManager(retries=retries, timeout=SECONDS) as http:
            return http.request(method, self.url + path, headers=headers, **body)

    def put_whole(self, name: str, content: bytes) -> int:
        """Upload in one request; the status."""
        path = f"/blobs/{digest_of(content)}?artifact=model/{name}"
        return self.ask("PUT", path, body=content).status

    def put_parts(self, name: str, content: bytes) -> int:
        """Upload in parts of 4 MiB, from where it broke off; the last status."""
        path, size = f"/blobs/{digest_of(content)}?artifact=model/{name}", len(content)
        answer = self.ask("PUT", path, f"bytes */{size}")
        while answer.status == 202:
            start = answer.json()["received"]
            part = content[start : start + 4 * MIB]
            said = f"bytes {start}-{start + len(part) - 1}/{size}"
            answer = self.ask("PUT", path, said, body=part)
        return answer.status

    def put_chunks(self, name: str, content: bytes) -> int:
        """Send only what the server asks for, from where it broke off; the last status."""
        chunks, path = cut(content), f"/blobs/{digest_of(content)}/chunks"
        records = b"".join(chunk_id(one) + len(one).to_bytes(4, "big") for one in chunks)
        found = self.ask("POST", f"{path}?artifact=model/{name}", body=records).json()
        if found["stored"]:
            return 200
        runs = [chunks[first : first + count] for first, count in found["needed"]]
        body = b"".join(chunk for run in runs for chunk in run)
        start, size = found["received"], len(body)
        said = f"bytes */{size}" if start == size else f"bytes {start}-{size - 1}/{size}"
        return self.ask("PUT", path, said, body=body[start:]).status

    def commit(self, name: str, content: bytes) -> int:
        """Commit content that was uploaded; the status."""
        file = {"path": "w.bin", "digest": digest_of(content), "size": len(content)}
        path = f"/artifacts/{name}/versions"
        return self.ask("POST", path, json={"type": "model", "files": [file]}).status

    def read(self, name: str, number: int) -> bytes:
        """The content of a version."""
        return self.ask("GET", f"/artifacts/{name}/v{number}/files/w.bin?type=model").data

    def purge(self, name: str, number: int) -> int:
        """Remove a version for ever; the status."""
        path = f"/artifacts/{name}/v{number}?type=model&permanent=true"
        return self.ask("DELETE", path).status


Put = Callable[[Caller, str, bytes], int]


def cut(content: bytes) -> list[bytes]:
    cutter = Cutter()
    return [bytes(one) for one in (*cutter.feed(content), *cutter.finish())]


@contextmanager
def serving(data_dir: Path, **environment: str) -> Iterator[tuple[LivePortal, Caller]]:
    """A portal for the ``with`` block, killed at its end."""
    portal = start_portal(data_dir, **environment)
    try:
        yield portal, Caller(portal)
    finally:
        portal.stop(signal.SIGKILL)  # the workers die with it


def manage(environment: dict[str, str], *words: str) -> str:
    """What ``manage.py`` says; it must succeed."""
    ours = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, str(MANAGE), *words],
        env=ours | environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def assert_operator_finds_nothing(environment: dict[str, str]) -> None:
    manage(environment, "collect", "--min-age-hours=0")
    manage(environment, "scrub", "--read-data")
    manage(environment, "check_store")


def log(name: str, content: bytes) -> None:
    """A version of this content, made without the server."""
    store_blob(
        source=BytesIO(content), sha256=sha256_of(content), size_bytes=len(content),
        stored_by=ANYBODY, artifact=ArtifactName("model", name),
    )  # fmt: skip
    commit(name, {"w.bin": content})


@pytest.fixture
def shared(store: Store) -> dict[str, str]:
    """The environment of a portal on the database and the store of this test."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    name = connection.settings_dict["NAME"]
    return {"DATABASE_URL": f"{server}/{name}", "RUNICORN_STORAGE_ROOT": str(store.root)}


def assert_in_order(store: Store) -> None:
    """At once nothing is lost; nothing is untidy either, once the operator was there."""
    assert broken(store) == []
    tidy(store)
    for command in ({"command_name": "scrub", "read_data": True}, {"command_name": "check_store"}):
        call_command(**command, stdout=StringIO())
    assert broken(store) + untidy(store) == []


@ON_TEST_DATABASE
@pytest.mark.parametrize(
    ("put", "steps"),
    [
        (Caller.put_whole, ("stage.written", "extents.synced", "publish.before_commit")),
        (Caller.put_parts, ("extents.written", "extents.published")),
        (Caller.put_chunks, ("extents.placed", "publish.before_commit")),
    ],
    ids=["whole", "parts", "chunks"],
)
def test_a_server_killed_at_any_step_of_an_upload_that_leans_on_others(
    store: Store, shared: dict[str, str], tmp_path: Path, put: Put, steps: tuple[str, ...]
) -> None:
    log("m", checkpoint(0))
    for number, step in enumerate(steps, 1):
        with serving(tmp_path / "var", RUNICORN_CRASH_AT=step, **shared) as (_, caller):
            with pytest.raises(HTTPError):
                put(caller, "m", checkpoint(number))
            assert caller.read("m", 1) == checkpoint(0)
        assert not Blob.objects.filter(sha256=sha256_of(checkpoint(number))).exists()
        assert broken(store) == []
    with serving(tmp_path / "var", **shared) as (_, caller):
        for number in range(1, len(steps) + 1):
            assert put(caller, "m", checkpoint(number)) == 201
            assert caller.commit("m", checkpoint(number)) == 201
        for number in range(len(steps) + 1):
            assert caller.read("m", number + 1) == checkpoint(number)
    assert Blob.objects.filter(layout=EXTENTS).count() == len(steps)
    assert_in_order(store)


@ON_TEST_DATABASE
def test_a_server_killed_at_any_step_of_the_compaction_of_a_base(
    store: Store, shared: dict[str, str], tmp_path: Path
) -> None:
    young = {
        step: noise((step, "a"), 5 * MIB) + noise((step, "c"), 5 * MIB) for step in COMPACT_STEPS
    }
    for step in COMPACT_STEPS:
        name = step.replace(".", "-")
        log(name, noise((step, "a"), 5 * MIB) + noise((step, "b"), 7 * MIB))
        log(name, young[step])
        with serving(tmp_path / "var", RUNICORN_CRASH_AT=step, **shared) as (_, caller):
            with pytest.raises(HTTPError):
                caller.purge(name, 1)
            assert caller.read(name, 2) == young[step]
        assert broken(store) == []
    assert_in_order(store)
    assert Blob.objects.filter(layout=REMAINS, generation=1).count() == len(COMPACT_STEPS)
    with serving(tmp_path / "var", **shared) as (_, caller):
        for step in COMPACT_STEPS:
            assert caller.read(step.replace(".", "-"), 2) == young[step]


@ON_TEST_DATABASE
def test_a_rededup_killed_at_any_step_beside_a_server(
    store: Store, shared: dict[str, str], tmp_path: Path
) -> None:
    log("m", checkpoint(0))
    with serving(tmp_path / "var", **shared) as (_, caller):
        for number, step in enumerate(REDEDUP_STEPS, 1):
            BlobChunks.objects.all().delete()  # as if it came from a store without an index
            Hook.objects.all().delete()
            log("m", checkpoint(number))
            assert run(call_command, "rededup", crash_at=step) == -signal.SIGKILL
            assert broken(store) == []
            assert caller.read("m", number + 1) == checkpoint(number)
            call_command("rededup", stdout=StringIO())
            assert Blob.objects.get(sha256=sha256_of(checkpoint(number))).layout == EXTENTS
            assert caller.read("m", number + 1) == checkpoint(number)
    assert_in_order(store)


LOG_ONE = """
import sys
import runicorn as rn
from runicorn.config import Config
run = rn.Run("tests", client=rn.Client(Config(url=sys.argv[1])))
print(run.log_artifact(rn.Artifact(sys.argv[2]).add_file(sys.argv[3])))
"""


def test_a_client_killed_at_random_moments_succeeds_in_the_end(
    live_portal: LivePortal, tmp_path: Path
) -> None:
    caller, rng, kills = Caller(live_portal), Random(1), 0  # noqa: S311 - no secret
    longest = 0.0
    for number in range(4):
        file = tmp_path / "w.bin"
        file.write_bytes(content := checkpoint(number, of="killed", size=20 * MIB))
        work = [sys.executable, "-c", LOG_ONE, live_portal.url, "killed-client", str(file)]
        for _ in range(3 if number else 0):  # the first tells how long it takes on this machine
            with subprocess.Popen(work, stdout=subprocess.DEVNULL) as client:
                time.sleep(rng.uniform(0, longest))
                kills += client.poll() is None
                client.kill()
        start = time.monotonic()
        done = subprocess.run(work, capture_output=True, text=True, timeout=SECONDS, check=True)
        longest = max(longest, time.monotonic() - start)
        assert caller.read("killed-client", int(done.stdout)) == content
    assert kills
    pool = live_portal.data_dir / "store/artifacts/.dedup"
    assert len(list(pool.glob("*/*.d"))) >= 3


class Acknowledged:
    """A client that logs and purges until its portal is gone."""

    def __init__(self, caller: Caller, name: str) -> None:
        self.caller, self.name = caller, name
        self.versions: dict[int, bytes] = {}

    def run(self, enough: Event, dying: Event) -> None:
        number = 0
        while True:
            content = checkpoint(number := number + 1, of=self.name)
            try:
                assert self.caller.put_chunks(self.name, content) in {200, 201}
                assert self.caller.commit(self.name, content) == 201
                self.versions[number] = content
                if number > 1:
                    self.versions.pop(number - 1)  # from now on it may be gone
                    assert self.caller.purge(self.name, number - 1) == 200
            except (HTTPError, AssertionError, KeyError, ValueError):
                if not dying.is_set():
                    raise
                return  # the database or the portal is gone: 503, or no answer
            if number == 2:
                enough.set()


def test_postgres_killed_while_uploads_and_purges_run(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    with serving(data_dir) as (portal, caller):
        clients = [Acknowledged(caller, f"pg-{number}") for number in range(2)]
        enough, dying = Event(), Event()
        with ThreadPoolExecutor(2) as threads:
            running = [threads.submit(client.run, enough, dying) for client in clients]
            assert enough.wait(SECONDS)
            postmaster = postmaster_of(portal)
            dying.set()
            os.kill(postmaster, signal.SIGKILL)
            for one in running:
                one.result(SECONDS)
        assert portal.process.wait(SECONDS) == 1
    with serving(data_dir) as (_, caller):
        for client in clients:
            for number, content in client.versions.items():
                assert caller.read(client.name, number) == content
        assert_operator_finds_nothing({"RUNICORN_DATA_DIR": str(data_dir)})
        again = checkpoint(99, of="pg-0")
        assert caller.put_whole("pg-0", again) == 201
        assert caller.commit("pg-0", again) == 201


def postmaster_of(portal: LivePortal) -> int:
    """The one child of the portal that is PostgreSQL, seen from here and not from its namespace."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
            parent = int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == portal.process.pid and b"postgres" in words.split(b"\0")[0]:
            return int(path.parent.name)
    pytest.fail("There is no PostgreSQL below the portal.")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 48 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk without the right to mount: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_with_versions(small_disk: Path, tmp_path: Path) -> None:
    with fresh_database() as database_url:
        environment = {
            "DATABASE_URL": database_url,
            "RUNICORN_STORAGE_ROOT": str(small_disk / "store"),
        }
        with serving(tmp_path / "var", **environment) as (_, caller):
            count = fill(caller)
            assert 2 <= count < 8
            for number in range(1, count + 1):
                assert caller.read("full", number) == line(number)
            assert list((small_disk / "store/artifacts/.staging").iterdir()) == []
            manage(environment, "check_store")
            for number in range(2, count + 1):
                assert caller.purge("full", number) == 200
            assert caller.put_whole("full", line(count + 1)) == 201
            assert caller.commit("full", line(count + 1)) == 201
            assert caller.read("full", count + 1) == line(count + 1)
            assert caller.read("full", 1) == line(1)
            assert_operator_finds_nothing(environment)


def line(number: int) -> bytes:
    return checkpoint(number, of="full", size=20 * MIB)


def fill(caller: Caller) -> int:
    """Log versions until one is refused with 507; the last that was taken."""
    for number in range(1, 9):
        status = caller.put_whole("full", line(number))
        if status == 507:
            return number - 1
        assert status == 201
        assert caller.commit("full", line(number)) == 201
    pytest.fail("The disk takes everything.")
