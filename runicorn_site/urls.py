"""Every route of the portal, from the rooms that own them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

from runicorn_site.health import Health

handler400 = "runicorn_site.api.bad_request"
handler403 = "runicorn_site.api.forbidden"
handler404 = "runicorn_site.api.not_found"
handler500 = "runicorn_site.api.server_error"

READ_ONLY = ["get", "head"]  # their OPTIONS would be answered in YAML and by a page

schema = SpectacularAPIView.as_view(
    content_negotiation_class=DefaultContentNegotiation, http_method_names=READ_ONLY
)
docs = SpectacularSwaggerSplitView.as_view(
    url_name="schema", template_name="docs.html", http_method_names=READ_ONLY
)

api: list[URLPattern | URLResolver] = [
    path("health", Health.as_view()),
    path("schema", schema, name="schema"),
    path("docs", docs, name="docs"),
    path("", include("accounts.api.urls")),
    # Lineage first: it owns the commit of a version, which may be the output of a run.
    path("", include("lineage.api.urls")),
    path("", include("artifacts.api.urls")),
]

urlpatterns = [
    path("", include("accounts.web.urls")),
    # Lineage first: it owns the list of artifacts, which knows the projects of runs.
    path("", include("lineage.web.artifacts")),
    path("", include("artifacts.web.urls")),
    path("", include("lineage.web.urls")),
    path("admin/", admin.site.urls),
    path("api/", include(api)),
]
