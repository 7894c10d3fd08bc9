"""Sending what was logged offline: in order, as often as it takes, and never twice.

A run has the id it was given offline, a version the id of its commit, a use and a status say the
same when they are repeated: so an event may be sent again after any break, and is forgotten when
the server has answered. What the server refuses is kept, with everything that depends on it: the
later events of that run and of that artifact, and the uses of that version.
"""

import logging
from dataclasses import dataclass, field

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.commit import send_commit
from runicorn.errors import IntegrityError, NotCached, RunicornError, ServerUnavailable
from runicorn.hashing import SourceFile, hash_file
from runicorn.home import queue_path
from runicorn.progress import reporting
from runicorn.queued import Event, Queue
from runicorn.transfer import Reporter, Transfer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """An event that was not sent: what it is, and why."""

    event: str
    reason: str


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
        events = queue.list_events()
        return SyncReport(waiting=[Kept(describe(event), "not sent yet") for event in events])
    with queue.sending():
        queue.tidy()
        report = _Sender(queue, client or Client(), progress).send_all()
        queue.tidy()
    return report


def describe(event: Event) -> str:
    """Say what an event is in a few words."""
    body = event.body
    match event.kind:
        case "run":
            return f"run {body['run']} ({body['project']}, {body['name']})"
        case "log":
            return f"{body['name']} ({body['commit']['type']}), logged by {body['run']}"
        case "use":
            return f"use of {body.get('artifact') or 'a queued version'} by {body['run']}"
        case "status":
            return f"run {body['run']} {body['status']}"
    return f"damaged event {event.path}"


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
        names = _depends_on(event)
        reason = next((self._blocked[name] for name in ("", *names) if name in self._blocked), None)
        if reason is not None:
            self._keep(self._report.waiting, event, reason)
            return
        try:
            self._send.get(event.kind, _refuse)(event)
        except ServerUnavailable as error:
            self._keep(self._report.waiting, event, str(error))
            self._blocked[""] = "the portal cannot be reached"
        except (RunicornError, OSError, ValueError) as error:
            logger.warning("%s is not sent: %s", describe(event), error)
            self._keep(self._report.failed, event, str(error))
        else:
            self._report.sent.append(describe(event))
            self._queue.remove(event)

    def _keep(self, where: list[Kept], event: Event, reason: str) -> None:
        where.append(Kept(describe(event), reason))
        for name in (*_depends_on(event), *_provides(event)):
            self._blocked.setdefault(name, f"waits for {describe(event)}")

    def _send_run(self, event: Event) -> None:
        body = event.body
        reply = self._client.create_run(
            run_id=body["run"], project=body["project"], name=body["name"]
        )
        if reply.data["status"] != "running":
            self._client.set_run_status(body["run"], "running")

    def _send_log(self, event: Event) -> None:
        commit: payloads.CommitRequest = event.body["commit"]
        name = event.body["name"]
        with reporting(self._progress, name) as reporter:
            transfer = Transfer(reporter)
            sources = self._read_contents(event, transfer)
            detail = send_commit(self._client, name, commit, sources, transfer)
        result = {key: detail.get(key) for key in ("name", "type", "team", "version")}
        self._queue.note_result(commit["commit_id"], result | {"portal": self._client.url})
        self._report.versions.append(f"{detail['name']}:v{detail['version']}")

    def _read_contents(self, event: Event, transfer: Transfer) -> list[SourceFile]:
        """Hash what is queued for a version; files of the version it starts from are not here."""
        paths = [self._queue.contents.blob_path(digest) for digest in sorted(event.digests)]
        here = [path for path in paths if path.is_file()]
        transfer.start("Hashing", sum(path.stat().st_size for path in here))
        sources = [hash_file(path, transfer.advance) for path in here]
        for source in sources:
            if source.digest != f"sha256:{source.path.name}":
                raise IntegrityError(f"{source.path} is damaged: it cannot be sent any more")
        return sources

    def _send_use(self, event: Event) -> None:
        reference = event.body.get("artifact") or self._reference(event.body["queued"])
        self._client.use_version(event.body["run"], reference)

    def _reference(self, commit_id: str) -> str:
        made = self._queue.find_result(commit_id)
        if not made:
            raise NotCached(f"What became of the commit {commit_id} is not known here")
        if made.get("portal", self._client.url) != self._client.url:
            # Its number is another version's there.
            raise NotCached(f"The version was sent to {made['portal']}: send its use there too")
        owner = made["team"] or rules.EVERYONE
        return f"{owner}/{made['type']}/{made['name']}:v{made['version']}"

    def _send_status(self, event: Event) -> None:
        self._client.set_run_status(event.body["run"], event.body["status"])


def _refuse(event: Event) -> None:
    raise ValueError(f"{event.path} is damaged, or of a newer version of this program")


def _depends_on(event: Event) -> list[str]:
    """Name what must have been sent before an event: its run, its artifact, what it uses."""
    body = event.body
    found = [f"run {body.get('run')}"]
    if event.kind == "log":
        commit = body["commit"]
        found.append(f"artifact {commit.get('team')}/{commit['type']}/{body['name']}")
    if event.kind == "use" and "queued" in body:
        found.append(f"commit {body['queued']}")
    return found


def _provides(event: Event) -> list[str]:
    return [f"commit {event.body['commit']['commit_id']}"] if event.kind == "log" else []
