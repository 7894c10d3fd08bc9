"""``manage.py serve`` as its users meet it: real processes, real signals."""

import urllib3

from tests.live import LivePortal


def test_serve_answers_health(live_portal: LivePortal) -> None:
    answer = urllib3.request("GET", f"{live_portal.url}/api/health")
    assert answer.status == 200
    assert answer.json()["status"] == "healthy"
