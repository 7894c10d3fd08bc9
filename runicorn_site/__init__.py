"""The frame: settings, URLs, error translation and the server process. No behaviour of its own."""
