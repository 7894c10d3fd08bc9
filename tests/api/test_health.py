"""``GET /api/health``: may the portal be sent work?"""

from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from runicorn.version import __version__

ROUTE = "/api/health"


def test_a_portal_that_can_work_is_healthy(api: APIClient, store: Store) -> None:
    answer = api.get(ROUTE)
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "version": __version__}


def test_without_its_store_it_is_not(api: APIClient, store: Store) -> None:
    (store.root / "store.json").unlink()
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["detail"]


def test_with_another_portals_store_it_is_not(api: APIClient, store: Store) -> None:
    identity = store.root / "store.json"
    text = identity.read_text().replace(str(store.id), "0" * 8 + str(store.id)[8:])
    identity.unlink()
    identity.write_text(text)
    assert api.get(ROUTE).status_code == 503


def test_it_needs_no_login(team: None, api: APIClient, store: Store) -> None:
    assert api.get(ROUTE).status_code == 200
    assert api.head(ROUTE).status_code == 200
