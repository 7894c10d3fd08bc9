"""What an error page says besides the refusal itself: what it means, what is near, what to do.

Of 5xx nothing here asks the database: it may be what is away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import access_of, can_enter, user_or_none
from accounts.roles import Role
from accounts.web.forms import role_name
from accounts.web.language import translated_errors
from artifacts.web.nearest import Suggestion, near_artifacts, near_versions
from runicorn_site.ways import ways_on

TITLES: dict[str, str | Promise] = {
    "artifact_not_found": gettext_lazy("There is no such artifact"),
    "version_not_found": gettext_lazy("There is no such version"),
    "alias_not_found": gettext_lazy("There is no such alias"),
    "file_not_found": gettext_lazy("There is no such file"),
    "run_not_found": gettext_lazy("There is no such run"),
    "token_not_found": gettext_lazy("There is no such token"),
    "not_found": gettext_lazy("There is nothing here"),
    "denied": gettext_lazy("You may not do this"),
    "cross_site": gettext_lazy("A page of another site sent this"),
    "csrf": gettext_lazy("This form is too old"),
    "comment_needed": gettext_lazy("Say why"),
    "alias_moved": gettext_lazy("The alias was moved meanwhile"),
    "alias_protected": gettext_lazy("A protected alias keeps it"),
    "version_not_ready": gettext_lazy("The version is deleted or damaged"),
    "version_deleted": gettext_lazy("The version is deleted"),
    "corrupted": gettext_lazy("The stored content is damaged"),
    "quota_exceeded": gettext_lazy("The quota of the team is used up"),
    "storage_full": gettext_lazy("The disk of the portal is full"),
    "store_unavailable": gettext_lazy("The storage is away"),
    "busy": gettext_lazy("The database is busy or away"),
}
OF_STATUS: dict[int, str | Promise] = {
    400: gettext_lazy("Something in the request is wrong"),
    403: gettext_lazy("You may not do this"),
    404: gettext_lazy("There is nothing here"),
    405: gettext_lazy("This cannot be asked for like that"),
    409: gettext_lazy("This does not fit any more"),
    410: gettext_lazy("This is gone"),
    411: gettext_lazy("It is not said how long this is"),
    413: gettext_lazy("This is too large"),
    416: gettext_lazy("There are fewer bytes than that"),
    422: gettext_lazy("The bytes are not what they should be"),
    429: gettext_lazy("Too often"),
    500: gettext_lazy("Something broke here"),
    503: gettext_lazy("The portal cannot answer just now"),
    507: gettext_lazy("There is no room for this"),
}
ADVICE: dict[str, str | Promise] = {
    "artifact_not_found": gettext_lazy(
        "It may have another name or type, or belong to a team that you are not in."
    ),
    "version_not_found": gettext_lazy("It may never have been logged, or was purged."),
    "not_found": gettext_lazy("The address may be mistyped, or what it named is gone."),
    "csrf": gettext_lazy("Go back, load the page again, and send it once more."),
    "cross_site": gettext_lazy("Nothing was done. Do it on a page of the portal itself."),
    "alias_moved": gettext_lazy("Look where it is now, then decide again."),
    "alias_protected": gettext_lazy("Move or remove the alias first."),
    "version_deleted": gettext_lazy("It can be restored while it is in the trash."),
    "corrupted": gettext_lazy("Uploading the same files again heals it."),
    "quota_exceeded": gettext_lazy("Purge what is not needed, or ask an admin for more."),
    "storage_full": gettext_lazy("Nothing was kept. Whoever runs the server has to make room."),
    "store_unavailable": gettext_lazy("Whoever runs the server sees why in its log."),
    "busy": gettext_lazy("Try again in a moment."),
    "error": gettext_lazy("This is a fault of the portal, not yours. Its log has the details."),
}
NEAR = {"artifact_not_found", "version_not_found", "alias_not_found"}


@dataclass(frozen=True)
class Explanation:
    """What stands on an error page around the refusal."""

    title: str
    advice: list[str] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    ways: list[Suggestion] = field(default_factory=list)
    """For 404: where to go on."""
    request_id: str = ""
    """For 5xx: leads to the log of the server."""


def explain(
    request: HttpRequest, status: int, code: str, headers: Mapping[str, str], extra: dict[str, Any]
) -> Explanation:
    """What to say about a refusal with this ``code``; in 4xx with at most a handful of queries."""
    advice = [str(ADVICE[code])] if code in ADVICE else []
    if status == 403 and code == "denied":
        advice += _who_may(request, extra.get("needs"))
    if (wait := headers.get("Retry-After", "")).isdecimal() and status != 503:
        advice.append(_how_long(int(wait)))
    return Explanation(
        title=str(TITLES.get(code) or OF_STATUS.get(status) or OF_STATUS[400]),
        advice=advice,
        suggestions=_near(request) if code in NEAR else [],
        errors=translated_errors(extra.get("errors", {})),
        ways=ways_on(request, _caller(request)) if status == 404 else [],
        request_id=getattr(request, "request_id", "") if status >= 500 else "",
    )


def _caller(request: HttpRequest) -> Any:
    return getattr(request, "user", AnonymousUser())


def _who_may(request: HttpRequest, needs: str | None) -> list[str]:
    """Which role is needed, and who one is; of the roles only that everywhere."""
    caller = _caller(request)
    found = []
    if needs:
        named = {role.label: role_name(role) for role in Role}.get(needs, needs)
        found.append(_("It needs the role %(role)s.") % {"role": named})
    user = user_or_none(caller)
    if user is None:
        return [*found, _("You are not logged in.")]
    said = {"name": user.get_username(), "role": role_name(access_of(caller).role_on(None))}
    found.append(_("You are %(name)s; your role everywhere is: %(role)s.") % said)
    return [*found, _("An admin can give you another role.")]


def _how_long(seconds: int) -> str:
    if seconds < 120:
        text = ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", seconds)
        return text % {"n": seconds}
    minutes = -(-seconds // 60)
    text = ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes)
    return text % {"n": minutes}


def _near(request: HttpRequest) -> list[Suggestion]:
    """What the path may have meant, where it is the path of an artifact's page."""
    match = request.resolver_match
    named = dict(match.kwargs) if match else {}
    caller = _caller(request)
    if not {"type_", "name"} <= named.keys() or not can_enter(caller):
        return []
    place: dict[str, str] = {key: named[key] for key in ("type_", "name", "team") if key in named}
    found = []
    if "version" in named:
        found = near_versions(asked_by=caller, place=place, text=named["version"])
    return found or near_artifacts(asked_by=caller, name=named["name"])
