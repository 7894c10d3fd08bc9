"""A portal elsewhere as the source of an export (:mod:`runicorn.legacy`): over its API.

What the API does not tell is not in it: deleted versions have no content there (what was exported
before stays), tombstones are not listed, and when a run used a version is not said. ``manage.py
export`` on the server has all of it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from urllib3.exceptions import HTTPError

from runicorn.answers import check_file, check_time, check_version
from runicorn.api import Client
from runicorn.errors import (
    ArtifactNotFound,
    ContentCorrupted,
    ContentDeleted,
    IntegrityError,
    ServerUnreachable,
    VersionNotFound,
)
from runicorn.legacy.exporting import ExportedArtifact, Withheld
from runicorn.legacy.values import (
    Line,
    PastAlias,
    PastFile,
    PastReference,
    PastRun,
    PastVersion,
    RunLink,
)
from runicorn.legacy.writing import Lost, verify_written
from runicorn.payloads import AliasInfo, ArtifactItem, RunInfo, VersionDetail
from runicorn.rules import EVERYONE
from runicorn.specs import ArtifactName, parse_name
from runicorn.transfer import Reporter, Silent

PIECE_BYTES = 1 << 20
PAGE = 500
ATTEMPTS = 5


class RemoteSource:
    """The artifacts called ``names`` (none: all of them) of the portal that ``client`` talks to."""

    def __init__(
        self,
        client: Client,
        names: Sequence[str],
        *,
        team: str | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self._client = client
        self._names = names
        self._team = team
        self._reporter = reporter or Silent()
        self._aliases: dict[Line, list[AliasInfo]] = {}
        self._items: list[ArtifactItem] | None = None

    @property
    def label(self) -> str:
        """Its address."""
        return f"the portal at {self._client.url}"

    def artifacts(self) -> Iterator[ExportedArtifact]:
        """Those that have a ready version."""
        wanted = self._wanted()
        for item in self._list():
            if not wanted or any(_is_meant(item, one) for one in wanted):
                line = Line(item["type"], item["name"], item.get("team"))
                found = self._describe(line)
                yield replace(found, created_at=item["created_at"], updated_at=item["updated_at"])

    def require_names(self) -> None:
        """Raise :class:`ArtifactNotFound` where a name is nobody's, or the team has nothing."""
        pairs = zip(self._names, self._wanted(), strict=True)
        missing = [
            name for name, one in pairs if not any(_is_meant(item, one) for item in self._list())
        ]
        if missing:
            raise ArtifactNotFound(f"Artifact not found: {', '.join(missing)}")
        if self._team and not self._list():
            raise ArtifactNotFound(f"There is no artifact of the team {self._team!r}")

    def _wanted(self) -> list[ArtifactName]:
        return [parse_name(name, None, self._team) for name in self._names]

    def _list(self) -> list[ArtifactItem]:
        if self._items is None:
            found = self._client.list_artifacts(team=self._team)
            self._items = sorted(found, key=lambda one: (one["type"], one["name"]))
        return self._items

    def find(self, line: Line) -> ExportedArtifact | None:
        """One whose versions are all deleted."""
        try:
            return self._describe(line)
        except ArtifactNotFound:
            return None

    def _describe(self, line: Line) -> ExportedArtifact:
        whose = _whose(line)
        versions = self._client.list_versions(line.name, **whose)
        found = self._client.list_aliases(line.name, **whose)
        self._aliases[line] = [one for one in found if one["alias"] != "latest"]
        numbers = [one["version"] for one in versions]
        times = [one["created_at"] for one in versions]
        first, last = min(times, default=0.0), max(times, default=0.0)
        return ExportedArtifact(line, first, last, max(numbers, default=0), numbers)

    def version(
        self, artifact: ExportedArtifact, number: int
    ) -> tuple[PastVersion, str] | Withheld | None:
        """A version as the API tells it."""
        line = artifact.line
        try:
            detail = self._client.get_version(line.name, number, **_whose(line))
        except VersionNotFound:
            return None
        check_version(detail)
        try:
            listing = self._client.get_files(line.name, number, **_whose(line))
        except ContentDeleted:
            past = _past(line, detail, (), (), self._aliases_at(line, number))
            deleted_at = check_time(detail.get("deleted_at")) or past.updated_at
            why = "is deleted in the portal: its content cannot be had over the API"
            return Withheld(replace(past, deleted_at=deleted_at), why)
        for item in listing["files"]:
            check_file(item)
        files = tuple(
            PastFile(one["path"], one["digest"], one["size"], one.get("modified_at"))
            for one in listing["files"]
        )
        references = tuple(
            PastReference(
                one["uri"], one.get("checksum"), one.get("size"), one.get("metadata") or {},
                one.get("name"),
            )
            for one in listing["references"]
        )  # fmt: skip
        aliases = self._aliases_at(line, number)
        self._reporter.start(f"{line.name}:v{number}", sum(one.size for one in files))
        return _past(line, detail, files, references, aliases), detail["status"]

    def _aliases_at(self, line: Line, number: int) -> tuple[PastAlias, ...]:
        return tuple(_alias(one) for one in self._aliases[line] if one["version"] == number)

    # Contents -------------------------------------------------------------------------------------

    def fetch(self, past: PastVersion, file: PastFile, target: Path) -> str:
        """Download the content; a connection that breaks is taken up where it broke."""
        with target.open("xb") as written:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._receive(past, file, written)
                    break
                except ContentCorrupted as error:
                    raise Lost(f"is damaged in the portal: {error}") from None
                except HTTPError as error:
                    if attempt == ATTEMPTS:
                        text = f"The download of {past} {file.path} keeps breaking off: {error}"
                        raise ServerUnreachable(text) from error
                    time.sleep(0.1 * 2**attempt)
        verify_written(target, file)
        return "downloaded"

    def _receive(self, past: PastVersion, file: PastFile, written: BinaryIO) -> None:
        done = written.tell()
        if done >= file.size > 0:
            return
        headers = {"Range": f"bytes={done}-"} if done else {}
        whose = _whose(past.line)
        with self._client.open_file(
            past.line.name, past.number, file.path, headers=headers, **whose
        ) as response:
            if done and response.status != 206:
                written.seek(0)
                written.truncate()
            for piece in response.stream(PIECE_BYTES, decode_content=False):
                written.write(piece)
                self._reporter.advance(len(piece))

    # Runs -----------------------------------------------------------------------------------------

    def runs(self) -> Iterator[PastRun]:
        """All of them, the newest first; those that began meanwhile push some to the next page."""
        seen: set[str] = set()
        offset = 0
        while page := self._client.imports.list_runs(limit=PAGE, offset=offset):
            new = [info for info in page if info["id"] not in seen]
            if not new:
                raise IntegrityError(f"The server repeats its runs from the {offset}th on")
            seen.update(info["id"] for info in new)
            yield from map(self._run, new)
            offset += len(page)

    def _run(self, info: RunInfo) -> PastRun:
        found = self._client.get_run_artifacts(info["id"])
        return PastRun(
            id=info["id"], project=info["project"], name=info["name"], status=info["status"],
            created_at=info["created_at"], updated_at=info["updated_at"],
            finished_at=info["finished_at"], user=info["created_by_user"] or "",
            used=tuple(_link(one) for one in found["used"]),
            made=tuple(
                RunLink(_line(one), one["version"], one["created_at"]) for one in found["created"]
            ),
        )  # fmt: skip


def _is_meant(item: ArtifactItem, name: ArtifactName) -> bool:
    owner = item.get("team") or EVERYONE
    return (
        name.name == item["name"]
        and name.artifact_type in {None, item["type"]}
        and name.team in {None, owner}
    )


def _whose(line: Line) -> dict[str, str]:
    return {"artifact_type": line.type, "team": line.team or EVERYONE}


def _past(
    line: Line,
    detail: VersionDetail,
    files: tuple[PastFile, ...],
    references: tuple[PastReference, ...],
    aliases: tuple[PastAlias, ...],
) -> PastVersion:
    return PastVersion(
        line=line, number=detail["version"], created_at=detail["created_at"],
        updated_at=detail["updated_at"], files=files, references=references,
        run=detail["created_by_run"] or "", user=detail["created_by_user"] or "",
        description=detail["description"], tags=tuple(detail["tags"]),
        metadata=detail["metadata"], aliases=aliases,
    )  # fmt: skip


def _alias(info: AliasInfo) -> PastAlias:
    return PastAlias(info["alias"], info["protected"], info["updated_at"])


def _line(item: dict[str, object]) -> Line:
    team = item.get("team")
    return Line(str(item["type"]), str(item["name"]), str(team) if team else None)


def _link(item: dict[str, object]) -> RunLink:
    return RunLink(_line(item), int(str(item["version"])))
