"""The command ``runicorn``, run as a shell runs it."""
