"""The WSGI application: what granian, or another server, runs."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "runicorn_site.settings")

application = get_wsgi_application()
