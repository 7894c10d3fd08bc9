"""Sending what was logged offline: in order, as often as it takes, and never twice.

A run has the id it was given offline, a version the id of its commit, a use and a status say the
same when they are repeated: so an event may be sent again after any break, and is forgotten when
the server has answered. What the server refuses is kept, with everything that depends on it: the
later events of that run and of that artifact, and the uses of that version.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from runicorn.api import Client
from runicorn.cache import open_cache
from runicorn.commit import send_commit
from runicorn.errors import (
    AuthenticationRequired,
    IntegrityError,
    NotCached,
    RunicornError,
    ServerUnavailable,
)
from runicorn.events import Event, choose_with_dependents, identity, list_files
from runicorn.hashing import SourceFile, hash_file
from runicorn.home import queue_path
from runicorn.progress import reporting
from runicorn.queued import Queue
from runicorn.records import remember
from runicorn.specs import parse_spec
from runicorn.transfer import Reporter, Transfer

if TYPE_CHECKING:
    from runicorn import payloads


@dataclass(frozen=True)
class Kept:
    """An event that was not sent: where it stands in the queue, what it is, and why."""

    number: int
    event: str
    reason: str

    @classmethod
    def of(cls, event: Event, reason: str) -> Self:
        """Say of an event why it was not sent."""
        return cls(event.number, str(event), reason)


@dataclass(frozen=True)
class SyncReport:
    """What was sent, what was refused, and what waits for that or for the server.

    ``versions`` are the full names of those that were sent.
    """

    sent: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    failed: list[Kept] = field(default_factory=list)
    waiting: list[Kept] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left in the queue."""
        return not (self.failed or self.waiting)


def sync(
    client: Client | None = None, *, dry_run: bool = False, progress: Reporter | None = None
) -> SyncReport:
    """Send what was logged offline to the portal, in order; what fails is kept, and said.

    It may be stopped at any point and called again: nothing is sent twice, and content that broke
    off goes on where it broke off. Runs and versions get the time at which they are sent. With
    ``dry_run`` nothing is sent, and all of it waits.

    >>> with rn.init(project="field", name="record", mode="offline") as run:
    ...     sample = rn.Artifact("sample", type="dataset").add_file("extra.csv")
    ...     run.log_artifact(sample), sample.full_name
    (0, 'sample:queued')
    >>> rn.sync().versions
    ['sample:v1']

    Raises :class:`SyncInProgress` where another process is sending.
    """
    queue = Queue(queue_path())
    if dry_run:
        return SyncReport(waiting=[Kept.of(one, "not sent yet") for one in queue.list_events()])
    with queue.sending():
        queue.tidy()
        report = _Sender(queue, client or Client(), progress).send_all()
        queue.tidy()
    return report


def discard(numbers: Iterable[int], *, dry_run: bool = False) -> list[Kept]:
    """Forget events unsent, with those that are nothing without them; return all of these.

    The numbers are those that :func:`sync` reports. With ``dry_run`` nothing is forgotten.
    Raises ``ValueError`` for a number that is not in the queue, :class:`SyncInProgress`.
    """
    queue = Queue(queue_path())
    with queue.sending():
        events = queue.list_events()
        wanted = set(numbers)
        if unknown := wanted - {event.number for event in events}:
            raise ValueError(f"There is no event {min(unknown)} in the queue")
        chosen = choose_with_dependents(events, wanted)
        if not dry_run:
            for event in reversed(chosen):
                queue.remove(event)
            queue.tidy()
    return [Kept.of(event, "discarded") for event in chosen]


def leave_aliases_out(numbers: Iterable[int]) -> None:
    """Have versions sent without the aliases that they were logged with, as these are refused.

    Raises ``ValueError`` for a number of the queue that is no version, :class:`SyncInProgress`.
    """
    queue = Queue(queue_path())
    with queue.sending():
        logged = {one.number: one for one in queue.list_events() if one.kind == "log"}
        for number in numbers:
            if number not in logged:
                raise ValueError(f"There is no version with the number {number} in the queue")
            queue.replace(logged[number].without_aliases())


class _Sender:
    """Sends the events of a queue, one after the other."""

    def __init__(self, queue: Queue, client: Client, progress: Reporter | None) -> None:
        self._queue = queue
        self._client = client
        self._progress = progress
        self._report = SyncReport()
        self._blocked: dict[str, str] = {}
        self._send = {
            "run": self._send_run,
            "log": self._send_log,
            "use": self._send_use,
            "status": self._send_status,
        }

    def send_all(self) -> SyncReport:
        seen: set[str] = set()
        while events := [e for e in self._queue.list_events() if e.path.name not in seen]:
            for event in events:
                seen.add(event.path.name)
                self._take(event)
        return self._report

    def _take(self, event: Event) -> None:
        """Send one event, unless something it depends on is still here."""
        names = event.follows
        reason = next((self._blocked[name] for name in ("", *names) if name in self._blocked), None)
        if reason is not None:
            self._keep(self._report.waiting, event, reason)
            return
        try:
            self._send.get(event.kind, _refuse)(event)
        except ServerUnavailable as error:
            self._keep(self._report.waiting, event, str(error))
            self._blocked[""] = "the portal cannot be reached"
        except AuthenticationRequired as error:
            self._keep(self._report.failed, event, str(error))
            self._blocked[""] = "the portal does not let you in"
        except (RunicornError, OSError, ValueError) as error:
            self._keep(self._report.failed, event, str(error))
        else:
            self._report.sent.append(str(event))
            self._queue.remove(event)

    def _keep(self, where: list[Kept], event: Event, reason: str) -> None:
        where.append(Kept.of(event, reason))
        for name in (*event.follows, *event.provides):
            self._blocked.setdefault(name, f"waits for {event}")

    def _send_run(self, event: Event) -> None:
        body = event.body
        reply = self._client.create_run(
            run_id=body["run"], project=body["project"], name=body["name"]
        )
        if body.get("is_main", True) and reply.data["status"] != "running":
            self._client.set_run_status(body["run"], "running")

    def _send_log(self, event: Event) -> None:
        commit: payloads.CommitRequest = event.body["commit"]
        name = event.body["name"]
        with reporting(self._progress, name) as reporter:
            transfer = Transfer(reporter)
            sources = self._read_contents(event, transfer)
            detail = send_commit(self._client, name, commit, sources, transfer)
        self._queue.note_result(commit["commit_id"], identity(detail))
        remember(self._client.url, detail, files=list_files(name, commit))
        _keep(sources)
        self._report.versions.append(f"{detail['name']}:v{detail['version']}")

    def _read_contents(self, event: Event, transfer: Transfer) -> list[SourceFile]:
        """Hash what is queued for a version; files of the version it starts from are not here."""
        paths = [self._queue.contents.blob_path(digest) for digest in sorted(event.digests)]
        here = [path for path in paths if path.is_file()]
        transfer.start("Hashing", sum(path.stat().st_size for path in here))
        sources = [hash_file(path, transfer.advance) for path in here]
        for source in sources:
            if source.digest != f"sha256:{source.path.name}":
                source.path.unlink()  # so that logging it again brings it back
                raise IntegrityError(f"{source.path} was damaged, and so removed: log it again")
        return sources

    def _send_use(self, event: Event) -> None:
        used = event.body if "artifact" in event.body else self._find_made(event.body["queued"])
        self._check_same(used)
        self._client.use_version(event.body["run"], used["artifact"])

    def _find_made(self, commit_id: str) -> dict[str, Any]:
        made = self._queue.find_result(commit_id)
        if "artifact" not in made:
            raise NotCached(f"What became of the commit {commit_id} is not known here")
        return made

    def _check_same(self, used: dict[str, Any]) -> None:
        """Refuse a version that is another one here: the number may be of another portal."""
        spec = parse_spec(used["artifact"])
        here = self._client.get_version(spec.name, spec.version or 0, **spec.whose)
        if here["manifest_digest"] != used.get("manifest_digest"):
            raise IntegrityError(
                f"{spec} has other content on {self._client.url} than the one that was used: "
                "send this to the portal that it was from"
            )

    def _send_status(self, event: Event) -> None:
        self._client.set_run_status(event.body["run"], event.body["status"])


def _keep(sources: list[SourceFile]) -> None:
    """Leave what was sent in the cache, so that it can be used offline as before."""
    cache = open_cache()
    if cache is None or sum(one.size for one in sources) > cache.max_bytes:
        return
    for one in sources:
        cache.link_in(one.path, one.digest)
    cache.prune()


def _refuse(event: Event) -> None:
    raise ValueError(f"{event.path} is damaged, or of a newer version of this program")
