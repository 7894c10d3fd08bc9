"""The pages that compare two versions, of one artifact or of two, and one file of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.web.language import translated
from accounts.web.paging import number_in
from artifacts.errors import DomainError, Invalid, VersionNotFound
from artifacts.models import Artifact, Version
from artifacts.names import parse_pair
from artifacts.services.compare import Comparison, compare_versions
from artifacts.services.compare_contents import MAX_TEXT_BYTES, diff_words, find_pair
from artifacts.services.file_changes import KINDS, FileChange, FileChangeKind
from artifacts.services.pairs import find_by_name, find_ref
from artifacts.web.pages import ArtifactPage
from lineage.comparison import compare_inputs
from lineage.web.file_views import view_file
from lineage.web.parts import part_of
from lineage.web.sides import (
    compare_path,
    find_choices,
    make_picker,
    make_sides,
    pair_path,
    whole_name,
)

FILES_PER_PAGE = 40
MAX_ROWS = 60
"""Of metadata, references and inputs; the API has more."""
MAX_LINES = 200
MAX_OPEN = 3
MAX_OPEN_OF = 20


@dataclass(frozen=True)
class FileRow:
    """A file of the list; ``url`` leads to what changed in it, empty: its content is the same."""

    change: FileChange
    url: str
    is_open: bool

    @property
    def size_change(self) -> int | None:
        """By how many bytes it grew; None where it is in one version only."""
        sizes = self.change.new_size_bytes, self.change.old_size_bytes
        return None if None in sizes else sizes[0] - sizes[1]  # type: ignore[operator]


class PairPage(ArtifactPage):
    """A page below ``…/compare/v2...v3``; ``?with=[[TEAM/]TYPE/]NAME`` is of the second version.

    What is wrong with the pair is told on a page to choose another, with the status it has.
    """

    refusal_template = "lineage/compare_refused.html"

    @cached_property
    def other(self) -> Artifact:
        """The artifact of the second version. Raises Invalid (400), ArtifactNotFound (404)."""
        name = self.request.GET.get("with", "")
        found = find_by_name(name, asked_by=self.caller) if name else self.artifact
        return self.artifact if found.pk == self.artifact.pk else found

    @cached_property
    def pair(self) -> tuple[Version, Version]:
        """Both versions. Raises Invalid (400), VersionNotFound and AliasNotFound (404)."""
        try:
            old, new = parse_pair(self.kwargs["pair"])
        except ValueError as error:
            raise Invalid({"pair": [str(error)]}) from None
        return find_ref(self.artifact, old, field="from"), find_ref(self.other, new, field="to")

    @property
    def is_all(self) -> bool:
        """Whether also what is the same is to be shown."""
        return bool(self.request.GET.get("all"))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or what is wrong with the pair.

        Raises ArtifactNotFound (404) for the artifact itself, StoreUnavailable (503).
        """
        _ = self.artifact
        try:
            return self.render_to_response(self.get_context_data())
        except DomainError as error:
            if error.status >= 500:
                raise
            return self.refuse(error)

    def refuse(self, error: DomainError) -> HttpResponse:
        """What is wrong, and the form to choose anew, filled in as far as it was right."""
        context = {
            "artifact": self.artifact,
            "place": "artifacts",
            "detail": translated(error.detail),
            "status": error.status,
            **self.form_of(*_refs_in(self.kwargs["pair"]), other=self.find_other()),
        }
        return self.response_class(
            self.request, [self.refusal_template], context, status=error.status, using=None
        )

    def find_other(self) -> Artifact:
        """The other artifact, where there is one; else this one."""
        try:
            return self.other
        except DomainError:
            return self.artifact

    def form_of(self, old: str, new: str, *, other: Artifact) -> dict[str, Any]:
        """What the form to choose two versions needs."""
        ours = find_choices(self.artifact)
        theirs = ours if other.pk == self.artifact.pk else find_choices(other)
        is_other = other.pk != self.artifact.pk
        return {
            "pickers": [make_picker("from", old, ours), make_picker("to", new, theirs)],
            "with_name": whole_name(other) if is_other else self.request.GET.get("with", ""),
            "resolved_with": whole_name(other) if is_other else "",
            "is_all": self.is_all,
        }


def _refs_in(text: str) -> tuple[str, str]:
    old, _, new = text.partition("...")
    return old[:130], new[:130]


class VersionComparison(PairPage):
    """``/artifacts/{type}/{name}/compare/v2...v3``."""

    template_name = "lineage/compare.html"
    fragment_name = "lineage/_compared_files.html"

    @property
    def kind(self) -> FileChangeKind | None:
        """The kind of files to be listed; None: every kind."""
        return next((one for one in KINDS if one == self.request.GET.get("change")), None)

    def compare(self, page: int) -> Comparison:
        """All that differs, and the files of ``page``."""
        before, after = self.pair
        return compare_versions(
            before=before,
            after=after,
            kind=self.kind,
            limit=FILES_PER_PAGE,
            offset=(page - 1) * FILES_PER_PAGE,
            with_unchanged=self.is_all,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The comparison; the last page of files where the one asked for is past the end."""
        number = number_in(self.request.GET, "page", 1, least=1)
        found = self.compare(number)
        page = Paginator(range(found.files.num_rows), FILES_PER_PAGE).get_page(number)
        if page.number != number:
            found = self.compare(page.number)
        context = super().get_context_data(
            found=found,
            page=page,
            files=[self._file_row(one, at, found) for at, one in enumerate(found.files.rows)],
            kind=self.kind,
            kinds=[(one, found.files.totals.of(one).num_files) for one in KINDS],
            is_all=self.is_all,
        )
        return context if self.is_fragment else context | self._rest(found)

    def _file_row(self, change: FileChange, at: int, found: Comparison) -> FileRow:
        if change.kind in {"renamed", "unchanged"}:
            return FileRow(change, "", is_open=False)
        sizes = change.old_size_bytes or 0, change.new_size_bytes or 0
        is_small = max(sizes) <= MAX_TEXT_BYTES and found.files.totals.num_changes <= MAX_OPEN_OF
        changed_before = sum(one.kind == "changed" for one in found.files.rows[:at])
        is_open = change.kind == "changed" and is_small and changed_before < MAX_OPEN
        all_ = "1" if self.is_all else ""
        url = pair_path(*self.pair, "compare_file", path=change.path, all=all_)
        return FileRow(change, url, is_open=is_open)

    def _rest(self, found: Comparison) -> dict[str, Any]:
        """What is not about files."""
        before, after = self.pair
        inputs = compare_inputs(before=before, after=after, asked_by=self.caller)
        aliases = found.aliases
        names = [*aliases.removed, *aliases.kept], [*aliases.added, *aliases.kept]
        lines = diff_words(before.description, after.description)
        description = part_of(lines, 0, max_rows=MAX_LINES, text_of=lambda line: line.text)
        return {
            "sides": make_sides(before, after, names),
            "swapped": pair_path(after, before),
            "metadata": found.metadata.rows[:MAX_ROWS],
            "references": found.references.rows[:MAX_ROWS],
            "inputs": inputs,
            "input_rows": [
                (one, _moved_path(one.before, one.after)) for one in inputs.rows[:MAX_ROWS]
            ],
            "description": description,
            "size_change": after.size_bytes - before.size_bytes,
            **self.form_of(f"v{before.number}", f"v{after.number}", other=self.other),
        }


def _moved_path(before: Version | None, after: Version | None) -> str:
    """Where the two versions of an input are compared."""
    return pair_path(before, after) if before and after else ""


class FileComparison(PairPage):
    """``…/compare/v2...v3/file?path=…``: one file, by itself or opened in the list."""

    template_name = "lineage/compare_file.html"
    fragment_name = "lineage/_compared_file.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What changed in it. Raises Invalid (400), FileNotFound (404), ContentDeleted (410)."""
        before, after = self.pair
        path = self.request.GET.get("path", "")
        if not path:
            raise Invalid({"path": [gettext("say which file")]})
        old_path = self.request.GET.get("old_path") or None
        files = find_pair(before=before, after=after, path=path, old_path=old_path)
        start = number_in(self.request.GET, "start", 0)
        return super().get_context_data(
            before=before,
            after=after,
            path=path,
            files=files,
            back=pair_path(before, after),
            is_all=self.is_all,
            has_head=not (self.is_fragment and start),
            **view_file(files, start=start, with_unchanged=self.is_all),
        )


class ComparisonChoice(ArtifactPage):
    """``…/compare/choose?from=v2&to=v3&with=NAME``: leads on to the page of that pair.

    What is not chosen is the newest version, and the one before it. Another artifact than before
    (``was_with``) is compared by its newest, as it need not have the version chosen.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The way there. Raises VersionNotFound (404) where there is no content to compare."""
        asked = {key: request.GET.get(key, "").strip() for key in ("from", "to", "with", "all")}
        numbers = self.artifact.versions.live().order_by("-number").values_list("number", flat=True)
        newest = [f"v{number}" for number in numbers[:2]]
        if not newest:
            raise VersionNotFound(self.artifact.name, "latest")
        is_other = asked["with"] != request.GET.get("was_with", "").strip()
        new = "latest" if is_other and asked["with"] else asked["to"] or newest[0]
        new = newest[0] if is_other and not asked["with"] else new
        pair = f"{asked['from'] or newest[-1]}...{new}"
        query = {"with": asked["with"], "all": asked["all"]}
        return redirect(compare_path(self.artifact, pair.replace("/", ""), **query))
