"""Stores of Runicorn 0.5: read, imported, exported."""
