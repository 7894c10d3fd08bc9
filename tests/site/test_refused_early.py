"""On the wire: a refusal comes before the bytes are sent, and no secret comes into the log."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

import runicorn as rn
from runicorn.config import Config
from runicorn.errors import QuotaExceeded, TooLarge
from runicorn.transport import Call
from tests.live import MANAGE, LivePortal, fresh_database, start_portal

LIMIT = 12 << 20
QUOTA = 1 << 20
PASSWORD = "correct-horse-battery-staple"
SETUP = f"""
from accounts.models import Team
from accounts.roles import Role
from tests.people import make_token, make_user
ada = make_user("ada", Role.ADMIN, {{"vision": Role.MAINTAINER}})
ada.set_password("{PASSWORD}"); ada.is_staff = True; ada.save()
Team.objects.update(quota_bytes={QUOTA})
print(make_token(ada))
"""
Served = tuple[LivePortal, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A portal in team mode with limits, that logs all it can, and the token of an admin."""
    with fresh_database() as database_url:
        settings = {
            "DATABASE_URL": database_url,
            "RUNICORN_ACCESS": "team",
            "RUNICORN_SECRET_KEY": "tMu7-kq0Wz1RbXcYd4EfGh5IjKl6MnOp8QrSt9UvWx2YzAb3CdE7FgH",
            "RUNICORN_MAX_FILE_BYTES": str(LIMIT),
            "RUNICORN_LOG_LEVEL": "DEBUG",
            "RUNICORN_WORKERS": "1",
        }
        portal = start_portal(tmp_path_factory.mktemp("limited") / "var", **settings)
        made = subprocess.run(
            [sys.executable, str(MANAGE), "shell", "-v0", "-c", SETUP],
            env=os.environ | settings | {"RUNICORN_DATA_DIR": str(portal.data_dir)},
            capture_output=True,
            text=True,
            check=True,
        )
        yield portal, made.stdout.strip()
        portal.stop()


def send_head(served: Served, path: str, length: int, *more: str) -> bytes:
    """Announce a body, send none of it, and return what the portal says to that."""
    portal, token = served
    address = urlsplit(portal.url)
    lines = [
        f"PUT {path} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Authorization: Bearer {token}",
        f"Content-Length: {length}",
        *more,
        "",
        "",
    ]
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall("\r\n".join(lines).encode())
        answer = b""
        while b'"}' not in answer and b"}" not in answer:
            piece = client.recv(65536)
            if not piece:
                break
            answer += piece
    return answer


ROUTE = f"/api/blobs/sha256:{'0' * 64}"


@pytest.mark.parametrize("expect", [[], ["Expect: 100-continue"]])
@pytest.mark.parametrize(
    ("query", "length", "status", "code"),
    [
        ("", LIMIT + 1, b"413", b"too_large"),
        ("?artifact=vision/model/m", QUOTA + 1, b"507", b"quota_exceeded"),
    ],
)
def test_the_refusal_comes_before_the_body_is_sent(
    served: Served, expect: list[str], query: str, length: int, status: bytes, code: bytes
) -> None:
    answer = send_head(served, ROUTE + query, length, *expect)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert code in answer
    assert b"100 Continue" not in answer


@pytest.fixture
def client(served: Served) -> rn.Client:
    portal, token = served
    return rn.Client(Config(url=portal.url, api_key=token))


def test_the_sdk_says_what_the_limit_is_and_does_not_try_again(
    client: rn.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_again(monkeypatch)
    with pytest.raises(TooLarge, match=str(LIMIT)):
        log(client, tmp_path, "m", LIMIT + 1)


@pytest.mark.parametrize("size", [QUOTA + 1, LIMIT - 1])
def test_the_sdk_says_what_a_quota_is_and_does_not_try_again(
    client: rn.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    never_again(monkeypatch)
    begin_line_of_team(client)
    with pytest.raises(QuotaExceeded, match="vision has used 4 of its quota") as refusal:
        log(client, tmp_path, "line", size)
    assert isinstance(refusal.value, rn.errors.StorageFull)
    assert refusal.value.details["used_bytes"] == 4


def test_a_version_of_small_files_is_refused_before_any_is_sent(
    served: Served, client: rn.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_again(monkeypatch)
    artifact = rn.Artifact("many", type="model", team="vision")
    contents = [os.urandom(QUOTA // 4) for _ in range(5)]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.bin").write_bytes(content)
        artifact.add_file(tmp_path / f"{number}.bin")
    with rn.Run("p", client=client) as run, pytest.raises(QuotaExceeded) as refusal:
        run.log_artifact(artifact)
    assert refusal.value.details["asked_bytes"] == 5 * (QUOTA // 4)
    digests = [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in contents]
    assert client.find_missing(digests) == digests
    log = served[0].log.read_text().split("/api/blobs/missing status=507")[1]
    assert "PUT /api/blobs" not in log.split("/api/blobs/missing")[0]


@pytest.mark.parametrize("attempt", range(5))
def test_a_plain_put_of_too_much_is_told_so_too(client: rn.Client, attempt: int) -> None:
    content = os.urandom(LIMIT + 1)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with pytest.raises(TooLarge):
        client.put_blob(digest, len(content), lambda: content, artifact="model/m")


def never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("tried again"))


def log(client: rn.Client, folder: Path, name: str, size: int) -> None:
    (folder / "file.bin").write_bytes(os.urandom(size))
    artifact = rn.Artifact(name, type="model")
    artifact.add_file(folder / "file.bin")
    with rn.Run("p", client=client) as run:
        run.log_artifact(artifact)


def begin_line_of_team(client: rn.Client) -> None:
    """The SDK knows no teams yet: what it logs goes to the artifact of that name."""
    transport = client._transport
    digest = f"sha256:{hashlib.sha256(b'tiny').hexdigest()}"
    client.put_blob(digest, 4, lambda: b"tiny", artifact="vision/model/line")
    files = [{"path": "a", "digest": digest, "size": 4}]
    body = json.dumps({"type": "model", "team": "vision", "files": files}).encode()
    headers = {"Content-Type": "application/json"}
    path = "/api/artifacts/line/versions"
    transport.request(Call("POST", path, headers=headers, body=lambda: body))


def test_no_secret_is_logged(served: Served) -> None:
    portal, token = served
    http = urllib3.PoolManager(retries=False)
    basic = base64.b64encode(f"ada:{token}".encode()).decode()
    wrong = "rn_" + "w" * 43
    urls = [f"?token={token}", f"?q={token}", f"?api_key=hunter2hunter2&x={wrong}", f"/{token}"]
    for url in urls:
        http.request("GET", f"{portal.url}/api/artifacts{url}")
    for header in (f"Bearer {token}", f"Token {wrong}", f"Basic {basic}"):
        http.request("GET", f"{portal.url}/api/artifacts", headers={"Authorization": header})
    login = http.request("GET", f"{portal.url}/admin/login/")
    csrf = login.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    fields = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": csrf}
    entered = http.request(
        "POST", f"{portal.url}/admin/login/", fields=fields, encode_multipart=False,
        redirect=False, headers={"Cookie": f"csrftoken={csrf}"},
    )  # fmt: skip
    session = entered.headers["Set-Cookie"].partition("sessionid=")[2].split(";")[0]
    assert (entered.status, bool(session)) == (302, True)
    log = portal.log.read_text()
    assert "/api/artifacts?token=…" in log
    for secret in (token, wrong, basic, PASSWORD, "hunter2hunter2", csrf, session):
        assert secret not in log
