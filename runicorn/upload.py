"""Sending content: hash, ask what is missing, send only that, several files at a time.

Small files share a request (``POST /api/blobs``: 32-byte digest, 8-byte big-endian length, bytes,
again and again); each large one is streamed by itself with its length.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from runicorn.api import Client
from runicorn.errors import DigestMismatch, IntegrityError, SourceChanged
from runicorn.hashing import SourceFile, hash_file, read_again
from runicorn.transfer import Transfer

SMALL_BYTES = 64 << 10
BATCH_BYTES = 8 << 20
BATCH_RECORDS = 2_000
DIGESTS_PER_QUESTION = 20_000


def hash_files(paths: Sequence[Path], transfer: Transfer) -> list[SourceFile]:
    """Hash ``paths``, several at a time, in order."""
    transfer.start("Hashing", sum(path.stat().st_size for path in paths))
    return transfer.run([partial(hash_file, path, transfer.advance) for path in paths])


def upload_missing(client: Client, sources: Iterable[SourceFile], transfer: Transfer) -> None:
    """Send what the server has not got of ``sources``; nothing when it has everything."""
    by_digest = {source.digest: source for source in sources}
    missing = _ask_missing(client, list(by_digest))
    upload(client, [by_digest[digest] for digest in missing], transfer)


def upload(client: Client, sources: Sequence[SourceFile], transfer: Transfer) -> None:
    """Send ``sources``, whether the server has them or not."""
    transfer.start("Uploading", sum(source.size for source in sources))
    small = [source for source in sources if source.size <= SMALL_BYTES]
    large = sorted(
        (source for source in sources if source.size > SMALL_BYTES), key=lambda source: -source.size
    )
    jobs: list[Callable[[], None]] = [partial(_put, client, one, transfer) for one in large]
    jobs += [partial(_post, client, batch, transfer) for batch in _batches(small)]
    transfer.run(jobs)


def _ask_missing(client: Client, digests: list[str]) -> list[str]:
    missing: list[str] = []
    for start in range(0, len(digests), DIGESTS_PER_QUESTION):
        missing += client.find_missing(digests[start : start + DIGESTS_PER_QUESTION])
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


def _post(client: Client, batch: Sequence[SourceFile], transfer: Transfer) -> None:
    transfer.advance(0)
    client.post_blobs(b"".join(map(_record, batch)))
    transfer.advance(sum(source.size for source in batch))


def _record(source: SourceFile) -> bytes:
    content = b"".join(read_again(source))
    digest = hashlib.sha256(content)
    if f"sha256:{digest.hexdigest()}" != source.digest:
        raise SourceChanged(f"{source.path} changed after it was hashed.")
    return digest.digest() + len(content).to_bytes(8, "big") + content


def _put(client: Client, source: SourceFile, transfer: Transfer) -> None:
    body = _Body(source, transfer)
    try:
        client.put_blob(source.digest, source.size, body.start)
    except DigestMismatch as error:
        raise _explain(source, error) from error


def _explain(source: SourceFile, error: DigestMismatch) -> IntegrityError:
    """Tell a file that was rewritten within one tick of the clock from a damaged transfer."""
    if hash_file(source.path, lambda _: None).digest != source.digest:
        return SourceChanged(f"{source.path} changed after it was hashed.")
    return error


class _Body:
    """The body of a PUT; every attempt starts it anew and takes back the progress it made."""

    def __init__(self, source: SourceFile, transfer: Transfer) -> None:
        self._source = source
        self._transfer = transfer
        self._sent = 0

    def start(self) -> Iterator[bytes]:
        self._transfer.advance(-self._sent)
        self._sent = 0
        return self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        for piece in read_again(self._source):
            yield piece
            self._sent += len(piece)
            self._transfer.advance(len(piece))
