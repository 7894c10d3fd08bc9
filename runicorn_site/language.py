"""In which language an answer is: pages in the reader's, the API in English."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from runicorn_site.api import is_api


class PageLanguage(LocaleMiddleware):
    """Chooses by the cookie of the page for languages, else by ``Accept-Language``."""

    def process_request(self, request: HttpRequest) -> None:
        """Only for pages: what programs read may not depend on who runs them.

        A thread keeps the language of the request it served before, so English is chosen too.
        """
        if is_api(request):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        """Say which language it is."""
        return response if is_api(request) else super().process_response(request, response)
