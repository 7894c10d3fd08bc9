"""Django's admin as an app, with a site of our own. Loaded before any model is."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """What the rooms register with ``@admin.register`` is on our site."""

    default_site = "runicorn_site.admin_site.PortalAdminSite"
