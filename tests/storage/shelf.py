"""Contents of every layout in a real store, put there in few words."""

import hashlib
import io
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings

from artifacts.storage import content, extents, pool, staging
from artifacts.storage.layout import EXTENTS, REMAINS, Place, Store, physical_path
from artifacts.storage.recipe import (
    Extent,
    Range,
    Recipe,
    StagedExtents,
    merge_extents,
    read_recipe,
)

BASE = bytes(range(200))
OTHER = bytes(range(255, 99, -1))

with_store = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


@dataclass
class Shelf:
    """A store, and what lies where in it; contents are named by their sha256."""

    store: Store
    places: dict[str, Place] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def add_file(self, found: bytes) -> str:
        """Store a whole file."""
        staged = staging.stage(self.store, io.BytesIO(found))
        pool.publish(self.store, staged)
        sha256 = staged.sha256
        return self._know(Place(sha256, len(found), len(found)), found)

    def add_extents(self, *parts) -> str:
        """Store content made of ``parts``: own bytes, or (sha256, offset, length).

        A sha256 None means the content itself, as far as it goes.
        """
        recipe, found = self.recipe_of(*parts)
        staged = self.stage(recipe, found)
        pool.publish_extents(self.store, staged, 0)
        return self._know(staged.place, found)

    def add_leaning(self, base: str) -> str:
        """Own bytes, a range of ``base``, a repeat, a range of other extents and one of remains."""
        other = self.add_extents(b"own of the other", (base, 10, 30))
        remains = self.add_file(OTHER)
        self.reduce(remains, [Range(20, 50)])
        parts = [b"own bytes", (base, 100, 50), (None, 2, 5), (other, 4, 9), (remains, 30, 40)]
        return self.add_extents(*parts, b"the end")

    def recipe_of(self, *parts) -> tuple[Recipe, bytes]:
        """The recipe of such parts, and the content."""
        found, rows = b"", []
        for part in parts:
            if isinstance(part, bytes):
                rows.append(("", len(found), len(part)))
                found += part
            else:
                owner, offset, length = part
                rows.append((owner or "", offset, length))
                found += (self.contents[owner] if owner else found)[offset : offset + length]
        sha256 = hashlib.sha256(found).hexdigest()
        extents_ = [Extent(owner or sha256, offset, length) for owner, offset, length in rows]
        return Recipe(sha256, len(found), merge_extents(extents_)), found

    def stage(self, recipe: Recipe, found: bytes) -> StagedExtents:
        """Write the own bytes of the content into staging."""
        raw = self.store.root / "raw"
        raw.write_bytes(found)
        return extents.write_extents(self.store, raw, recipe)

    def reduce(self, sha256: str, live) -> Place:
        """Let only the ranges ``live`` remain of a content's own bytes."""
        old = self.places[sha256]
        generation = old.generation + 1 if old.layout != "file" else 0
        staged = extents.write_remains(self.store, old, live)
        pool.publish_extents(self.store, staged, generation)
        physical_path(self.store, old).unlink()
        physical = staged.physical_bytes
        self.places[sha256] = Place(sha256, old.size_bytes, physical, REMAINS, generation)
        return self.places[sha256]

    def recipe(self, sha256: str) -> Recipe:
        """What its file in the pool says."""
        return read_recipe(self.path(sha256))

    def path(self, sha256: str):
        """Its file in the pool."""
        return physical_path(self.store, self.places[sha256])

    def open(self, sha256: str) -> content.ContentReader:
        """Open it for reading."""
        return content.open_content(self.store, self.places[sha256], self.places)

    def verify(self, sha256: str) -> bool:
        """Whether all of it reads as it should."""
        return content.verify_content(self.store, self.places[sha256], self.places)

    def verify_own(self, sha256: str) -> bool:
        """Whether its own file is sound."""
        return content.verify_own(self.store, self.places[sha256])

    def _know(self, place: Place, found: bytes) -> str:
        self.places[place.sha256] = place
        self.contents[place.sha256] = found
        return place.sha256


def relaid(place: Place, layout: str = EXTENTS, **changes) -> Place:
    """The same place with other values."""
    return Place(**{**vars(place), "layout": layout, **changes})


def overwrite(path, data: bytes) -> None:
    """Damage a file of the pool on purpose."""
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)
