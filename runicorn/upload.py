"""Sending content: hash, ask what is missing, send only that, several files at a time.

Small files share a request (``POST /api/blobs``: 32-byte digest, 8-byte big-endian length, bytes,
again and again). Others are streamed by themselves with their length, and from LARGE_BYTES on in
parts (:mod:`runicorn.resume`), if possible only those the server lacks
(:mod:`runicorn.negotiation`).
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from runicorn.api import Client
from runicorn.chunking import CUT_FROM_BYTES
from runicorn.errors import DigestMismatch, SourceChanged
from runicorn.hashing import SourceFile, hash_file, read_again
from runicorn.negotiation import send_needed
from runicorn.resume import Progress, ServerTooOld, WholeFile, counted, push
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)

LARGE_BYTES = CUT_FROM_BYTES
SMALL_BYTES = 64 << 10
BATCH_BYTES = 8 << 20
BATCH_RECORDS = 2_000
DIGESTS_PER_QUESTION = 20_000
HASHED_AT_ONCE = 32


def hash_files(paths: Sequence[Path], transfer: Transfer) -> list[SourceFile]:
    """Hash ``paths``, several at a time, in order."""
    transfer.start("Hashing", sum(path.stat().st_size for path in paths))
    size = max(1, min(HASHED_AT_ONCE, len(paths) // transfer.workers))
    lots = [paths[start : start + size] for start in range(0, len(paths), size)]
    hashed = transfer.run([partial(_hash_lot, lot, transfer) for lot in lots])
    return [source for lot in hashed for source in lot]


def _hash_lot(paths: Sequence[Path], transfer: Transfer) -> list[SourceFile]:
    """Several in one job, as most take next to no time."""
    return [hash_file(path, transfer.advance) for path in paths]


def upload_missing(
    client: Client,
    sources: Iterable[SourceFile],
    artifact: str,
    transfer: Transfer,
    *,
    num_files: int,
) -> None:
    """Send what the server has not got of ``sources``; nothing when it has everything.

    ``artifact`` (``[team/]type/name``) is what they are for, a version of ``num_files`` files.

    Raises TooLarge, QuotaExceeded before anything is sent, but for what files of LARGE_BYTES and
    more take in a team with a quota: that is known when each is sent.
    """
    by_digest = {source.digest: source for source in sources}
    missing = _ask_missing(client, by_digest, artifact, num_files)
    upload(client, [by_digest[digest] for digest in missing], artifact, transfer)


def upload(
    client: Client, sources: Sequence[SourceFile], artifact: str, transfer: Transfer
) -> None:
    """Send ``sources``, whether the server has them or not."""
    transfer.start("Uploading", sum(source.size for source in sources))
    small = [source for source in sources if source.size <= SMALL_BYTES]
    others = sorted(
        (source for source in sources if source.size > SMALL_BYTES), key=lambda source: -source.size
    )
    jobs: list[Callable[[], None]] = [
        partial(_send, client, one, artifact, transfer) for one in others
    ]
    jobs += [partial(_post, client, batch, artifact, transfer) for batch in _batches(small)]
    transfer.run(jobs)


def _ask_missing(
    client: Client, sources: Mapping[str, SourceFile], artifact: str, num_files: int
) -> list[str]:
    digests, missing = list(sources), list[str]()
    for start in range(0, len(digests), DIGESTS_PER_QUESTION):
        batch = digests[start : start + DIGESTS_PER_QUESTION]
        sizes = (sources[digest].size for digest in (*missing, *batch))
        size_bytes = sum(size for size in sizes if size < LARGE_BYTES)
        missing += client.find_missing(
            batch, {"artifact": artifact, "num_files": num_files, "size_bytes": size_bytes}
        )
    return missing


def _batches(sources: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    """Group small files into bodies of at most BATCH_BYTES and BATCH_RECORDS."""
    batch: list[SourceFile] = []
    size = 0
    for source in sources:
        if batch and (size + source.size > BATCH_BYTES or len(batch) == BATCH_RECORDS):
            yield batch
            batch, size = [], 0
        batch.append(source)
        size += source.size
    if batch:
        yield batch


def _post(client: Client, batch: Sequence[SourceFile], artifact: str, transfer: Transfer) -> None:
    transfer.advance(0)
    client.post_blobs(b"".join(map(_record, batch)), artifact=artifact)
    transfer.advance(sum(source.size for source in batch))


def _record(source: SourceFile) -> bytes:
    content = b"".join(read_again(source))
    digest = hashlib.sha256(content)
    if f"sha256:{digest.hexdigest()}" != source.digest:
        raise SourceChanged(f"{source.path} changed after it was hashed.")
    return digest.digest() + len(content).to_bytes(8, "big") + content


def _send(client: Client, source: SourceFile, artifact: str, transfer: Transfer) -> None:
    if source.size < LARGE_BYTES:
        _send_by(_put, client, source, artifact, Progress(transfer))
    else:
        with transfer.line(source.path.name, source.size) as line:
            _send_by(_send_large, client, source, artifact, Progress(line))


def _send_by(
    send: Callable[[Client, SourceFile, str, Progress], None],
    client: Client,
    source: SourceFile,
    artifact: str,
    progress: Progress,
) -> None:
    try:
        send(client, source, artifact, progress)
    except DigestMismatch as error:
        _blame_source(source, error)
        raise
    progress.reach(source.size)


def _send_large(client: Client, source: SourceFile, artifact: str, progress: Progress) -> None:
    """Send one file, and once more as a whole where other bytes arrived than were hashed.

    What an interrupted upload had left behind may have been damaged; the server dropped it now.
    """
    try:
        if not send_needed(client, source, artifact, progress):
            _send_whole(client, source, artifact, progress)
    except DigestMismatch as error:
        _blame_source(source, error)
        logger.warning("%s arrived damaged; sending it again", source.path)
        _send_whole(client, source, artifact, progress)


def _send_whole(client: Client, source: SourceFile, artifact: str, progress: Progress) -> None:
    try:
        push(WholeFile(client, source, artifact), progress)
    except ServerTooOld:
        _put(client, source, artifact, progress)


def _put(client: Client, source: SourceFile, artifact: str, progress: Progress) -> None:
    """Send it in one piece; every attempt starts anew and takes back the progress it made."""
    client.put_blob(
        source.digest,
        source.size,
        lambda: counted(read_again(source), 0, progress),
        artifact=artifact,
    )


def _blame_source(source: SourceFile, error: DigestMismatch) -> None:
    """Tell a file that was rewritten within one tick of the clock from a damaged transfer."""
    if hash_file(source.path, lambda _: None).digest != source.digest:
        raise SourceChanged(f"{source.path} changed after it was hashed.") from error
