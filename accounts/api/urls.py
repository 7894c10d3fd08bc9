"""The routes of accounts, below ``/api/``. None ends in a slash."""

from django.urls import path

from accounts.api import audit, tokens, whoami

urlpatterns = [
    path("whoami", whoami.WhoAmI.as_view()),
    path("tokens", tokens.TokenList.as_view()),
    path("tokens/<int:token_id>", tokens.TokenDetail.as_view()),
    path("audit", audit.AuditLog.as_view()),
]
