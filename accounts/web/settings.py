"""What the pages below ``/settings`` have in common: tabs, forms, and pages that ask once more."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.access import is_admin, is_admin_here, user_or_none
from accounts.errors import ChangedMeanwhile
from accounts.web.forms import REFUSALS, show_refusal
from accounts.web.language import translated
from accounts.web.pages import Page

if TYPE_CHECKING:
    from django import forms

SEE_OTHER = 303


class SettingsPage(Page):
    """A page below ``/settings``; ``tab`` names the one that is open."""

    tab = ""
    extra_context = {"place": "settings"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Besides: ``can_administer`` accounts, ``can_see_all`` of them, and one's ``account``."""
        return super().get_context_data(
            tab=self.tab,
            account=user_or_none(self.caller),
            can_administer=is_admin(self.caller),
            can_see_all=is_admin_here(self.caller),
            **kwargs,
        )

    def go_on(self, url: str, text: str = "") -> HttpResponse:
        """After a write: to ``url``, where ``text`` is said."""
        if text:
            messages.success(self.request, text)
        return HttpResponseRedirect(url, status=SEE_OTHER)


class FormPage(SettingsPage):
    """A page with a form. What is wrong in it is said beside what was typed, which stays."""

    def make_form(self, data: Any = None) -> "forms.Form | forms.ModelForm[Any]":
        """The form, empty or as it was sent."""
        raise NotImplementedError

    def save(self, form: Any) -> HttpResponse:
        """Give what was sent to a service, and go on."""
        raise NotImplementedError

    def require(self) -> None:
        """Raise AccessDenied (403) where the caller may not send the form, whatever is in it."""

    def look_again(self, form: Any) -> None:
        """Show beside ``form`` what it says by now: who saves once more has seen that."""
        form.see(self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save, or show the form again: 400, or 409 where the state of the portal is against it."""
        self.require()
        form, status = self.make_form(request.POST), 400
        if form.is_valid():
            try:
                return self.save(form)
            except REFUSALS as refusal:
                show_refusal(form, refusal)
                status = refusal.status
                if isinstance(refusal, ChangedMeanwhile):
                    self.look_again(form)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form besides."""
        kwargs.setdefault("form", self.make_form())
        return super().get_context_data(**kwargs)


class ConfirmPage(SettingsPage):
    """Asks once more (GET), and does it (POST)."""

    template_name = "accounts/confirm.html"

    def question(self) -> dict[str, Any]:
        """For the template: ``title``, ``text``, perhaps ``lines``, ``button`` and ``back``."""
        raise NotImplementedError

    def act(self) -> HttpResponse:
        """Do it through a service, and go on."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it; back with the reason where the state of the portal is against it (409)."""
        try:
            return self.act()
        except REFUSALS as refusal:
            context = self.get_context_data(refusal=translated(refusal.detail))
            return self.render_to_response(context, status=refusal.status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The question besides."""
        return super().get_context_data(**self.question(), **kwargs)
