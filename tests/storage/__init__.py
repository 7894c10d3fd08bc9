"""Tests of artifacts.storage: no Django, no database, real files."""
