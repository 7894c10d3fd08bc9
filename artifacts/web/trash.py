"""The trash: soft-deleted versions, brought back or purged, one or many."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Caller
from accounts.roles import Role
from accounts.web.language import translated
from accounts.web.pages import Page
from accounts.web.paging import page_of
from artifacts.errors import Invalid
from artifacts.models import Artifact, Version
from artifacts.names import TYPES
from artifacts.querysets import VersionQuerySet
from artifacts.services.access import role_on
from artifacts.services.discarded import (
    GONE,
    Outcome,
    Refusal,
    find_discarded,
    preview_purge,
    purge_discarded,
    restore_discarded,
)
from artifacts.services.freed import freed_by_versions
from artifacts.web.forms import ANY

MAX_AT_ONCE = 200
"""So many versions are purged or restored by one request."""
SHOWN_NAMES = 5
SORTS = {
    "artifact": "artifact__name",
    "size": "size_bytes",
    "deleted": "deleted_at",
    "by": "deleted_by__username",
}
NEWEST_FIRST = "-deleted"


class TrashSearch(forms.Form):
    """The filters of the list; ``older_than`` in days since the deletion."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": gettext_lazy("Search by name"),
                "autocomplete": "off",
            }
        ),
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), required=False, choices=[ANY, *((one, one) for one in TYPES)]
    )
    team = forms.CharField(
        label=gettext_lazy("Owner"), required=False, widget=forms.TextInput(attrs={"size": 10})
    )
    user = forms.CharField(
        label=gettext_lazy("Deleted by"), required=False, widget=forms.TextInput(attrs={"size": 10})
    )
    older_than = forms.TypedChoiceField(
        label=gettext_lazy("Deleted"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ANY,
            ("7", gettext_lazy("over 7 days ago")),
            ("30", gettext_lazy("over 30 days ago")),
            ("90", gettext_lazy("over 90 days ago")),
            ("365", gettext_lazy("over a year ago")),
        ],
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, auto_id="filter-%s")

    def find(self, asked_by: Caller) -> VersionQuerySet:
        """The versions that meet all filters; one that makes no sense is left out, and said so."""
        self.is_valid()
        asked, found = self.cleaned_data, find_discarded(asked_by)
        found = found.filter(artifact__in=self._artifacts(asked_by))
        if user := asked.get("user"):
            found = found.filter(deleted_by__username=user)
        if days := asked.get("older_than"):
            found = found.filter(deleted_at__lt=timezone.now() - timedelta(days=days))
        return found

    def _artifacts(self, asked_by: Caller) -> Any:
        asked, found = self.cleaned_data, Artifact.objects.visible_to(asked_by)
        if text := asked.get("q"):
            found = found.search(text)
        if type_ := asked.get("type"):
            found = found.filter(type=type_)
        return found.owned_by(asked["team"]) if asked.get("team") else found


class TrashList(Page):
    """``/trash``: what is soft-deleted and the reader may see, 50 a page."""

    template_name = "artifacts/trash.html"
    fragment_name = "artifacts/_trash.html"
    extra_context = {"place": "trash"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The rows; which of them may be touched, and what each would free."""
        form = TrashSearch(self.request.GET)
        page = page_of(self._sorted(form.find(self.caller)), self.request)
        freed = freed_by_versions(list(page), self.caller)
        for version in page:
            version.freed = freed and freed[version.pk]
            version.may_purge = may_purge(version, self.caller)
        return super().get_context_data(
            form=form, page=page, sort=self.sort, filters=self._filters(),
            may_any=any(version.may_purge for version in page), max_at_once=MAX_AT_ONCE, **kwargs,
        )  # fmt: skip

    @property
    def sort(self) -> str:
        """``name`` or ``-name``; the default for what cannot be sorted by."""
        asked = self.request.GET.get("sort", "")
        return asked if asked.removeprefix("-") in SORTS else NEWEST_FIRST

    def _sorted(self, rows: VersionQuerySet) -> VersionQuerySet:
        column = F(SORTS[self.sort.removeprefix("-")])
        is_down = self.sort.startswith("-")
        order = column.desc(nulls_last=True) if is_down else column.asc(nulls_last=True)
        return rows.order_by(order, "-pk")

    def _filters(self) -> str:
        """The query that chooses the same versions on another page."""
        query = self.request.GET.copy()
        for name in ("page", "sort"):
            query.pop(name, None)
        return query.urlencode()


class TrashDeed(Page):
    """What is done to versions that a form names by their ids (``version``, or one: ``only``)."""

    extra_context = {"place": "trash"}

    @property
    def back(self) -> str:
        """The list as it was."""
        query = QueryDict(self.request.POST.get("back", "")).urlencode()
        return f"{reverse('trash')}?{query}" if query else reverse("trash")

    def find(self, asked: QueryDict) -> list[Version]:
        """Those that are in the trash yet and that the caller may see."""
        named = asked.getlist("only") or asked.getlist("version")
        ids = [int(text) for text in named[:MAX_AT_ONCE] if text.isascii() and text.isdecimal()]
        rows = find_discarded(self.caller).filter(pk__in=[pk for pk in ids if pk < 1 << 63])
        return list(rows.order_by("artifact_id", "number"))

    def lost(self, asked: QueryDict, found: list[Version]) -> int:
        """How many of those that were named are not there."""
        named = asked.getlist("only") or asked.getlist("version")
        return len(set(named[:MAX_AT_ONCE])) - len(found)

    def see_other(self, url: str) -> HttpResponse:
        """Answer a POST: a GET of ``url`` is next."""
        return HttpResponseRedirect(url, status=303)


class RestoreVersions(TrashDeed):
    """``POST /trash/restore``."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Bring them back, and say so. Raises AccessDenied (403)."""
        versions = self.find(request.POST)
        outcome = restore_discarded(versions, self.caller)
        say_what_was_done(request, outcome, "artifacts/_restored.txt")
        say_what_stayed(request, outcome, self.lost(request.POST, versions))
        return self.see_other(self.back)


class PurgeVersions(TrashDeed):
    """``/trash/purge``: first what would go, then, confirmed, purged."""

    template_name = "artifacts/purge.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What would become of each. Raises Invalid (400)."""
        versions = self._all() if "all" in self.request.GET else self.find(self.request.GET)
        outcome = preview_purge(versions, self.caller)
        blocked = [(refusal.versions, explain(refusal)) for refusal in outcome.refused]
        return super().get_context_data(
            outcome=outcome, blocked=blocked, back=self._back_from_here(),
            is_at_least=len({version.artifact_id for version in outcome.done}) > 1,
            lost=0 if "all" in self.request.GET else self.lost(self.request.GET, versions),
            is_cut="all" in self.request.GET and len(versions) == MAX_AT_ONCE,
            max_at_once=MAX_AT_ONCE, **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Purge, when it is confirmed; else show what would go. Raises AccessDenied (403)."""
        if "confirmed" not in request.POST:
            return self._show_first(request)
        versions = self.find(request.POST)
        outcome = purge_discarded(versions, self.caller)
        say_what_was_done(request, outcome, "artifacts/_purged.txt")
        say_what_stayed(request, outcome, self.lost(request.POST, versions))
        return self.see_other(self.back)

    def _show_first(self, request: HttpRequest) -> HttpResponse:
        """The preview has a URL of its own, so that a reload sends nothing."""
        query = QueryDict(mutable=True)
        query.setlist("version", request.POST.getlist("version")[:MAX_AT_ONCE])
        if back := request.POST.get("back"):
            query["back"] = back
        if query.getlist("version"):
            return self.see_other(f"{reverse('trash_purge')}?{query.urlencode()}")
        messages.warning(request, _("Choose at least one version."))
        return self.see_other(self.back)

    def _all(self) -> list[Version]:
        """Those that meet the filters, deleted longest ago first.

        Raises Invalid (400) for a filter that makes no sense: without it, more would go.
        """
        form = TrashSearch(self.request.GET)
        if not form.is_valid():
            raise Invalid({name: list(map(str, errors)) for name, errors in form.errors.items()})
        return list(form.find(self.caller).order_by("deleted_at", "pk")[:MAX_AT_ONCE])

    def _back_from_here(self) -> str:
        query = self.request.GET.copy()
        if query.pop("all", None) is None:
            return query.get("back", "")
        return query.urlencode()


def may_purge(version: Version, caller: Caller) -> bool:
    """Whether a button for it makes sense; the services decide."""
    role = role_on(caller, version.artifact)
    return role is not None and role >= Role.MAINTAINER


def say_what_was_done(request: HttpRequest, outcome: Outcome, template: str) -> None:
    """As the template of a sentence says it; the page escapes it, as it does every message."""
    if outcome.done:
        names = name_all(outcome.done)
        said = render_to_string(template, {"outcome": outcome, "names": names})
        messages.success(request, said.strip())


def say_what_stayed(request: HttpRequest, outcome: Outcome, lost: int) -> None:
    """Name each that stays as it is, and why."""
    for refusal in outcome.refused:
        names = name_all(refusal.versions)
        said = _("%(names)s stays as it is: %(why)s") % {"names": names, "why": explain(refusal)}
        messages.error(request, said)
    if lost > 0:
        messages.warning(request, _lost_sentence(lost))
    if not outcome.done and not outcome.refused and lost <= 0:
        messages.warning(request, _("Choose at least one version."))


def _lost_sentence(lost: int) -> str:
    said = ngettext(
        "%(count)d of them is not in the trash any more.",
        "%(count)d of them are not in the trash any more.",
        lost,
    )
    return said % {"count": lost}


def explain(refusal: Refusal) -> str:
    """Why, for the reader and in his language."""
    if refusal.code == "alias_protected":
        return _("a protected alias keeps it: %(aliases)s.") % {
            "aliases": ", ".join(refusal.aliases)
        }
    known = {
        "denied": _("only maintainers may do this."),
        "store_unavailable": _("the disk of the store is away; the server's log says why."),
        "version_not_found": _("it has been purged meanwhile, or one that was chosen with it."),
        "conflict": _("it was restored meanwhile, or one that was chosen with it."),
        GONE: _("it was restored meanwhile."),
    }
    return known.get(refusal.code, translated(refusal.detail))


def name_all(versions: Iterable[Version]) -> str:
    """The names of the first few, and how many there are besides."""
    names = [version.full_name for version in versions]
    more = len(names) - SHOWN_NAMES
    shown = ", ".join(names[:SHOWN_NAMES])
    return (
        _("%(names)s and %(count)d more") % {"names": shown, "count": more} if more > 0 else shown
    )
