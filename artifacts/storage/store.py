"""Making and opening a store.

``store.json`` is written last, so a store that has one has all its folders. Its id is what the
database compares: an absent disk must look neither empty nor lost.
"""

import json
import uuid
from pathlib import Path

from artifacts.errors import StoreUnavailable
from artifacts.storage.durable import link_or_copy, make_folder, sync_folder, write_file
from artifacts.storage.layout import Store

STORE_FILE = "store.json"
FIXED = {
    "format": 1,
    "digest": "sha256",
    # How files are cut for dedup inside them; every store made with it depends on it for ever.
    "chunker": "fastcdc2020/16K/64K/256K/nc2+blake3",
}
HINT = "Mount its disk, or set RUNICORN_STORAGE_ROOT to where the store is."


def init_store(root: Path) -> Store:
    """Make a store at ``root``, or open the one that is there; durable on return.

    Safe to call again, and by two processes at once: both get the same store.

    Raises StoreUnavailable (503) when the folder cannot be written or holds a store of another
    format, StorageFull (507).
    """
    root = root.absolute()
    try:
        if not (root / STORE_FILE).exists():
            _make(Store(root=root, id=uuid.uuid4()))
    except OSError as error:
        raise StoreUnavailable(f"Cannot make a store at {root}: {error.strerror}.") from error
    return open_store(root)


def _make(store: Store) -> None:
    for folder in (store.pool, store.staging, store.trash):
        make_folder(folder)
    for number in range(256):
        (store.pool / f"{number:02x}").mkdir(exist_ok=True)
    sync_folder(store.pool)
    _write_identity(store)


def _write_identity(store: Store) -> None:
    staged = store.staging / uuid.uuid4().hex
    write_file(staged, json.dumps({**FIXED, "id": str(store.id)}, indent=2).encode() + b"\n")
    try:
        link_or_copy(staged, store.root / STORE_FILE)
    except FileExistsError:
        pass  # Another process was first: its id counts.
    finally:
        staged.unlink(missing_ok=True)
    sync_folder(store.root)


def open_store(root: Path) -> Store:
    """The store at ``root``.

    Raises StoreUnavailable (503), saying what is wrong, when there is none, it cannot be read,
    its format is unknown or one of its folders is missing.
    """
    root = root.absolute()
    identity = _read_identity(root)
    for key, value in FIXED.items():
        found = identity.get(key)
        if found != value:
            raise StoreUnavailable(
                f"The store at {root} has {key} {found!r}, this release knows {value!r}."
            )
    store = Store(root=root, id=_parse_id(root, identity.get("id")))
    for folder in (store.pool, store.staging, store.trash):
        if not folder.is_dir():
            raise StoreUnavailable(f"The store at {root} has no folder {folder.name}. {HINT}")
    return store


def _read_identity(root: Path) -> dict[str, object]:
    try:
        identity = json.loads((root / STORE_FILE).read_bytes())
    except FileNotFoundError:
        raise StoreUnavailable(f"There is no store at {root}. {HINT}") from None
    except OSError as error:
        raise StoreUnavailable(
            f"The store at {root} is unreadable: {error.strerror}. {HINT}"
        ) from error
    except ValueError as error:
        raise StoreUnavailable(f"{root / STORE_FILE} is damaged: {error}.") from error
    if not isinstance(identity, dict):
        raise StoreUnavailable(f"{root / STORE_FILE} is damaged: it is no JSON object.")
    return identity


def _parse_id(root: Path, text: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError as error:
        raise StoreUnavailable(f"{root / STORE_FILE} is damaged: its id is {text!r}.") from error
