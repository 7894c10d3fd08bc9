"""A token is in the header of a request, and nowhere else: no log, no repr, no error."""

import logging
import pickle
import traceback

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.config import Config
from tests.sdk.peers import Answer, Peer, bytes_answer, hang_up, json_answer

SECRET = "rn_nobody-else-may-see-this"
REFUSED = json_answer(401, {"detail": "This token is unknown.", "code": "unauthenticated"})


@pytest.fixture(params=["api_key", "basic_auth"])
def config(peer: Peer, request: pytest.FixtureRequest) -> Config:
    """Somebody with a secret, as a token or as the password in the address."""
    if request.param == "api_key":
        return Config(url=peer.url, api_key=SECRET)
    return Config(url=peer.url, basic_auth=f"ada:{SECRET}")


@pytest.mark.parametrize(
    "answer",
    [
        REFUSED,
        json_answer(403, {"detail": "no", "code": "denied"}),
        json_answer(500, {"detail": "broken", "code": "error"}),
        json_answer(503, {"detail": "busy", "code": "busy"}),
        bytes_answer(200, b"<html>"),
        bytes_answer(301, b"", Location="https://elsewhere.example/"),
        hang_up,
    ],
)
def test_no_failure_tells_the_token(
    peer: Peer, config: Config, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    peer.script(answer)
    client = rn.Client(config)
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.RunicornError) as refusal:
        client.whoami()
    error = refusal.value
    told = [
        caplog.text, str(error), repr(error), repr(error.details), repr(client),
        repr(client._transport), repr(config), str(pickle.dumps(error)),
        "".join(traceback.format_exception(error)),
    ]  # fmt: skip
    assert [one for one in told if SECRET in one or "YWRhOnJu" in one] == []
    assert peer.seen[0].headers["Authorization"].startswith(("Bearer rn_", "Basic YWRhOnJu"))


def test_a_401_says_how_to_log_in(peer: Peer, config: Config) -> None:
    peer.script(REFUSED)
    with pytest.raises(errors.AuthenticationRequired) as refusal:
        rn.Client(config).list_artifacts()
    assert str(refusal.value) == (
        f"This token is unknown. Log in with `runicorn login {peer.url}`, or set RUNICORN_API_KEY "
        "to a token."
    )
    assert isinstance(refusal.value, PermissionError)
    assert len(peer.seen) == 1


def test_a_redirect_does_not_take_the_token_along(peer: Peer, config: Config) -> None:
    peer.script(bytes_answer(307, b"", Location=f"{peer.url}/elsewhere"))
    with pytest.raises(errors.ServerError):
        rn.Client(config).list_artifacts()
    assert len(peer.seen) == 1
