"""Several versions of one artifact chosen: compared, or deleted after a look at what would go."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext

from accounts.roles import Role
from accounts.web.language import translated
from artifacts.errors import AliasProtected, Conflict, Invalid
from artifacts.models import Version
from artifacts.names import check_version
from artifacts.services.access import require_on
from artifacts.services.aliases import aliases_by_version
from artifacts.services.deletion import Selection, choose_versions, delete_versions
from artifacts.services.protection import refuse_protected
from artifacts.web.links import artifact_path
from artifacts.web.pages import ArtifactPage
from artifacts.web.rights import Rights, rights_on


class ChosenVersions(ArtifactPage):
    """Several versions of one artifact: ``?versions=v2&versions=v3``."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Those that are ticked, ascending. Raises Invalid (400) for what is no version."""
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        try:
            return tuple(sorted({check_version(text) for text in asked.getlist("versions")}))
        except ValueError as error:
            raise Invalid({"versions": [str(error)]}) from None

    def send_back(self, why: str) -> HttpResponse:
        """To the artifact, where ``why`` is said."""
        messages.warning(self.request, why)
        return HttpResponseRedirect(artifact_path(self.artifact))


class CompareVersions(ChosenVersions):
    """Leads from two ticked versions to the page that compares them."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The older one stands left."""
        numbers = self.numbers
        if len(numbers) != 2:
            return self.send_back(gettext("Tick two versions to compare them."))
        path = f"{artifact_path(self.artifact)}/compare/v{numbers[0]}...v{numbers[1]}"
        return HttpResponseRedirect(path)


class DeleteVersions(ChosenVersions):
    """What would go, what keeps it, what comes free; and with a POST, the deletion."""

    template_name = "artifacts/delete_versions.html"

    @cached_property
    def rights(self) -> Rights:
        """What the caller may do here."""
        return rights_on(self.artifact, self.caller)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The look before. Raises AccessDenied (403), VersionNotFound (404)."""
        require_on(self.caller, Role.CONTRIBUTOR, self.artifact)
        if not self.numbers:
            return self.send_back(gettext("Tick the versions that are to be deleted."))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Delete them, all or none. Raises AccessDenied (403), VersionNotFound (404)."""
        is_permanent = request.POST.get("permanent") == "yes"
        try:
            done = delete_versions(
                artifact=self.artifact, selection=Selection(numbers=self.numbers),
                deleted_by=self.caller, permanent=is_permanent,
            )  # fmt: skip
        except Conflict as refusal:
            context = self.get_context_data(refusal=translated(refusal.detail))
            return self.render_to_response(context, status=refusal.status)
        messages.success(request, _said(len(done.versions), is_permanent=is_permanent))
        return HttpResponseRedirect(self._way_back, status=303)

    @property
    def _way_back(self) -> str:
        """The artifact, or the list where nothing is left of it."""
        left = self.artifact.versions.remaining().exists()
        return artifact_path(self.artifact) if left else reverse("artifacts")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The versions that would go, and why some may not."""
        selection = Selection(numbers=self.numbers)
        chosen = choose_versions(artifact=self.artifact, selection=selection)
        foreign = [version for version in chosen if not self.rights.can_delete(version)]
        kept_by = _protected(chosen)
        can_go = not foreign and not kept_by
        aliases = aliases_by_version(self.artifact)
        version: Any
        for version in chosen:
            version.alias_names = [n for n in aliases.get(version.pk, []) if n != "latest"]
        return super().get_context_data(
            chosen=chosen,
            foreign=foreign,
            kept_by=kept_by,
            can_go=can_go,
            rights=self.rights,
            live=sum(version.deleted_at is None for version in chosen),
            size_bytes=sum(version.size_bytes for version in chosen),
            freed_bytes=self._freed_bytes(selection) if can_go else None,
            **kwargs,
        )

    def _freed_bytes(self, selection: Selection) -> int | None:
        """None for those who cannot purge."""
        if not self.rights.can_maintain:
            return None
        return delete_versions(
            artifact=self.artifact, selection=selection, deleted_by=self.caller,
            permanent=True, dry_run=True,
        ).exclusive_bytes  # fmt: skip


def _protected(versions: Sequence[Version]) -> list[str]:
    """The protected aliases that keep some of these."""
    try:
        refuse_protected(versions)
    except AliasProtected as refusal:
        return list(refusal.extra["aliases"])
    return []


def _said(count: int, *, is_permanent: bool) -> str:
    text = ngettext("%(n)s version is deleted.", "%(n)s versions are deleted.", count)
    if is_permanent:
        text = ngettext("%(n)s version is purged.", "%(n)s versions are purged.", count)
    return text % {"n": count}
