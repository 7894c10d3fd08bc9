"""The page that uploads from the browser, and the check of its form.

The bytes, the run and the commit go through the API, as those of every program; the script of the
page (``static/runicorn/upload``) does that. What the form says is checked here first, so that
nothing is sent in vain.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.access import access_of
from accounts.roles import Role
from accounts.web.forms import role_name
from accounts.web.pages import Page
from artifacts.services.access import require_somewhere
from artifacts.services.limits import max_file_bytes
from artifacts.services.teams import owners_open_to
from artifacts.web.links import artifact_path
from artifacts.web.upload_form import UploadForm


class Upload(Page):
    """``/upload?type=&name=&team=``: choose files, say what they are, send them."""

    template_name = "artifacts/upload.html"
    extra_context = {"place": "upload"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form and the limits of the server; without a team to log for, who may not and why."""
        role = access_of(self.caller).highest
        owners = owners_open_to(self.caller)
        context: dict[str, Any] = {"owners": owners, "role": role_name(role)}
        if owners:
            context |= {
                "form": UploadForm(initial=self._asked(owners), uploaded_by=self.caller),
                "max_file_bytes": max_file_bytes(),
                "max_files": settings.RUNICORN_MAX_VERSION_FILES,
            }
        return super().get_context_data(**context, **kwargs)

    def _asked(self, owners: list[str]) -> dict[str, str]:
        """What the query says; a team that he may not log for is nobody's choice."""
        query = self.request.GET
        asked = {key: query[key] for key in ("type", "name", "team", "project") if query.get(key)}
        if asked.get("team") not in owners:
            asked["team"] = owners[0]
        return asked


class UploadCheck(Page):
    """``/upload/check``: whether a version may be logged as the form says."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """What the commit shall say, or 400 with errors by field. Raises AccessDenied (403)."""
        require_somewhere(self.caller, Role.CONTRIBUTOR)
        form = UploadForm(request.POST, uploaded_by=self.caller)
        if not form.is_valid():
            return JsonResponse({"code": "invalid", "errors": form.errors}, status=400)
        return JsonResponse({**form.for_commit(), "url": artifact_path(form.artifact)})
