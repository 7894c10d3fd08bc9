"""The pages of one version: what it is, what it holds, what is said of it; delete and restore."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from accounts.web.paging import page_of
from artifacts.services.space import measure_version
from artifacts.services.versions import restore_version, soft_delete_version
from artifacts.web.describing import DescribedPage
from artifacts.web.folders import listing_context
from artifacts.web.json_tree import tree_context
from artifacts.web.links import version_path
from artifacts.web.markdown import beginning, render_markdown
from artifacts.web.pages import ContentPage, VersionPage
from artifacts.web.snippets import Snippet, snippets

REFERENCES_PER_PAGE = 20
MAX_KEY_METADATA = 12
MAX_KEY_CHARACTERS = 200


class VersionOverview(DescribedPage):
    """``/artifacts/{type}/{name}/v3``; its description and tags are changed in their place."""

    template_name = "artifacts/version.html"
    tab = "overview"
    editable = ("description", "tags")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the version is and takes, what is said of it, and how to get it."""
        version = self.version
        references = version.references.order_by("position")
        return super().get_context_data(
            space=measure_version(version, self.caller),
            description=render_markdown(version.description, self._find_files),
            is_cut=beginning(version.description) != version.description,
            key_metadata=key_metadata(version.metadata),
            references=page_of(references, self.request, REFERENCES_PER_PAGE)
            if version.num_references
            else None,
            snippets=self._snippets(),
            compared=self._compared_pair(),
            **kwargs,
        )

    def _compared_pair(self) -> str:
        """``v1...v2``: the nearest version before and this; nothing where one has no content."""
        earlier = self.artifact.versions.live().filter(number__lt=self.version.number)
        number = earlier.order_by("-number").values_list("number", flat=True).first()
        is_shown = number is not None and self.version.deleted_at is None
        return f"v{number}...v{self.version.number}" if is_shown else ""

    def _snippets(self) -> list[Snippet]:
        """How to get just this version; none where it cannot be got."""
        if self.version.deleted_at:
            return []
        ref, server = f"v{self.version.number}", self.request.build_absolute_uri("/").rstrip("/")
        found = snippets(self.version, ref=ref, portal_url=server, asked_by=self.caller)
        return [one for one in found if one.key != "curl" or self.version.num_files]

    def _find_files(self, paths: set[str]) -> dict[str, str]:
        """Where those of ``paths`` are shown that the version has, and still shows."""
        if self.version.deleted_at:
            return {}
        asked = [path for path in paths if "\0" not in path]
        found = self.version.entries.filter(path__in=asked).values_list("path", flat=True)
        return {path: version_path(self.version, "version_file", path=path) for path in found}


def key_metadata(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """The first values at the top that hold no others: most often what the version scored."""
    plain = [(key, value) for key, value in metadata.items() if not isinstance(value, dict | list)]
    return [
        (key[:MAX_KEY_CHARACTERS], _text(value)[:MAX_KEY_CHARACTERS])
        for key, value in plain[:MAX_KEY_METADATA]
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class VersionMetadata(DescribedPage):
    """``/artifacts/{type}/{name}/v3/metadata``: a tree, with a filter (``q``)."""

    template_name = "artifacts/version_metadata.html"
    fragment_name = "artifacts/_metadata.html"
    tab = "metadata"
    editable = ("metadata",)
    view = "version_metadata"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """So much of the tree as a page holds."""
        tree = tree_context(self.version.metadata, self.request.GET)
        return super().get_context_data(**tree, **kwargs)


class VersionFiles(ContentPage):
    """``/artifacts/{type}/{name}/v3/files``: a folder (``path``), or what is found (``q``)."""

    template_name = "artifacts/version_files.html"
    fragment_name = "artifacts/_files.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The rows of one page."""
        return super().get_context_data(**listing_context(self.version, self.request), **kwargs)


class VersionDelete(VersionPage):
    """``…/v3/delete``: hide the version."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Soft-delete it. Raises AccessDenied (403), AliasProtected (409)."""
        soft_delete_version(version=self.version, deleted_by=self.caller)
        messages.success(request, gettext("Deleted. It can be restored from here."))
        return HttpResponseRedirect(version_path(self.version), status=303)


class VersionRestore(VersionPage):
    """``…/v3/restore``: bring it back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Restore it. Raises AccessDenied (403)."""
        restore_version(version=self.version, restored_by=self.caller)
        messages.success(request, gettext("Restored, with the aliases that have not moved on."))
        return HttpResponseRedirect(version_path(self.version), status=303)
