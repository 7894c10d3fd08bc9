"""Many small files in one answer: the version's archive, read as it streams.

A request for each small file costs a hundred times what its bytes do. Whatever the archive does
not bring whole (a broken connection, damaged content) is left to be fetched by itself.
"""

import hashlib
import logging
import tarfile
from collections.abc import Callable, Sequence

from urllib3.exceptions import HTTPError

from runicorn.api import Client
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.placing import Placement
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)

SMALL_BYTES = 1 << 20
Keep = Callable[[str, bytes], None]
FEWEST_FILES = 32
FREE_WASTE_BYTES = 8 << 20


def choose_bundled(wanted: Sequence[Placement], *, version_bytes: int) -> dict[str, Placement]:
    """Return the files worth reading from the archive, by path: the small ones, if they are many.

    The archive holds the whole version, ``version_bytes``; what we would read in vain must not
    be more than what we want, or else must be little.
    """
    small = {one.entry.path: one for one in wanted if one.entry.size <= SMALL_BYTES}
    useful = sum(one.entry.size for one in small.values())
    waste = version_bytes - useful
    is_worth_it = len(small) >= FEWEST_FILES and waste <= max(useful, FREE_WASTE_BYTES)
    return small if is_worth_it else {}


def fetch_bundled(
    client: Client,
    version: ArtifactMetadata,
    wanted: dict[str, Placement],
    transfer: Transfer,
    keep: Keep,
) -> set[str]:
    """Read ``wanted`` from the archive of ``version``; return the paths that are in place.

    ``keep`` hears of each content and its digest.
    """
    done: set[str] = set()
    try:
        with (
            client.open_archive(
                version.name, version.version, artifact_type=version.type, team=version.owner
            ) as response,
            tarfile.open(fileobj=response, mode="r|") as archive,
        ):
            for member in archive:
                placement = wanted.get(member.name)
                content = _read(archive, member, placement.entry) if placement else None
                if placement is None or content is None:
                    continue
                _place(placement, content, transfer)
                keep(placement.entry.digest, content)
                done.add(member.name)
    except (HTTPError, tarfile.TarError) as error:
        logger.info("The archive of %s broke off: %s", version.name, error)
    return done


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, entry: FileEntry) -> bytes | None:
    """Return the content of one member, if it is the one we want."""
    source = archive.extractfile(member) if member.size == entry.size else None
    content = source.read() if source else b""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return content if digest == entry.digest else None


def _place(placement: Placement, content: bytes, transfer: Transfer) -> None:
    with placement.writing() as file:
        file.write(content)
    transfer.advance(len(content))
