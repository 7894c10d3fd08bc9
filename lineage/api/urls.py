"""The routes of lineage, below ``/api/``. None ends in a slash."""

from django.urls import path

from artifacts.api.urls import ONE, TWO
from lineage.api import commits, comparisons, graph, impact, imports, runs

urlpatterns = [
    path("artifacts/<str:name>/versions", commits.VersionCommits.as_view()),
    path(TWO, comparisons.VersionComparison.as_view()),
    path(f"{ONE}/impact", impact.VersionImpact.as_view(), name="impact"),
    path(f"{ONE}/lineage", graph.Lineage.as_view()),
    path("runs", runs.RunList.as_view()),
    path("runs/<str:run_id>", runs.RunDetail.as_view()),
    path("runs/<str:run_id>/uses", runs.RunUses.as_view()),
    path("runs/<str:run_id>/import", imports.RunImport.as_view()),
    path("runs/<str:run_id>/artifacts", runs.RunArtifacts.as_view()),
]
