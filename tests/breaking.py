"""What breaks transfers: a network that can be cut, a portal that can be killed, a client too.

``Trial`` sends a file through all of them and says how many bytes passed more than once.
"""

import hashlib
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

import runicorn as rn
from runicorn.config import Config
from tests.live import spawn_serve, start_portal

PIECE_BYTES = 1 << 16
NAME = "dataset/broken"
PART_BYTES = 8 << 20
ASKING_BYTES = 256 << 10
"""Requests that ask how far it came, and their answers, in a transfer that was broken."""
LISTED_BYTES = 64 << 10
"""Of every so many bytes an upload names one chunk, with 36 bytes, and again when it goes on."""
KINDS = ("client", "server", "network")
"""What may break."""


class Network:
    """A proxy before the server at ``target``, which counts what passes and can be cut."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.up_bytes = 0
        self.down_bytes = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection; new ones are let through."""
        with self._lock:
            broken, self._open = self._open, set()
        for one in broken:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let nobody through any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            for one in (client, server):  # what waits here was not received by anybody
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * PIECE_BYTES)
            with self._lock:
                self._open |= {client, server}
            self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    piece = key.fileobj.recv(PIECE_BYTES)  # type: ignore[union-attr]
                    if not piece:
                        return
                    key.data.sendall(piece)
                    self._count(len(piece), is_up=key.fileobj is client)

    def _count(self, size_bytes: int, *, is_up: bool) -> None:
        with self._lock:
            if is_up:
                self.up_bytes += size_bytes
            else:
                self.down_bytes += size_bytes


class MortalPortal:
    """A portal that can be killed and started again under the same address."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self._environment = environment
        # A portal dies with the thread that spawned it, and those of a transfer end with it.
        self._spawner = ThreadPoolExecutor(1)
        self._portal = self._spawner.submit(lambda: start_portal(data_dir, **environment)).result()
        self._process = self._portal.process
        self.url = self._portal.url

    def kill_and_restart(self) -> None:
        """Kill it at once and start it again; it is not ready yet on return."""
        self._portal.stop(signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._process = self._spawner.submit(
            lambda: spawn_serve(
                self._portal.data_dir,
                self._portal.log,
                **{**self._environment, "RUNICORN_PORT": self.url.rpartition(":")[2]},
            )
        ).result()

    def stop(self) -> None:
        """End it for good."""
        self._process.terminate()
        self._process.wait(60)
        self._portal.stop()
        self._spawner.shutdown()


@dataclass(frozen=True)
class Outcome:
    """How a broken transfer went: the bytes of the file that passed more than once."""

    way: str
    kind: str
    at_bytes: int
    repeated_bytes: int
    is_identical: bool
    seconds: float
    size_bytes: int

    @property
    def is_good(self) -> bool:
        """Whether all came, and at most one part of it twice."""
        listed = 2 * 36 * self.size_bytes // LISTED_BYTES
        return self.is_identical and self.repeated_bytes <= PART_BYTES + ASKING_BYTES + listed


@dataclass
class Trial:
    """One file, sent and fetched by the real command through a network that breaks."""

    portal: MortalPortal
    source: Path
    folder: Path
    rng: random.Random
    network: Network = field(init=False)
    plain_bytes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        host, _, port = self.portal.url.removeprefix("http://").partition(":")
        self.network = Network((host, int(port)))
        self.size_bytes = self.source.stat().st_size
        self._sha256 = _sha256(self.source)

    def measure(self) -> None:
        """Learn what passes when nothing breaks."""
        for way, transfer in (("upload", self.upload), ("download", self.download)):
            before = self._passed(way)
            self._finish(transfer())
            self.plain_bytes[way] = self._passed(way) - before
        self.clean()

    def run(self, kind: str) -> Iterator[Outcome]:
        """Break an upload and a download once each, by ``kind``."""
        yield self._break("upload", kind, self.upload)
        yield self._break("download", kind, self.download)
        self.clean()

    def upload(self) -> subprocess.Popen[bytes]:
        """Begin to send the file."""
        return self._command("artifacts", "put", NAME, str(self.source))

    def download(self) -> subprocess.Popen[bytes]:
        """Begin to fetch it."""
        return self._command("artifacts", "get", NAME, str(self.folder / "out"))

    def clean(self) -> None:
        """Forget everything that was sent and fetched; the portal may be on its way back."""
        patience = urllib3.Retry(total=60, backoff_factor=0.1, backoff_max=1)
        with urllib3.PoolManager(retries=patience) as http:
            http.request("GET", f"{self.portal.url}/api/health")
        api = rn.Api(client=rn.Client(Config(url=self.portal.url)))
        for one in api.versions(NAME):
            api.delete(f"{NAME}:v{one['version']}", permanent=True)
        for name in ("out", "home"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _break(self, way: str, kind: str, begin: Callable[[], subprocess.Popen[bytes]]) -> Outcome:
        start, began = self._passed(way), time.monotonic()
        at_bytes = self.rng.randrange(1, self.size_bytes)
        process = begin()
        while self._passed(way) - start < at_bytes and process.poll() is None:
            time.sleep(0.001)
        if kind == "client":
            process.kill()
            process.communicate()
            process = begin()
        elif kind == "server":
            self.portal.kill_and_restart()
        else:
            self.network.cut()
        self._finish(process)
        return Outcome(
            way,
            kind,
            at_bytes,
            max(0, self._passed(way) - start - self.plain_bytes[way]),
            way == "upload" or _sha256(self.folder / "out" / self.source.name) == self._sha256,
            time.monotonic() - began,
            self.size_bytes,
        )

    def _passed(self, way: str) -> int:
        return self.network.up_bytes if way == "upload" else self.network.down_bytes

    def _command(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            "RUNICORN_TRACKING_URI": self.network.url,
            "RUNICORN_HOME": str(self.folder / "home"),
            "RUNICORN_CACHE_BYTES": str(4 * self.size_bytes),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "runicorn", *arguments],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        _, said = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"The client failed: {said.decode()}")


@contextmanager
def trial(folder: Path, size_bytes: int, seed: int, **environment: str) -> Iterator[Trial]:
    """A portal, a network and a file of random bytes, all in ``folder``."""
    source = folder / "source.bin"
    with source.open("wb") as file:
        for _ in range(-(-size_bytes // (1 << 20))):
            file.write(os.urandom(1 << 20))
        file.truncate(size_bytes)
    portal = MortalPortal(folder / "var", **environment)
    one = Trial(portal, source, folder, random.Random(seed))  # noqa: S311 no secret
    try:
        one.measure()
        yield one
    finally:
        one.network.close()
        portal.stop()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
