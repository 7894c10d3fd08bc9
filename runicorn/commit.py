"""From staged files to a version: hash, send what is missing, commit once."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.drafts import Draft
from runicorn.errors import MissingBlobs
from runicorn.hashing import SourceFile
from runicorn.models import FileEntry, ReferenceEntry
from runicorn.transfer import Transfer
from runicorn.upload import hash_files, upload, upload_missing

logger = logging.getLogger(__name__)

COMMIT_ATTEMPTS = 4


def commit(client: Client, draft: Draft, transfer: Transfer) -> payloads.VersionDetail:
    """Make ``draft`` a version; return what the server made of it.

    On return everything is stored. A failure leaves no version, and what was sent until then is
    not sent again the next time.
    """
    metadata = rules.check_metadata(draft.metadata)
    paths = list(dict.fromkeys(path for path, _ in draft.files))
    sources = dict(zip(paths, hash_files(paths, transfer), strict=True))
    request = make_request(draft, sources, metadata)
    return send_commit(client, draft.name, request, list(sources.values()), transfer)


def send_commit(
    client: Client,
    name: str,
    request: payloads.CommitRequest,
    sources: Sequence[SourceFile],
    transfer: Transfer,
) -> payloads.VersionDetail:
    """Send what the server lacks of ``sources``, then ``request``: a repeat does no harm.

    Content that went away since we asked is sent, and the same request tried again.
    """
    artifact = "/".join(filter(None, [request.get("team"), request["type"], name]))
    upload_missing(client, sources, artifact, transfer, num_files=len(request["files"]))
    for _ in range(COMMIT_ATTEMPTS - 1):
        try:
            return client.commit_version(name, request)
        except MissingBlobs as error:
            wanted = frozenset(error.missing)
            again = {source.digest: source for source in sources if source.digest in wanted}
            if not again:
                raise  # files of the version it starts from, which is gone
            logger.info("%d blobs went away meanwhile; sending them", len(again))
            upload(client, list(again.values()), artifact, transfer)
    return client.commit_version(name, request)


def make_request(
    draft: Draft, sources: Mapping[Path, SourceFile], metadata: dict[str, Any]
) -> payloads.CommitRequest:
    """Return the commit of ``draft``, whose files are ``sources``, with an id of its own."""
    body: payloads.CommitRequest = {
        "type": draft.artifact_type,
        "files": [
            *map(_kept_item, draft.kept),
            *(_file_item(path, sources[source]) for source, path in draft.files),
        ],
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
    if draft.if_unchanged != "new":
        body["if_unchanged"] = draft.if_unchanged
    return body


def _kept_item(entry: FileEntry) -> payloads.FileItem:
    return {
        "path": entry.path,
        "digest": entry.digest,
        "size": entry.size,
        "modified_at": entry.modified_at,
    }


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
