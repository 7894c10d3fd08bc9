"""People, teams, tokens and the audit log in Django's admin. Writes go through the services."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import audit, teams, tokens, users

__all__ = ["audit", "teams", "tokens", "users"]

# The groups are the roles, which the page of a user gives.
admin.site.unregister(Group)
