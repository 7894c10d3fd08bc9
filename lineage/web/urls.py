"""The pages of lineage. Those of one artifact are there twice: everyone's, and below a team."""

from django.urls import URLPattern, URLResolver, include, path

from artifacts.web.urls import ONE
from lineage.web import compare, graph, runs, usage

PAIR = f"{ONE}/compare/<str:pair>"

of_one_artifact: list[URLPattern | URLResolver] = [
    path(f"{ONE}/compare/choose", compare.ComparisonChoice.as_view(), name="choose_compared"),
    path(PAIR, compare.VersionComparison.as_view(), name="compare"),
    path(f"{PAIR}/file", compare.FileComparison.as_view(), name="compare_file"),
    path(f"{ONE}/<str:version>/lineage", graph.VersionLineage.as_view(), name="version_lineage"),
    path(f"{ONE}/<str:version>/usage", usage.VersionUsage.as_view(), name="version_usage"),
]

urlpatterns = [
    path("runs", runs.RunList.as_view(), name="runs"),
    path("runs/<str:run_id>", runs.RunDetail.as_view(), name="run"),
    path("artifacts/", include(of_one_artifact)),
    path("teams/<str:team>/artifacts/", include(of_one_artifact)),
]
