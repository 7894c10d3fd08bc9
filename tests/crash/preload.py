"""Loads Django once for all processes that are to be killed; imported before anything else."""

import django

django.setup()
