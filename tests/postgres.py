"""One PostgreSQL for the whole test run: a pytest plugin, loaded by ``-p tests.postgres``.

The controller starts it before pytest-django reads the settings; xdist workers inherit its
address and make databases of their own in it. A DATABASE_URL that is already set is used as it is.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from runicorn_site.embedded import EmbeddedPostgres, database_url


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Start the server, unless an outer process (the xdist controller, the caller) named one."""
    os.environ["RUNICORN_DATABASE_POOL"] = "0"  # a pool's connections would outlive the databases
    if "DATABASE_URL" not in os.environ:
        start_for_this_process()
    return (yield)


def start_for_this_process() -> None:
    """Start a server that lives as long as this process: atexit also runs after Ctrl-C."""
    home = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    server = EmbeddedPostgres(home, fast=True)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(server.stop)
    server.start()
    os.environ["DATABASE_URL"] = database_url(home)
