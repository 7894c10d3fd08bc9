"""``/settings/aliases``: which aliases are protected, everywhere."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Role
from accounts.sentences import say
from accounts.web.settings import ConfirmPage, FormPage
from artifacts.errors import NotFound
from artifacts.models import ProtectedAlias
from artifacts.services.access import require_everywhere
from artifacts.services.patterns import delete_pattern, save_pattern

if TYPE_CHECKING:
    PatternModelForm = forms.ModelForm[ProtectedAlias]
else:
    PatternModelForm = forms.ModelForm


class PatternForm(PatternModelForm):
    """A pattern, and whether a move has to be explained."""

    class Meta:
        model = ProtectedAlias
        fields = ("pattern", "needs_comment")
        labels = {
            "pattern": gettext_lazy("Pattern"),
            "needs_comment": gettext_lazy("A move needs a comment"),
        }
        help_texts = {
            "pattern": gettext_lazy(
                "An alias such as production, or release-*: * stands for any characters, ? for one."
            )
        }
        error_messages = {"pattern": {"unique": gettext_lazy("This pattern is there already.")}}


class ProtectedAliases(FormPage):
    """The patterns: everybody who may enter sees them, admins change them."""

    template_name = "artifacts/patterns.html"
    tab = "aliases"

    def require(self) -> None:
        """Admins only; in open mode anybody."""
        require_everywhere(self.caller, Role.ADMIN)

    def make_form(self, data: Any = None) -> Any:
        """For one more."""
        return PatternForm(data)

    def save(self, form: Any) -> HttpResponse:
        """Protect what it means."""
        pattern = save_pattern(pattern=form.save(commit=False), saved_by=self.caller)
        text = _("What is called %(pattern)s is protected now.") % {"pattern": pattern}
        return self.go_on(reverse("protected_aliases"), text)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """All of them: there are few."""
        patterns = ProtectedAlias.objects.order_by("pattern")
        return super().get_context_data(patterns=patterns, **kwargs)


def find_pattern(pattern_id: int) -> ProtectedAlias:
    """The pattern with that id. Raises NotFound (404)."""
    found = ProtectedAlias.objects.filter(pk=pattern_id).first()
    if found is None:
        raise NotFound(say("This pattern is not there any more"))
    return found


class ChangePattern(ProtectedAliases):
    """``/settings/aliases/{id}``: whether its moves need a comment. Takes a POST alone."""

    http_method_names = ["post"]

    def make_form(self, data: Any = None) -> Any:
        """The pattern itself stays; of the page that says no, the form is an empty one."""
        if data is None:
            return super().make_form()
        pattern = find_pattern(self.kwargs["pattern_id"])
        fields = {"pattern": pattern.pattern, "needs_comment": data.get("needs_comment", "")}
        return PatternForm(fields, instance=pattern)

    def save(self, form: Any) -> HttpResponse:
        """Change it."""
        save_pattern(pattern=form.save(commit=False), saved_by=self.caller)
        return self.go_on(reverse("protected_aliases"), _("The pattern is saved."))


class RemovePattern(ConfirmPage):
    """``/settings/aliases/{id}/remove``."""

    tab = "aliases"

    @cached_property
    def pattern(self) -> ProtectedAlias:
        """The pattern that the path names, for those who may remove it."""
        require_everywhere(self.caller, Role.ADMIN)
        return find_pattern(self.kwargs["pattern_id"])

    def question(self) -> dict[str, Any]:
        """What changes."""
        return {
            "title": _("Protect %(pattern)s no more?") % {"pattern": self.pattern},
            "text": _("Contributors may then move and remove aliases of this name."),
            "button": _("Remove"),
            "back": reverse("protected_aliases"),
        }

    def act(self) -> HttpResponse:
        """Remove it."""
        delete_pattern(pattern=self.pattern, deleted_by=self.caller)
        text = _("%(pattern)s is not protected any more.") % {"pattern": self.pattern}
        return self.go_on(reverse("protected_aliases"), text)
