"""What the log of who did what says to people: its actions in words, its objects as links."""

from contextlib import suppress

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.logins import NO_ACCOUNT
from accounts.models import AuditEvent

DEEDS: dict[str, Promise] = {
    "alias.move": _("moved an alias"),
    "alias.protect": _("protected an alias"),
    "alias.remove": _("removed an alias"),
    "alias.rollback": _("rolled an alias back"),
    "alias.unprotect": _("took the protection off an alias"),
    "artifact.assign": _("gave an artifact to others"),
    "blob.upload": _("uploaded content"),
    "membership.change": _("changed a role in a team"),
    "membership.create": _("took somebody into a team"),
    "membership.delete": _("took somebody out of a team"),
    "protected_alias.change": _("changed a rule of aliases"),
    "protected_alias.create": _("made a rule of aliases"),
    "protected_alias.delete": _("deleted a rule of aliases"),
    "run.create": _("began a run"),
    "run.import": _("imported a run"),
    "run.update": _("changed a run"),
    "run.use": _("used a version in a run"),
    "team.change": _("changed a team"),
    "team.create": _("made a team"),
    "team.delete": _("deleted a team"),
    "token.create": _("made a token"),
    "token.revoke": _("revoked a token"),
    "user.change": _("changed an account"),
    "user.create": _("made an account"),
    "user.login": _("logged in"),
    "user.login_failed": _("failed to log in"),
    "user.login_refused": _("was refused a login"),
    "user.logout": _("logged out"),
    "user.password": _("set a password"),
    "version.create": _("logged a version"),
    "version.delete": _("deleted a version"),
    "version.describe": _("described a version"),
    "version.import": _("imported a version"),
    "version.purge": _("deleted a version for ever"),
    "version.purged": _("freed what nobody needs any more"),
    "version.restore": _("restored a version"),
}


def link_to(event: AuditEvent) -> str:
    """The page of what the event is about; empty where it has none.

    It may be gone since: the page then says so. That of an alias is its artifact's.
    """
    with suppress(NoReverseMatch):
        match event.object_type:
            case "artifact" | "alias":
                return reverse("artifact", kwargs=_parts_of(event.object.partition(":")[0]))
            case "version":
                artifact, _colon, ref = event.object.partition(":")
                return reverse("version", kwargs=_parts_of(artifact) | {"version": ref})
            case "run" | "team":
                return reverse(event.object_type, args=[event.object])
            case "user" if event.object != NO_ACCOUNT:
                return reverse("member", args=[event.object])
    return ""


def _parts_of(artifact: str) -> dict[str, str]:
    """The parts of an address that name ``[team/]type/name``."""
    rest, _slash, name = artifact.rpartition("/")
    team, _slash, kind = rest.rpartition("/")
    return {"type_": kind, "name": name} | ({"team": team} if team else {})
