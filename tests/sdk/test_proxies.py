"""The way to the server through a proxy."""

import base64

import pytest

import runicorn as rn
from runicorn.config import Config
from runicorn.proxies import Proxy, proxy_for
from tests.sdk.peers import Peer, json_answer

FAR = "http://portal.example:23300"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine of the tests has does not count."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_calls_go_through_the_proxy_with_its_password(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", peer.url.replace("://", "://me:s%20cret@"))
    peer.script(json_answer(200, {"dedup_enabled": True}))
    assert rn.Client(Config(url=FAR)).get_stats()["dedup_enabled"]
    (seen,) = peer.seen
    assert (seen.method, seen.path) == ("GET", f"{FAR}/api/artifacts/stats")
    password = base64.b64encode(b"me:s cret").decode()
    assert seen.headers["proxy-authorization"] == f"Basic {password}"


def test_this_machine_is_asked_directly(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    peer.script(json_answer(200, {"dedup_enabled": True}))
    assert rn.Client(Config(url=peer.url)).get_stats()["dedup_enabled"]
    assert peer.calls == ["GET /api/artifacts/stats"]


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, FAR, None),
        ({"HTTP_PROXY": "http://a:1"}, FAR, Proxy("http://a:1", None)),
        ({"HTTP_PROXY": "a:1"}, FAR, Proxy("http://a:1", None)),
        ({"HTTP_PROXY": "http://a:1", "ALL_PROXY": "http://b:1"}, FAR, Proxy("http://a:1", None)),
        ({"ALL_PROXY": "https://u@[::2]:1"}, FAR, Proxy("https://[::2]:1", "u:")),
        ({"HTTPS_PROXY": "http://a:1"}, FAR, None),
        ({"HTTPS_PROXY": "http://a:1"}, "https://portal.example", Proxy("http://a:1", None)),
        ({"HTTP_PROXY": "http://a:1", "NO_PROXY": "portal.example"}, FAR, None),
        ({"HTTP_PROXY": "http://a:1"}, "http://localhost:1", None),
        ({"HTTP_PROXY": "http://a:1"}, "http://[::1]:1", None),
        ({"HTTP_PROXY": ""}, FAR, None),
    ],
)
def test_the_environment_says_which(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: Proxy | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_one_that_speaks_no_http_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@a:1")
    with pytest.raises(ValueError, match="not socks5://") as refused:
        proxy_for(FAR)
    assert "secret" not in str(refused.value)
