"""Names the embedded servers to Django before it reads its settings; loaded as a plugin, ahead of pytest-django.

All test sessions on this checkout share one PostgreSQL and one Valkey, whose keeper ends them when the last session is
gone. Each session has databases of its own, each worker of a session too.
"""

import os
import signal
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from ductape_site.embedded.errors import EmbeddedError
from ductape_site.embedded.folder import PROJECT, DataFolder
from ductape_site.embedded.keeper import use

FOLDER = DataFolder(Path(os.environ.get("DUCTAPE_TEST_DATA") or PROJECT / "var" / "test"))
SESSION = "DUCTAPE_TEST_SESSION"
ADDRESSES = ("DUCTAPE_TEST_POSTGRES", "DUCTAPE_TEST_VALKEY")
VALKEY_DATABASES_PER_SESSION = 16
failure: str = ""


def _start() -> None:
    """In the process that was started by a person: have the servers, and tell the workers where they are."""
    global failure
    try:
        addresses = use(FOLDER)
    except EmbeddedError as error:
        failure = str(error)
        return
    os.environ[SESSION] = str(os.getpid())
    os.environ[ADDRESSES[0]] = addresses.database_url
    os.environ[ADDRESSES[1]] = addresses.valkey_url
    _drop_databases_of_dead_sessions(addresses.database_url)


def _name_servers() -> None:
    """In every process: the settings, with databases that no other worker or session uses."""
    session = int(os.environ[SESSION])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    number = (session * VALKEY_DATABASES_PER_SESSION + int(worker) % VALKEY_DATABASES_PER_SESSION) % 2048
    postgres, valkey = (os.environ[name].rsplit("/", 1)[0] for name in ADDRESSES)
    os.environ["DATABASE_URL"] = f"{postgres}/ductape_{session}"
    os.environ["VALKEY_URL"] = os.environ["CELERY_BROKER_URL"] = f"{valkey}/{number}"


def _drop_databases_of_dead_sessions(url: str) -> None:
    """A session that was killed could not drop its databases."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(r"SELECT datname FROM pg_database WHERE datname ~ '^test_ductape_\d+'").fetchall()
        for (name,) in rows:
            if not psutil.pid_exists(int(name.split("_")[2])):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


# Settings of a developer's own shell must not reach the tests.
for _name in ("DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "BASE_URL", "EGRESS_ALLOW", "SECRET_KEY"):
    os.environ.pop(_name, None)
# An interrupted session must still run its clean-up when it is ended by a supervisor.
signal.signal(signal.SIGTERM, signal.default_int_handler)
if SESSION not in os.environ:
    _start()
if not failure:
    _name_servers()
