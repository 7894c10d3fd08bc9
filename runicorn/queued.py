"""What was logged offline, on this disk until it is sent.

::

    queue/events/000000000042.json    what happened, in order: a run began, logged, used, ended
    queue/blobs/ab/<sha256>           what was logged: copies, which no later edit changes
    queue/results/<commit id>.json    the numbers the portal gave to versions that were sent
    queue/last.json                   the number of the last event
    queue/order.lock, adding.lock, sending.lock

An event is there whole or not at all, and its content is on the disk before it is. Whoever adds
holds ``adding.lock`` together with others, so that content whose event is still to come is not
taken for left over.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runicorn.cache import Cache
from runicorn.copying import copy_hashed
from runicorn.errors import SourceChanged, SyncInProgress
from runicorn.events import Event
from runicorn.hashing import SourceFile
from runicorn.home import make_private
from runicorn.transfer import Transfer

NO_LIMIT = 1 << 62


class Queue:
    """The events and contents in a folder. Processes may share one, on one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contents = Cache(root, NO_LIMIT)

    def add_file(self, path: Path, transfer: Transfer) -> SourceFile:
        """Copy (or clone) a file; return it as it was. It is durable on return.

        Raises ``OSError``, e.g. for a full disk; :class:`SourceChanged` where it changes meanwhile.
        """
        make_private(self.root)
        part = self.root / "partial" / secrets.token_hex(16)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            source = _copy(path, part, transfer)
            target = self.contents.blob_path(source.digest)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not _is_there(target, source):  # who sends it just now must not see another file
                part.replace(target)
                _sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
        return source

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Keep what is added in the block, until its event is there too."""
        with self._locked("adding.lock", fcntl.LOCK_SH):
            yield

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Be the only one who sends; raises :class:`SyncInProgress` where another process does."""
        try:
            with self._locked("sending.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                yield
        except BlockingIOError:
            raise SyncInProgress(f"Another process is sending what is in {self.root}") from None

    def append(self, kind: str, run_id: str, **body: object) -> None:
        """Add an event behind all others. It is durable on return."""
        make_private(self.root)
        folder = self.root / "events"
        folder.mkdir(exist_ok=True)
        with self._locked("order.lock", fcntl.LOCK_EX):
            number = self._last_number() + 1
            event = {"kind": kind, "run": run_id, "at": time.time(), **body}
            _write(folder / f"{number:012}.json", event)
            _write(self.root / "last.json", {"number": number})

    def _last_number(self) -> int:
        """The highest number that was given: none is given again, so that it names one event."""
        names = [path.stem for path in (self.root / "events").glob("*.json")]
        last = _read(self.root / "last.json").get("number")
        return max([0, *map(int, filter(str.isdecimal, names)), last if type(last) is int else 0])

    def list_events(self) -> list[Event]:
        """Everything that is still to be sent, in order; a damaged event has an empty body."""
        paths = sorted((self.root / "events").glob("*.json"))
        return [Event.of(path, _read(path)) for path in paths]

    def replace(self, event: Event) -> None:
        """Write an event anew in its place."""
        with self._locked("order.lock", fcntl.LOCK_EX):
            _write(event.path, event.body)

    def remove(self, event: Event) -> None:
        """Forget an event that was sent."""
        event.path.unlink(missing_ok=True)
        _sync_folder(event.path.parent)

    def note_result(self, commit_id: str, result: dict[str, Any]) -> None:
        """Keep what the portal made of a commit."""
        folder = self.root / "results"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{commit_id}.json", result)

    def find_result(self, commit_id: str) -> dict[str, Any]:
        """Return what the portal made of a commit; nothing where it was not sent."""
        return _read(self.root / "results" / f"{commit_id}.json")

    def tidy(self) -> None:
        """Remove contents and results that no event needs any more, unless somebody adds now."""
        with suppress(BlockingIOError), self._locked("adding.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            events = self.list_events()
            if any(not event.body for event in events):
                return  # a damaged event may need any of them
            needed = set[str]().union(*(event.digests for event in events))
            for one in self.contents.list_files():
                if one.is_partial or one.digest not in needed:
                    one.path.unlink(missing_ok=True)
            if not events:
                for path in (self.root / "results").glob("*.json"):
                    path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        make_private(self.root)
        fd = os.open(self.root / name, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, how)
            yield
        finally:
            os.close(fd)


def _is_there(target: Path, source: SourceFile) -> bool:
    """Whether the content lies at ``target``, as far as its length tells."""
    try:
        return target.stat().st_size == source.size
    except FileNotFoundError:
        return False


def _copy(path: Path, part: Path, transfer: Transfer) -> SourceFile:
    with path.open("rb") as source, part.open("xb") as target:
        before = os.fstat(source.fileno())
        digest = copy_hashed(source, target, transfer.advance)
        after = os.fstat(source.fileno())
        size_bytes = target.tell() or os.fstat(target.fileno()).st_size
        target.flush()
        os.fsync(target.fileno())
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, size_bytes):
        raise SourceChanged(f"{path} changed while it was being read; log it when it is finished.")
    part.chmod(0o444)
    return SourceFile(path, before.st_size, before.st_mtime_ns, digest)


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write a file whole or not at all, one at a time in a folder; what a kill left is reused."""
    part = path.with_name(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(data, ensure_ascii=False, allow_nan=False))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
