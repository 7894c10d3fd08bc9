"""The address the portal listens on."""

import socket


class PortError(Exception):
    """The address cannot be listened on; the text says why."""


def address_url(host: str, port: int) -> str:
    """``http://127.0.0.1:23300``; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_address(host: str, port: int) -> str:
    """The IP address behind ``host``, IPv4 before IPv6, after a bind that shows it to be free.

    granian takes no names, and would share a taken port in silence (SO_REUSEPORT).

    Raises PortError.
    """
    try:
        found = min(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        family, kind, _, _, address = found
        with socket.socket(family, kind) as probe:
            # Not REUSEPORT: this only ignores connections that are winding down.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise PortError(
            f"{address_url(host, port)} cannot be listened on: {error.strerror}. "
            "Stop what uses it, or set RUNICORN_HOST and RUNICORN_PORT."
        ) from error
    return str(address[0])
