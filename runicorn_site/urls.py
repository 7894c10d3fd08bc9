"""Every route of the portal, from the rooms that own them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation

from runicorn_site.health import Health

handler400 = "runicorn_site.api.bad_request"
handler403 = "runicorn_site.api.forbidden"
handler404 = "runicorn_site.api.not_found"
handler500 = "runicorn_site.api.server_error"

schema = SpectacularAPIView.as_view(content_negotiation_class=DefaultContentNegotiation)

api: list[URLPattern | URLResolver] = [
    path("health", Health.as_view()),
    path("schema", schema, name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    # Lineage first: it owns the commit of a version, which may be the output of a run.
    path("", include("lineage.api.urls")),
    path("", include("artifacts.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("admin/", admin.site.urls),
    path("api/", include(api)),
]
