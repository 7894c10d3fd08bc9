"""The command ``runicorn``. It decides nothing: it parses, calls the SDK and shows the answer."""
