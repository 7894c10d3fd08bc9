"""Patience with a failing server, and clear words when it does not come back."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.config import Config
from tests.sdk.peers import Peer, bytes_answer, hang_up, json_answer

OK = json_answer(200, [])


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(
    peer: Peer, peer_client: rn.Client, pauses: list[float], status: int
) -> None:
    peer.script(bytes_answer(status, b"<html>busy</html>"), OK)
    assert peer_client.list_artifacts() == []
    assert (len(peer.seen), len(pauses)) == (2, 1)


def test_a_broken_connection_is_tried_again(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(hang_up, hang_up, OK)
    assert peer_client.list_artifacts() == []


def test_retry_after_is_honoured(peer: Peer, peer_client: rn.Client, pauses: list[float]) -> None:
    peer.script(json_answer(503, {"code": "busy"}, Retry_After="7"), OK)
    peer_client.list_artifacts()
    assert pauses == [7.0]


def test_retry_after_may_be_a_date(peer: Peer, peer_client: rn.Client, pauses: list[float]) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    peer.script(json_answer(429, {}, Retry_After=moment), OK)
    peer_client.list_artifacts()
    assert 20 < pauses[0] <= 30


@pytest.mark.parametrize(("given", "longest"), [("86400", 60.0), ("soon", 1.0), ("-3", 1.0)])
def test_an_odd_retry_after_does_no_harm(
    peer: Peer, peer_client: rn.Client, pauses: list[float], given: str, longest: float
) -> None:
    peer.script(json_answer(503, {}, Retry_After=given), OK)
    peer_client.list_artifacts()
    assert 0 <= pauses[0] <= longest


def test_pauses_grow(peer: Peer, peer_client: rn.Client, pauses: list[float]) -> None:
    peer.script(json_answer(503, {"detail": "busy", "code": "busy"}))
    with pytest.raises(errors.ServerUnavailable, match="busy"):
        peer_client.list_artifacts()
    assert len(pauses) == 13
    assert pauses[0] < 0.26
    assert pauses[-1] >= 4
    assert 35 < sum(pauses) < 75


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 507])
def test_a_refusal_is_not_asked_again(peer: Peer, peer_client: rn.Client, status: int) -> None:
    peer.script(json_answer(status, {"detail": "no", "code": ""}))
    with pytest.raises(errors.RunicornError, match="no"):
        peer_client.list_artifacts()
    assert len(peer.seen) == 1


def test_what_is_not_safe_is_sent_once(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(hang_up)
    with pytest.raises(errors.ServerUnavailable):
        peer_client.delete_version("m", 1, permanent=True)
    assert peer.calls == ["DELETE /api/artifacts/m/v1?permanent=true"]


def test_a_server_that_is_not_there_is_named_with_what_to_do(pauses: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(errors.ServerUnavailable) as refusal:
            rn.Client(Config(url=url)).get_stats()
    message = str(refusal.value)
    assert f"Cannot reach the Runicorn server at {url}: Connection refused" in message
    assert "RUNICORN_TRACKING_URI" in message
    assert "make run" in message
    assert len(pauses) == 2


def test_in_a_hurry_nothing_is_tried_twice(
    peer: Peer, peer_client: rn.Client, pauses: list[float]
) -> None:
    peer.script(hang_up)
    peer_client.hurry()
    with pytest.raises(errors.ServerUnavailable):
        peer_client.list_artifacts()
    assert (len(peer.seen), pauses) == (1, [])


def test_another_kind_of_server_is_recognised(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(bytes_answer(200, b"<html>welcome</html>"))
    with pytest.raises(errors.ServerError, match="Is it the address of a Runicorn server"):
        peer_client.list_artifacts()


def test_an_error_page_keeps_its_status(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(bytes_answer(404, b"<html>nothing here</html>"))
    with pytest.raises(errors.NotFoundError, match="answers 404, but not as a Runicorn"):
        peer_client.list_artifacts()


def test_a_redirect_is_not_followed_but_told(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(bytes_answer(301, b"", Location="https://portal.example/api/artifacts"))
    with pytest.raises(errors.ServerError, match=r"https://portal\.example"):
        peer_client.list_artifacts()
    assert len(peer.seen) == 1


def test_the_token_is_sent_as_a_bearer(peer: Peer) -> None:
    peer.script(OK)
    rn.Client(Config(url=peer.url, api_key="secret")).list_artifacts()
    assert peer.seen[0].headers["Authorization"] == "Bearer secret"


def test_a_password_in_the_address_is_sent_as_basic(peer: Peer) -> None:
    peer.script(OK)
    rn.Client(Config(url=peer.url, basic_auth="ann:secret")).list_artifacts()
    assert peer.seen[0].headers["Authorization"].startswith("Basic ")


def test_who_we_are_is_said(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(OK)
    peer_client.list_artifacts()
    assert peer.seen[0].headers["User-Agent"] == f"runicorn/{rn.__version__}"
    assert "Authorization" not in peer.seen[0].headers


def test_names_are_quoted_into_paths(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(OK)
    peer_client.list_versions("数据 100%#", artifact_type="dataset")
    quoted = "%E6%95%B0%E6%8D%AE%20100%25%23"
    assert peer.calls == [f"GET /api/artifacts/{quoted}/versions?type=dataset"]


def test_a_server_below_a_path_is_found(peer: Peer) -> None:
    peer.script(OK)
    rn.Client(Config(url=f"{peer.url}/ml")).list_artifacts(type="model", q=None, limit=3)
    assert peer.calls == ["GET /ml/api/artifacts?type=model&limit=3"]


def test_a_body_that_breaks_off_is_asked_for_again(peer: Peer, peer_client: rn.Client) -> None:
    peer.script(bytes_answer(200, b"[", length=50), OK)
    assert peer_client.list_artifacts() == []
