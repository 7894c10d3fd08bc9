"""Clients that are generated from the document of the API."""
