"""Pages on which something that is said of a version is changed in its place.

``?edit=tags`` shows the form where the tags are; it is sent to the same page. Whatever goes wrong,
the page comes back with the form as it was filled in.
"""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from accounts.roles import Role
from accounts.sentences import say
from accounts.web.language import translated
from artifacts.errors import Conflict, Invalid, VersionNotReady
from artifacts.models import Version
from artifacts.services.access import require_on
from artifacts.services.versions import describe_version
from artifacts.web.describe_forms import FORMS, DescribeForm
from artifacts.web.finding import find_version
from artifacts.web.links import version_path
from artifacts.web.markdown import render_markdown
from artifacts.web.pages import VersionPage


class DescribedPage(VersionPage):
    """A page of a version; ``editable`` names what is changed on it, ``view`` is its own name."""

    editable: ClassVar[tuple[str, ...]] = ()
    without = ()
    view = "version"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form besides, where one is asked for."""
        if "editing" not in kwargs and self._may_edit(self.request.GET.get("edit", "")):
            kwargs["editing"] = FORMS[self.request.GET["edit"]].about(self.version)
        return super().get_context_data(**kwargs)

    def _may_edit(self, what: str) -> bool:
        return what in self.editable and self.version_head.can_describe

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save what was filled in, or show what it would look like.

        Raises AccessDenied (403), Invalid (400) for what is not changed here, and for a form that
        does not say over what it was written.
        """
        version, what = self.version, request.POST.get("what", "")
        if what not in self.editable:
            raise Invalid(
                {
                    "what": [
                        say(
                            "{what!r} is none of {editable}",
                            what=what,
                            editable=", ".join(self.editable),
                        )
                    ]
                }
            )
        require_on(self.caller, Role.CONTRIBUTOR, self.artifact)
        form = FORMS[what](request.POST)
        if "preview" in request.POST:
            preview = render_markdown(form.data.get(what, ""))
            return self._show(form, status=200, preview=preview)
        if "seen_at" in form.errors:
            raise Invalid({"seen_at": list(map(str, form.errors["seen_at"]))})
        return self._save(version, form) if form.is_valid() else self._show(form, status=400)

    def _save(self, version: Version, form: DescribeForm) -> HttpResponse:
        try:
            describe_version(
                version=version,
                changes=form.changes,
                changed_by=self.caller,
                seen_at=form.cleaned_data["seen_at"],
            )
        except Conflict as refusal:
            return self._show_again(form, refusal)
        messages.success(self.request, gettext("Saved."))
        return HttpResponseRedirect(version_path(version, self.view), status=303)

    def _show_again(self, form: DescribeForm, refusal: Conflict) -> HttpResponse:
        """With what is said by now beside it: who saves once more has seen that.

        Of a version that was deleted meanwhile nothing else is said than before.
        """
        self.version = find_version(self.artifact, self.kwargs["version"])
        form.add_error(form.field, translated(refusal.detail))
        if isinstance(refusal, VersionNotReady):
            return self._show(form, status=409, is_deleted=True)
        form.data = {
            **form.data,
            form.field: form.data.get(form.field, ""),
            "seen_at": self.version.updated_at.isoformat(),
        }
        now = form.text_of(getattr(self.version, form.field))
        return self._show(form, status=409, said_now=now)

    def _show(self, form: DescribeForm, *, status: int, **more: Any) -> HttpResponse:
        context = self.get_context_data(editing=form, **more)
        return self.render_to_response(context, status=status)
