"""From staged files to a version: hash, send what is missing, commit once."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.errors import MissingBlobs
from runicorn.hashing import SourceFile
from runicorn.models import ReferenceEntry
from runicorn.transfer import Transfer
from runicorn.upload import hash_files, upload, upload_missing

logger = logging.getLogger(__name__)

COMMIT_ATTEMPTS = 4


@dataclass(frozen=True)
class Draft:
    """What is to become a version; ``files`` pairs a local file with its path in the version."""

    name: str
    artifact_type: str
    files: Sequence[tuple[Path, str]]
    references: Sequence[ReferenceEntry]
    metadata: dict[str, Any]  # the user's own
    tags: Sequence[str]
    description: str
    aliases: Sequence[str]
    run_id: str | None
    comment: str = ""
    team: str | None = None

    @property
    def full_name(self) -> str:
        """``[team/]type/name``: what the content is for."""
        return "/".join(filter(None, [self.team, self.artifact_type, self.name]))


def commit(client: Client, draft: Draft, transfer: Transfer) -> payloads.VersionDetail:
    """Make ``draft`` a version; return what the server made of it.

    On return everything is stored. A failure leaves no version, and what was sent until then is
    not sent again the next time.
    """
    metadata = rules.check_metadata(draft.metadata)
    paths = list(dict.fromkeys(path for path, _ in draft.files))
    sources = dict(zip(paths, hash_files(paths, transfer), strict=True))
    upload_missing(client, sources.values(), draft.full_name, transfer, num_files=len(draft.files))
    body = _request(draft, sources, metadata)
    return _commit(client, draft, body, list(sources.values()), transfer)


def _request(
    draft: Draft, sources: dict[Path, SourceFile], metadata: dict[str, Any]
) -> payloads.CommitRequest:
    body: payloads.CommitRequest = {
        "type": draft.artifact_type,
        "files": [_file_item(path, sources[source]) for source, path in draft.files],
        "references": [_reference_item(reference) for reference in draft.references],
        "metadata": metadata,
        "tags": list(draft.tags),
        "description": draft.description,
        "aliases": list(draft.aliases),
        "run": draft.run_id,
        "commit_id": str(uuid.uuid4()),
    }
    if draft.comment:
        body["comment"] = draft.comment
    if draft.team is not None:
        body["team"] = draft.team
    return body


def _file_item(path: str, source: SourceFile) -> payloads.FileItem:
    return {
        "path": path,
        "digest": source.digest,
        "size": source.size,
        "modified_at": source.modified_at,
    }


def _reference_item(reference: ReferenceEntry) -> payloads.ReferenceItem:
    return {
        "uri": reference.uri,
        "checksum": reference.checksum,
        "size": reference.size,
        "name": reference.name,
        "metadata": reference.metadata,
    }


def _commit(
    client: Client,
    draft: Draft,
    body: payloads.CommitRequest,
    sources: Sequence[SourceFile],
    transfer: Transfer,
) -> payloads.VersionDetail:
    """Commit; content that went away since we asked is sent and the same commit tried again."""
    for _ in range(COMMIT_ATTEMPTS - 1):
        try:
            return client.commit_version(draft.name, body)
        except MissingBlobs as error:
            logger.info("%d blobs went away meanwhile; sending them", len(error.missing))
            wanted = frozenset(error.missing)
            again = {source.digest: source for source in sources if source.digest in wanted}
            upload(client, list(again.values()), draft.full_name, transfer)
    return client.commit_version(draft.name, body)
