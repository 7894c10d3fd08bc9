"""``/settings/audit``: the log of who did what, filtered, with what changed."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse

from accounts.access import is_admin_here
from accounts.errors import AccessDenied
from accounts.filters import AuditFilter
from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.sentences import say
from accounts.web.deeds import DEEDS, link_to
from accounts.web.forms import AuditSearch
from accounts.web.paging import page_of
from accounts.web.settings import SettingsPage

API = "/api/audit"
NEEDS = say("The log of who did what is for admins.")


class Audit(SettingsPage):
    """Every write and every login, newest first; for those who get it from the API too."""

    template_name = "accounts/audit.html"
    fragment_name = "accounts/_audit.html"
    tab = "audit"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """A page of events. Raises AccessDenied (403)."""
        if not is_admin_here(self.caller):
            raise AccessDenied(NEEDS, needs=Role.ADMIN.label)
        asked = {name: text for name, text in self.request.GET.items() if "\0" not in text}
        filters = AuditFilter(asked, queryset=AuditEvent.objects.order_by("-id"))
        is_right = filters.is_valid()
        rows = filters.qs if is_right else AuditEvent.objects.none()
        page: Any = page_of(rows, self.request)
        for event in page:
            event.changes = changes_of(event)
            event.deed = DEEDS.get(event.action, "")
            event.link = link_to(event)
        used = {name: text for name, text in asked.items() if name in filters.filters and text}
        csv_query = urlencode({**used, "format": "csv"})
        return super().get_context_data(
            page=page,
            form=AuditSearch(asked),
            wrong=[] if is_right else filters.errors.items(),
            csv_url=f"{API}?{csv_query}",
            **kwargs,
        )

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        """With 400 where a filter is none."""
        if context["wrong"]:
            options["status"] = 400
        return super().render_to_response(context, **options)


def changes_of(event: AuditEvent) -> list[tuple[str, Any, Any]]:
    """Each field that the event names: what it was before and after; None where it was not."""
    before, after = event.before or {}, event.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [(name, before.get(name), after.get(name)) for name in names]
