"""Behind a proxy that speaks HTTPS: cookies, HSTS, and what Django's own check says."""

import json
import os
import subprocess
import sys

import pytest
from django.core.checks import Tags, run_checks

from tests.live import MANAGE

TEAM = {
    "RUNICORN_ACCESS": "team",
    "RUNICORN_SECRET_KEY": "tMu7-kq0Wz1RbXcYd4EfGh5IjKl6MnOp8QrSt9UvWx2YzAb3CdE7FgH",
    "RUNICORN_HTTPS": "on",
    "RUNICORN_TRUSTED_PROXIES": "1",
    "DATABASE_URL": "sqlite://:memory:",
    "RUNICORN_DATABASE_POOL": "0",
}
NAMES = [
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_SSL_REDIRECT",
]
ASK = f"""
from django.conf import settings; from django.test import Client; import json
settings.ALLOWED_HOSTS = ["testserver"]
def get(path, **headers):
    answer = Client().get(path, headers=headers)
    return [answer.status_code, answer.get("Location"), answer.get("Strict-Transport-Security")]
print(json.dumps([
    [getattr(settings, name) for name in {NAMES}],
    get("/nothing"), get("/api/nothing"), get("/nothing", **{{"X-Forwarded-Proto": "https"}}),
]))
"""


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``manage.py`` with settings of its own."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("RUNICORN_")}
    return subprocess.run(
        [sys.executable, str(MANAGE), *words],
        env=ours | TEAM | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_for_deployment_finds_nothing_in_team_mode() -> None:
    found = manage("check", "--deploy", "--fail-level", "WARNING")
    assert (found.returncode, "no issues" in found.stdout) == (0, True), found.stderr


def test_https_without_a_trusted_proxy_is_refused() -> None:
    found = manage("check", RUNICORN_TRUSTED_PROXIES="0")
    assert (found.returncode, "runicorn.E008" in found.stderr) == (1, True)


@pytest.mark.parametrize("value", ["off", "on"])
def test_the_check_is_about_the_pair(settings: object, value: str) -> None:
    settings.RUNICORN_HTTPS = value  # type: ignore[attr-defined]
    ids = [message.id for message in run_checks(tags=[Tags.security])]
    assert ("runicorn.E008" in ids) is (value == "on")


def test_pages_lead_to_https_and_the_api_never_redirects() -> None:
    answer = manage("shell", "-v0", "-c", ASK)
    values, page, api, secure = json.loads(answer.stdout.splitlines()[-1])
    assert values == [31536000, True, True, True]
    assert page == [301, "https://testserver/nothing", None]
    assert api == [404, None, None]
    assert secure == [404, None, "max-age=31536000"]


def test_without_it_the_header_of_a_client_means_nothing() -> None:
    answer = manage("shell", "-v0", "-c", ASK, RUNICORN_HTTPS="off")
    values, page, _, secure = json.loads(answer.stdout.splitlines()[-1])
    assert values == [0, False, False, False]
    assert page == secure == [404, None, None]
