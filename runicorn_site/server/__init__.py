"""The parts of ``manage.py serve``: the data folder's lock, the port, and the web server."""
