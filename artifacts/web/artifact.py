"""The page of an artifact: its versions, its aliases, how to use it."""

from typing import Any

from django.utils.functional import cached_property

from artifacts.metadata import find_keys, read_numbers, split_path
from artifacts.models import Version
from artifacts.services.protection import Patterns
from artifacts.web.alias_map import alias_rows, moves_of
from artifacts.web.chart import Chart, draw
from artifacts.web.pages import ArtifactPage
from artifacts.web.readme import read_readme
from artifacts.web.rights import Rights, rights_on
from artifacts.web.snippets import snippets
from artifacts.web.versions_table import chosen_columns, page_of_versions

MAX_POINTS = 200


class ArtifactDetail(ArtifactPage):
    """``/artifacts/{type}/{name}?columns=accuracy,loss&chart=accuracy``."""

    template_name = "artifacts/artifact.html"
    fragment_name = "artifacts/_versions.html"

    @cached_property
    def rights(self) -> Rights:
        """What the caller may do here."""
        return rights_on(self.artifact, self.caller)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The versions; the rest only for the whole page."""
        columns = chosen_columns(self.request)
        patterns = Patterns()
        page = page_of_versions(self.artifact, self.request, columns, self.caller, patterns)
        context = super().get_context_data(
            page=page, columns=columns, rights=self.rights, patterns=patterns, **kwargs
        )
        return context if self.is_fragment else context | self._rest(patterns)

    def _rest(self, patterns: Patterns) -> dict[str, Any]:
        latest = self.artifact.versions.ready().order_by("-number").first()
        aliases = alias_rows(self.artifact, self.rights, patterns)
        return {
            "latest": self._with_artifact(latest),
            "aliases": aliases,
            "moves": moves_of(self.artifact, self.request, aliases, self.rights, patterns),
            "keys": find_keys(self.artifact),
            "chart": self.chart,
            "chart_key": self.chart_key,
            "snippets": self._snippets(latest),
            "readme": read_readme(latest) if latest else None,
            "posted": self.request.POST if self.request.method == "POST" else {},
        }

    def _with_artifact(self, version: Version | None) -> Version | None:
        if version is not None:
            version.artifact = self.artifact
        return version

    @property
    def chart_key(self) -> str:
        """The path of what is drawn; nothing: no chart."""
        path = self.request.GET.get("chart", "")
        return path if path and split_path(path) else ""

    @property
    def chart(self) -> Chart | None:
        """The newest so many versions with a number there."""
        if not self.chart_key:
            return None
        newest = Version.objects.live().filter(artifact=self.artifact).order_by("-number")
        values = list(read_numbers(newest, self.chart_key, MAX_POINTS))
        return draw(values[::-1])

    def _snippets(self, latest: Version | None) -> Any:
        if latest is None:
            return []
        return snippets(
            latest, ref="latest", asked_by=self.caller,
            portal_url=self.request.build_absolute_uri("/").rstrip("/"),
        )  # fmt: skip
