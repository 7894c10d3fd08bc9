"""The pages about accounts."""

from django.urls import path
from django.views.i18n import set_language

from accounts.web import account, audit, members, preferences, teams, tokens, views, welcome

urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("login", views.LogIn.as_view(), name="login"),
    path("logout", views.LogOut.as_view(), name="logout"),
    path("welcome", welcome.Welcome.as_view(), name="welcome"),
    path("settings", account.Overview.as_view(), name="settings"),
    path("settings/password", account.PasswordChange.as_view(), name="password_change"),
    path("settings/tokens", tokens.Tokens.as_view(), name="tokens"),
    path(
        "settings/tokens/<int:token_id>/revoke", tokens.RevokeToken.as_view(), name="token_revoke"
    ),
    path("settings/members", members.Members.as_view(), name="members"),
    path("settings/new-member", members.AddMember.as_view(), name="member_new"),
    path("settings/members/<str:username>", members.ChangeMember.as_view(), name="member"),
    path(
        "settings/members/<str:username>/password",
        members.MemberPassword.as_view(),
        name="member_password",
    ),
    path("settings/teams", teams.Teams.as_view(), name="teams"),
    path("settings/new-team", teams.AddTeam.as_view(), name="team_new"),
    path("settings/teams/<str:team>", teams.TeamDetail.as_view(), name="team"),
    path("settings/teams/<str:team>/delete", teams.DeleteTeam.as_view(), name="team_delete"),
    path("settings/teams/<str:team>/members", teams.SetTeamMember.as_view(), name="team_members"),
    path(
        "settings/teams/<str:team>/members/<str:username>/remove",
        teams.RemoveTeamMember.as_view(),
        name="team_member_remove",
    ),
    path("settings/audit", audit.Audit.as_view(), name="audit"),
    path("preferences/theme", preferences.SetTheme.as_view(), name="set_theme"),
    path("preferences/language", set_language, name="set_language"),
]
