"""A refusal on a page: the same status as in the API, as a page that helps on."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from runicorn_site.api import is_api, refuse, translate_refusal
from runicorn_site.request_log import GetResponse


class PageRefusals:
    """Answers what the domain or the database refused a page; for the API REST framework does."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing but the hook below."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; None: it is something else."""
        refusal = None if is_api(request) else translate_refusal(error)
        if refusal is None:
            return None
        status, detail, code, headers, extra = refusal
        return refuse(request, status, detail, code, headers, **extra)
