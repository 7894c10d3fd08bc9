"""The address the portal listens on: resolved, and shown to be free."""

import socket

import pytest

from runicorn_site.server.port import PortError, address_url, free_address
from tests.live import free_port, reserve_port


def test_name_becomes_an_ipv4_address() -> None:
    assert free_address("localhost", free_port()) == "127.0.0.1"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_address_stays_itself(address: str) -> None:
    assert free_address(address, free_port()) == address


def test_ipv6_address_has_brackets_in_its_url() -> None:
    assert address_url("::1", 23300) == "http://[::1]:23300"
    assert address_url("localhost", 23300) == "http://localhost:23300"


def test_port_that_others_would_share_is_taken() -> None:
    with reserve_port() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.listen()
        with pytest.raises(PortError, match="Address already in use"):
            free_address("127.0.0.1", listening.getsockname()[1])


def test_port_is_free_again_while_connections_wind_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # closed here first: it lingers in TIME_WAIT
    assert free_address("127.0.0.1", port) == "127.0.0.1"


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortError, match="Cannot assign"):
        free_address("192.0.2.1", free_port())
