"""Many small files in one answer: records of a digest, a length and the bytes, as they stream.

A request for each small file costs a hundred times what its bytes do. Whatever a bundle does not
bring whole (a broken connection, damaged content, an old server) is left to be fetched by itself.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import urllib3
from urllib3.exceptions import HTTPError

from runicorn.api import Client
from runicorn.errors import NotFoundError, ServerUnavailable
from runicorn.models import ArtifactMetadata
from runicorn.placing import Placement
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)

SMALL_BYTES = 256 << 10
FEWEST_FILES = 8
BATCH_BYTES = 8 << 20
BATCH_RECORDS = 2_000
HEAD_BYTES = 40
"""Of a record: the sha256, then the length as a big-endian number."""
PIECE_BYTES = 256 << 10

Keep = Callable[[str, bytes], None]
ByDigest = dict[str, list[Placement]]


def choose_bundled(wanted: Sequence[Placement]) -> list[Placement]:
    """Return the files worth a bundle: the small ones, if they are several."""
    small = [one for one in wanted if one.entry.size <= SMALL_BYTES]
    return small if len(small) >= FEWEST_FILES else []


def fetch_bundled(
    client: Client,
    version: ArtifactMetadata,
    wanted: Sequence[Placement],
    transfer: Transfer,
    keep: Keep,
) -> set[str]:
    """Fetch ``wanted``, several bundles at a time; return the paths that are in place.

    ``keep`` hears of each content and its digest. Raises what refuses the version as a whole.
    """
    jobs = [partial(_fetch, client, version, batch, transfer, keep) for batch in _batches(wanted)]
    return set[str]().union(*transfer.run(jobs))


def _batches(wanted: Sequence[Placement]) -> Iterator[ByDigest]:
    batch: ByDigest = {}
    size = 0
    for one in wanted:
        if size > BATCH_BYTES or len(batch) == BATCH_RECORDS:
            yield batch
            batch, size = {}, 0
        batch.setdefault(one.entry.digest, []).append(one)
        size += one.entry.size
    if batch:
        yield batch


def _fetch(
    client: Client, version: ArtifactMetadata, batch: ByDigest, transfer: Transfer, keep: Keep
) -> set[str]:
    done: set[str] = set()
    try:
        with client.open_bundle(
            version.name,
            version.version,
            list(batch),
            artifact_type=version.type,
            team=version.owner,
        ) as response:
            for digest, content in read_records(response):
                done |= _place(batch.get(digest, []), content, transfer)
                keep(digest, content)
    except (HTTPError, ServerUnavailable) as error:
        logger.info("A bundle of %s broke off: %s", version.name, error)
    except NotFoundError as error:
        if error.code != NotFoundError.code:
            raise
        logger.debug("The server has no bundles: %s", error)  # it is older than this client
    return done


def read_records(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[str, bytes]]:
    """Yield digest and content of each record whose bytes have the digest it says."""
    waiting = bytearray()
    for piece in response.stream(PIECE_BYTES, decode_content=False):
        waiting += piece
        start = 0
        while len(waiting) - start >= HEAD_BYTES:
            head = start + HEAD_BYTES
            end = head + int.from_bytes(waiting[start + 32 : head], "big")
            if end - head > SMALL_BYTES:
                return  # nobody asked for so much: this is no bundle
            if len(waiting) < end:
                break
            content = bytes(waiting[head:end])
            if hashlib.sha256(content).digest() == waiting[start : start + 32]:
                yield f"sha256:{waiting[start : start + 32].hex()}", content
            start = end
        del waiting[:start]


def _place(placements: Sequence[Placement], content: bytes, transfer: Transfer) -> set[str]:
    for one in placements:
        one.put(content)
        transfer.advance(len(content))
    return {one.entry.path for one in placements}
