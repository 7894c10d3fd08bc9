"""Aliases moved, removed and rolled back from the page of their artifact.

What the services refuse is told on that page, with what was written still in its fields.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts.roles import Role
from accounts.web.forms import role_name
from accounts.web.language import translated
from artifacts.errors import AccessDenied, AliasMoved, DomainError, Invalid
from artifacts.names import check_alias, check_version
from artifacts.services.aliases import move_alias, remove_alias, roll_back_alias
from artifacts.web.artifact import ArtifactDetail
from artifacts.web.finding import find_version
from artifacts.web.links import artifact_path


class AliasForm(ArtifactDetail):
    """One of the small forms; they post here, and come back to the artifact."""

    fragment_name = ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Back to the artifact: a link on the page that a refused form made leads here."""
        return HttpResponseRedirect(self.way_back)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it. Raises ArtifactNotFound (404), AccessDenied (403) for those without any form."""
        _ = self.artifact
        try:
            said = self.act()
        except DomainError as refusal:
            if not self.rights.can_write:
                raise
            said = translated(refusal.detail)
            context = self.get_context_data(refusal=said, advice=self.advise(refusal))
            return self.render_to_response(context, status=refusal.status)
        messages.success(request, said)
        return HttpResponseRedirect(self.way_back, status=303)

    def act(self) -> str:
        """Do what the form asks, and say so."""
        raise NotImplementedError

    def advise(self, refusal: DomainError) -> str:
        """What to do after it; nothing where the refusal says so itself."""
        match refusal:
            case AccessDenied():
                return _who_may(refusal.extra.get("needs", ""))
            case AliasMoved() if refusal.extra["version"] is None:
                return gettext("It was removed meanwhile. To have it again, add it anew.")
            case AliasMoved():
                return str(self.again)
        return ""

    again: str | Promise
    """What to do where the alias is somewhere else than the form saw it."""

    @property
    def way_back(self) -> str:
        """The artifact, in the state that its page had."""
        query = self.request.GET.urlencode()
        return f"{artifact_path(self.artifact)}{'?' if query else ''}{query}"

    @property
    def alias(self) -> str:
        """The name, in the form that is kept. Raises Invalid (400)."""
        try:
            return check_alias(self.request.POST.get("name", "").strip())
        except ValueError as error:
            raise Invalid({"alias": [str(error)]}) from None

    @property
    def comment(self) -> str:
        """Why; the service checks it."""
        return self.request.POST.get("comment", "")

    @property
    def expected(self) -> int | None:
        """Where the form saw the alias; None: nowhere. Raises Invalid (400)."""
        text = self.request.POST.get("expected", "")
        return _number(text, "expected") if text else None


class MoveAlias(AliasForm):
    """To another version; also one that is new."""

    again = gettext_lazy(
        "Nothing was changed. If it should still point where you said, press Move beside it."
    )

    def act(self) -> str:
        """Move it."""
        number = _number(self.request.POST.get("version", ""), "version")
        version = find_version(self.artifact, f"v{number}")
        alias, is_new = move_alias(
            artifact=self.artifact, name=self.alias, version=version,
            moved_by=self.caller, expected=self.expected, comment=self.comment,
        )  # fmt: skip
        said = gettext("%(alias)s is new at v%(number)s.")
        if not is_new:
            said = gettext("%(alias)s is at v%(number)s now.")
        return said % {"alias": alias.name, "number": alias.version.number}


class RemoveAlias(AliasForm):
    """For good; its history stays."""

    again = gettext_lazy(
        "Nothing was changed. If it should still go, press Remove beside it once more."
    )

    def act(self) -> str:
        """Remove it."""
        name = self.alias
        remove_alias(
            artifact=self.artifact, name=name, removed_by=self.caller,
            expected=self.expected, comment=self.comment,
        )  # fmt: skip
        return gettext("%(alias)s is removed.") % {"alias": name}


class RollBackAlias(AliasForm):
    """To where it was before its last move."""

    again = gettext_lazy(
        "Nothing was changed. The list of moves says how it got there; roll that back if you want."
    )

    def act(self) -> str:
        """Move it back."""
        alias = roll_back_alias(
            artifact=self.artifact, name=self.alias, rolled_back_by=self.caller,
            expected=self.expected, comment=self.comment,
        )  # fmt: skip
        values = {"alias": alias.name, "number": alias.version.number}
        return gettext("%(alias)s is back at v%(number)s.") % values


def _who_may(needs: str) -> str:
    named = {role.label: role_name(role) for role in Role}
    if needs not in named:
        return ""
    said = {"role": named[needs]}
    return (
        gettext("What you wrote is still here: somebody with the role %(role)s can do it.") % said
    )


def _number(text: str, field: str) -> int:
    """3, of ``v3`` or ``3``. Raises Invalid (400)."""
    written = text.strip()
    try:
        return check_version(written if written.startswith("v") else f"v{written}")
    except ValueError as error:
        raise Invalid({field: [str(error)]}) from None
