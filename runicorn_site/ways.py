"""Where somebody goes on from a page that is not there: to what stands above it, or to a search."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Caller, can_enter
from artifacts.errors import NotFound
from artifacts.models import Artifact
from artifacts.web.finding import find_artifact, find_version
from artifacts.web.links import artifact_path, version_path
from artifacts.web.nearest import Suggestion

LISTS = {
    "member": "members", "member_password": "members", "team": "teams", "team_delete": "teams",
    "team_members": "teams", "team_member_remove": "teams", "token_revoke": "tokens",
    "pattern_change": "protected_aliases", "pattern_remove": "protected_aliases", "run": "runs",
}  # fmt: skip
"""Of pages about one of many: its view → that of the list."""
MAX_SEARCHED = 128


def ways_on(request: HttpRequest, caller: Caller) -> list[Suggestion]:
    """What fits the path of ``request``, the nearest first; nothing for those who may not enter.

    Only what the caller sees, so a private artifact is answered like one that is absent.
    """
    if not can_enter(caller):
        return []
    match = request.resolver_match
    if match is None:
        return _search(request.path.strip("/").rpartition("/")[2])
    if match.url_name in LISTS:
        return [Suggestion(_("To the list"), reverse(LISTS[match.url_name]))]
    return _of_artifact(dict(match.kwargs), caller) if "type_" in match.kwargs else []


def _of_artifact(named: dict[str, Any], caller: Caller) -> list[Suggestion]:
    place = {key: named[key] for key in ("type_", "name", "team") if key in named}
    try:
        artifact = find_artifact(asked_by=caller, **place)
    except NotFound:
        return _search(named["name"])
    above = Suggestion(_("To the artifact"), artifact_path(artifact))
    return [*_of_version(artifact, named.get("version", "")), above]


def _of_version(artifact: Artifact, text: str) -> list[Suggestion]:
    try:
        version = find_version(artifact, text)
    except NotFound:
        return []
    files = version_path(version, "version_files")
    return [
        Suggestion(_("To the files of the version"), files),
        Suggestion(_("To the version"), version_path(version)),
    ]


def _search(text: str) -> list[Suggestion]:
    wanted = text.replace("\0", "")[:MAX_SEARCHED].strip()
    if not wanted:
        return []
    label = _("Search for “%(text)s”") % {"text": wanted}
    return [Suggestion(label, reverse("artifacts", query={"q": wanted}))]
