"""The server's routes as methods, one each, a module for each kind; `runicorn.api` joins them."""
