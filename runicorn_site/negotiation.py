"""Which form an answer has, and which form a body: the view decides, not the caller's taste."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OnlyForm(DefaultContentNegotiation):
    """Answers in the view's own form, whatever ``Accept`` and ``?format=`` say.

    A server may disregard ``Accept`` (RFC 9110 §12.4.1): who asks for ``application/zip`` gets the
    zip, and a refusal is JSON all the same. ``?format=`` belongs to the archive route.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The first, always."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
