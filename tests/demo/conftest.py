"""A portal filled with a smaller demo, once for all tests of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

import runicorn as rn
from examples.demo.filling import fill
from runicorn.config import Config
from tests.live import fresh_database, start_portal

SCALE = 0.2


@dataclass
class Filled:
    """The portal's API, how many versions were logged, and what was said meanwhile."""

    client: rn.Client
    logged: int = 0
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The demo at ``SCALE`` on a portal of its own."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path_factory.mktemp("demo") / "var", DATABASE_URL=database_url)
        try:
            demo = Filled(rn.Client(Config(url=portal.url)))
            demo.logged = fill(demo.client, scale=SCALE, say=demo.said.append)
            yield demo
        finally:
            portal.stop()
