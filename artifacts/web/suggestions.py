"""What may be chosen in a filter: the values that occur most, of what the caller may see."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count, F, Func, QuerySet, TextField
from django.http import Http404

from accounts.access import Caller
from accounts.names import EVERYONE
from accounts.web.pages import Page
from artifacts.models import Alias, Artifact, Version

MAX_VALUES = 30
MAX_TAGS_LOOKED_AT = 1000


class Suggestions(Page):
    """``/artifacts/suggestions/{field}?{field}=what is written``: options, the most used first."""

    template_name = "artifacts/_options.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Up to ``MAX_VALUES`` of them."""
        values = self.find(self.kwargs["field"])[:MAX_VALUES]
        return super().get_context_data(values=values, **kwargs)

    def find(self, field: str) -> list[str]:
        """The values of ``field`` that have what is written in them. Raises Http404."""
        if field not in SOURCES:
            raise Http404
        return SOURCES[field](self.caller, self.written(field))

    def written(self, field: str) -> str:
        """What stands in the field so far."""
        return self.request.GET.get(field, "").replace("\0", "").strip()


def most_used(rows: QuerySet[Any], field: str, text: str) -> list[str]:
    """The values of ``field`` of ``rows`` that have ``text`` in them, most used first."""
    found = rows.filter(**{f"{field}__icontains": text}) if text else rows
    counted = found.order_by().exclude(**{field: None}).values(field).annotate(n=Count("pk"))
    return list(counted.order_by("-n", field).values_list(field, flat=True)[:MAX_VALUES])


def _teams(caller: Caller, text: str) -> list[str]:
    found = most_used(Artifact.objects.visible_to(caller), "team__name", text)
    return [*_having([EVERYONE], text), *found]


def _aliases(caller: Caller, text: str) -> list[str]:
    visible = Artifact.objects.visible_to(caller)
    return most_used(Alias.objects.resolving().filter(artifact__in=visible), "name", text)


def _users(caller: Caller, text: str) -> list[str]:
    ready = Version.objects.visible_to(caller).ready()
    return most_used(ready, "created_by__username", text)


def _tags(caller: Caller, text: str) -> list[str]:
    """A tag is one of several in its row, so these are asked for the text only after counting."""
    one = Func(F("tags"), function="unnest", output_field=TextField())
    rows = Version.objects.visible_to(caller).ready().order_by().annotate(one=one).values("one")
    counted = rows.annotate(n=Count("pk")).order_by("-n", "one").values_list("one", flat=True)
    return _having(counted[:MAX_TAGS_LOOKED_AT], text)


def _having(values: Iterable[str], text: str) -> list[str]:
    return [value for value in values if text.casefold() in value.casefold()]


SOURCES: dict[str, Callable[[Caller, str], list[str]]] = {
    "team": _teams,
    "alias": _aliases,
    "user": _users,
    "tag": _tags,
}
