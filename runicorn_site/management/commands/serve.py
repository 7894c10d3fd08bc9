"""``manage.py serve``: the whole portal in the foreground, from nothing to Ctrl-C.

In order: refuse bad settings, take the data folder and the port, start PostgreSQL, migrate, make or
check the store, serve. In the end the same backwards. This process is the parent of everything;
when it dies, in whatever way, its children do.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from accounts.access import needs_first_admin
from accounts.setup import make_setup_code
from artifacts.errors import StoreUnavailable
from artifacts.services.store import prepare_store
from runicorn.version import __version__
from runicorn_site.checks import check_postgres
from runicorn_site.embedded import EmbeddedPostgres, EmbeddedPostgresError
from runicorn_site.server.data_dir import DataDirError, hold_data_dir, keep_secret_key
from runicorn_site.server.port import PortError, address_url, free_address
from runicorn_site.server.web import KILL_SECONDS, serve_until_stopped

REFUSALS = (DataDirError, EmbeddedPostgresError, OperationalError, PortError, StoreUnavailable)
ACCESS = {
    "open": "open: anybody on this machine may do everything",
    "team": "team: with a login",
}
TO_TEAM_MODE = (
    "For a team: `RUNICORN_ACCESS=team RUNICORN_SECRET_KEY=… make run` asks everybody for a login;",
    "          README.md, “For a team”, says how to make the first account.",
)
STOPPING = f"Stopping: running requests have {KILL_SECONDS} s; Ctrl-C again ends them now."


class Command(BaseCommand):
    """Serve the portal until Ctrl-C."""

    help = "Serve the portal until Ctrl-C: PostgreSQL, migrations, the store and the web server."
    requires_system_checks = []  # run below, in the order that makes sense here

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; raises CommandError (exit 1) with one line for whatever is in the way."""
        # A stop during the start must also go through every ``finally``.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._serve()
        except KeyboardInterrupt:
            pass
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        self._say("Stopped.")

    def _serve(self) -> None:
        url = address_url(settings.RUNICORN_HOST, settings.RUNICORN_PORT)
        refuse_errors(run_checks())
        with hold_data_dir(settings.RUNICORN_DATA_DIR, url=url):
            address = free_address(settings.RUNICORN_HOST, settings.RUNICORN_PORT)
            self._introduce(url)
            if not settings.RUNICORN_SECRET_KEY:
                keep_secret_key(settings.SECRET_KEY_PATH, settings.SECRET_KEY)
            with self._database():
                setup_code = self._prepare()
                serve_until_stopped(
                    address=address,
                    port=settings.RUNICORN_PORT,
                    workers=settings.RUNICORN_WORKERS,
                    on_ready=partial(self._say_ready, url, setup_code),
                    on_stop=partial(self._say, STOPPING),
                )

    def _introduce(self, url: str) -> None:
        database = "embedded PostgreSQL" if settings.IS_EMBEDDED else "DATABASE_URL"
        self._say(f"Runicorn Portal {__version__}  {url}")
        self._say(f"Data      {settings.RUNICORN_DATA_DIR}")
        self._say(f"Store     {settings.RUNICORN_STORAGE_ROOT}")
        self._say(f"Database  {database}")
        self._say(f"Access    {ACCESS[settings.RUNICORN_ACCESS]}")
        if settings.RUNICORN_ACCESS == "open":
            for line in TO_TEAM_MODE:
                self._say(line)

    @contextmanager
    def _database(self) -> Iterator[None]:
        """The embedded PostgreSQL for the ``with`` block; nothing where DATABASE_URL is set."""
        if not settings.IS_EMBEDDED:
            yield
            return
        postgres = EmbeddedPostgres(settings.EMBEDDED_HOME)
        try:
            postgres.start()
            with stopped_with(postgres):
                yield
        finally:
            postgres.stop()

    def _prepare(self) -> str:
        """Bring the database and the store into the state that the code expects.

        Returns the setup code where nobody could run the portal yet, else nothing.
        """
        with plain_connection():
            refuse_errors(check_postgres(None, ["default"]))  # the migrations speak its SQL
            call_command("migrate", interactive=False, verbosity=0)
            refuse_errors(run_checks(tags=[Tags.database], databases=["default"]))
            prepare_store()
            return make_setup_code() if needs_first_admin() else ""

    def _say_ready(self, url: str, setup_code: str) -> None:
        self._say(f"Serving {url} until Ctrl-C.")
        if setup_code:
            self._say(f"There is no admin yet: open {url}/welcome, the setup code is {setup_code}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def plain_connection() -> Iterator[None]:
    """A database connection without the pool, closed after the ``with`` block.

    It says at once what is wrong, and leaves nothing open that the workers would inherit: the
    threads and sockets of a pool do not survive a fork.
    """
    options = connection.settings_dict["OPTIONS"]
    pool = options.pop("pool", None)
    try:
        yield
    finally:
        connection.close()
        if pool is not None:
            options["pool"] = pool


def refuse_errors(found: list[CheckMessage]) -> None:
    """Raise CommandError with every error among ``found`` and its hint."""
    errors = [message for message in found if message.is_serious()]
    if errors:
        lines = [f"{error.msg}\n  {error.hint or ''} ({error.id})" for error in errors]
        raise CommandError("\n".join(lines))


@contextmanager
def stopped_with(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Stop this process as Ctrl-C does when ``postgres`` ends during the ``with`` block.

    Raises EmbeddedPostgresError afterwards, so that the exit code tells.
    """
    leaving = threading.Event()
    died = threading.Event()
    process = postgres.process
    assert process is not None  # noqa: S101 (started by the caller)

    def watch() -> None:
        process.wait()
        if not leaving.is_set():
            died.set()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="postgres-watch", daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        if not died.is_set():
            raise
    finally:
        leaving.set()
    if died.is_set():
        raise EmbeddedPostgresError(f"PostgreSQL has ended by itself; see {postgres.log}")
