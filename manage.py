#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "runicorn_site.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 (reads the environment)
    except ValueError as error:
        sys.exit(f"Error: {error}")
    execute_from_command_line(sys.argv)
