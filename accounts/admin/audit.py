"""The log of who did what, to look at."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import EMPTY, PortalAdmin
from accounts.models import AuditEvent


@admin.register(AuditEvent)
class AuditAdmin(PortalAdmin):
    """Nothing here can be changed; the database refuses it too."""

    list_display = (
        "when", "username", "action", "object", "team", "changes", "address",
    )  # fmt: skip
    list_filter = ("action", "object_type", "team")
    search_fields = ("username", "action", "object", "team", "address", "request_id", "token")
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    list_per_page = 50
    fields = (
        "when", "action", "username", "user_id", "token", "address", "request_id", "object_type",
        "object", "team", "before_values", "after_values",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(ordering="at", description="at")
    def when(self, event: AuditEvent) -> str:
        """To the second: others have to be put in one order with it."""
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display
    def changes(self, event: AuditEvent) -> str:
        """What of something that was there is another now."""
        return ", ".join(event.after or {}) if event.before and event.after else EMPTY

    @admin.display(description="before")
    def before_values(self, event: AuditEvent) -> SafeString | str:
        """As JSON."""
        return _json(event.before)

    @admin.display(description="after")
    def after_values(self, event: AuditEvent) -> SafeString | str:
        """As JSON."""
        return _json(event.after)


def _json(values: object) -> SafeString | str:
    if values is None:
        return EMPTY
    text = json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True)
    return format_html("<pre>{}</pre>", text)
