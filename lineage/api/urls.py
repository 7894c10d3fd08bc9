"""The routes of lineage, below ``/api/``. None ends in a slash."""

from django.urls import path

from artifacts.api.urls import ONE
from lineage.api import commits, graph, runs

urlpatterns = [
    path("artifacts/<str:name>/versions", commits.VersionCommits.as_view()),
    path(f"{ONE}/lineage", graph.Lineage.as_view()),
    path("runs", runs.RunList.as_view()),
    path("runs/<str:run_id>", runs.RunDetail.as_view()),
    path("runs/<str:run_id>/uses", runs.RunUses.as_view()),
    path("runs/<str:run_id>/artifacts", runs.RunArtifacts.as_view()),
]
