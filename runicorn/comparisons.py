"""Two versions side by side: the routes that compare them, and the JSON they answer with."""

from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

from runicorn.client.base import Routes
from runicorn.payloads import ReferenceItem
from runicorn.routes import artifact_path, whose

T = TypeVar("T")


class Side(TypedDict):
    """One of the two versions."""

    artifact: str
    name: str
    type: str
    team: str | None
    version: int
    created_at: float
    created_by_run: str | None
    size_bytes: int
    num_files: int
    status: str
    manifest_digest: str


class FileTotal(TypedDict):
    """How many files, and their bytes in both versions."""

    num_files: int
    old_bytes: int
    new_bytes: int


class FileChange(TypedDict):
    """A file ``added``, ``removed``, ``changed``, ``renamed``, or ``unchanged`` if asked for."""

    change: str
    path: str
    old_path: str | None
    old_size: int | None
    new_size: int | None
    old_digest: str | None
    new_digest: str | None


class FileChanges(TypedDict):
    """The first of ``total`` files; ``totals`` by kind, ``unchanged`` too."""

    totals: dict[str, FileTotal]
    rows: list[FileChange]
    total: int
    offset: int
    limit: int


class MetadataChange(TypedDict):
    """A value that differs; None where ``change`` says that a version has it not."""

    path: str
    change: str
    before: Any  # any JSON
    after: Any


class MetadataChanges(TypedDict):
    """The first of ``total`` values."""

    rows: list[MetadataChange]
    total: int
    num_changes: int


class ReferenceChange(TypedDict):
    """A reference that differs."""

    uri: str
    change: str
    before: ReferenceItem | None
    after: ReferenceItem | None


class ReferenceChanges(TypedDict):
    """The first of ``total`` references."""

    rows: list[ReferenceChange]
    total: int


class WordChanges(TypedDict):
    """Tags or aliases."""

    added: list[str]
    removed: list[str]
    kept: list[str]


class DescriptionChange(TypedDict):
    """Both descriptions."""

    changed: bool
    before: str
    after: str


class Input(TypedDict):
    """A version that was used."""

    artifact: str
    name: str
    type: str
    team: str | None
    version: int


class InputChange(TypedDict):
    """An input that was ``added``, ``removed``, or ``moved`` to another version."""

    change: str
    before: Input | None
    after: Input | None


class InputChanges(TypedDict):
    """The first of ``total`` inputs that differ."""

    before_run: str | None
    after_run: str | None
    rows: list[InputChange]
    total: int
    num_kept: int


class Comparison(TypedDict):
    """All that differs between two versions; added is what only ``after`` has."""

    before: Side
    after: Side
    same_content: bool
    files: FileChanges
    metadata: MetadataChanges
    references: ReferenceChanges
    tags: WordChanges
    aliases: WordChanges
    description: DescriptionChange
    inputs: InputChanges


class DiffLine(TypedDict):
    """A line of a text diff: ``hunk``, ``context``, ``removed`` or ``added``."""

    kind: str
    old_number: int | None
    new_number: int | None
    text: str
    is_unterminated: bool


class TextDiff(TypedDict):
    """The first of ``total`` lines; none where the texts are the same."""

    old_path: str | None
    new_path: str | None
    same_content: bool
    num_added: int
    num_removed: int
    lines: list[DiffLine]
    total: int


class Tensor(TypedDict):
    """A tensor of a file."""

    name: str
    dtype: str
    shape: list[int]
    size_bytes: int


class TensorChange(TypedDict):
    """A tensor that was ``added``, ``removed``, ``reshaped``, ``changed`` or is ``uncompared``."""

    name: str
    change: str
    compared: bool
    before: Tensor | None
    after: Tensor | None


class TensorComparison(TypedDict):
    """The first of ``total`` tensors that differ, or may; ``counts`` by kind, ``unchanged`` too."""

    old_path: str | None
    new_path: str | None
    same_content: bool
    counts: dict[str, int]
    tensors: list[TensorChange]
    total: int


@dataclass(frozen=True)
class Pair:
    """Two versions: ``before`` and ``after`` are ``v3`` or an alias.

    ``other`` is ``[[team/]type/]name`` of the artifact that ``after`` is of, None: the same one.
    """

    name: str
    before: str
    after: str
    artifact_type: str | None = None
    team: str | None = None
    other: str | None = None

    @property
    def path(self) -> str:
        """``…/compare``."""
        return f"{artifact_path(self.name)}/compare"

    @property
    def query(self) -> dict[str, str | None]:
        """Which versions are meant."""
        refs = {"from": self.before, "to": self.after, "with": self.other}
        return {**whose(self.artifact_type, self.team), **refs}


class Comparisons(Routes):
    """The routes from ``…/compare`` on."""

    def versions(self, pair: Pair, **choice: str | int | None) -> Comparison:
        """``GET …/compare``; ``choice`` is ``change``, ``limit``, ``offset``, ``all``."""
        return self._get(Comparison, pair.path, **pair.query, **choice)

    def text(self, pair: Pair, path: str, *, old_path: str | None = None) -> TextDiff:
        """``GET …/files/{path}``: what changed in a text."""
        return self._file(TextDiff, pair, "files", path, old_path)

    def tensors(self, pair: Pair, path: str, *, old_path: str | None = None) -> TensorComparison:
        """``GET …/tensors/{path}``: which tensors changed."""
        return self._file(TensorComparison, pair, "tensors", path, old_path)

    def _file(self, shape: type[T], pair: Pair, kind: str, path: str, old_path: str | None) -> T:
        target = f"{pair.path}/{kind}/{quote(path, safe='/')}"
        return self._get(shape, target, **pair.query, old_path=old_path)
