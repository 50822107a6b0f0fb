"""What every test may use: the embedded servers, a database made from a migrated template, a browser."""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests import servers
from tests.required import missing

PROJECT = Path(__file__).resolve().parents[1]
TEMPLATES_KEPT = 4
LONGEST_TEST_SECONDS = 240
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVICES = {
    "postgres": os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mysql": os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql"),
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


# The database -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Make test databases from a template that is migrated once per state of the migrations."""
    from django.conf import settings

    if servers.failure:
        pytest.fail(f"the embedded servers did not start: {servers.failure}", pytrace=False)
    template = _template_name()
    if template is None:
        return
    with _one_at_a_time("template"):
        _make_template(template)
    settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = template


def _template_name() -> str | None:
    """A name that changes with the migrations and the installed versions; None while there are no migrations."""
    migrations = sorted(PROJECT.glob("pro*/migrations/[0-9]*.py"))
    if not migrations:
        return None
    digest = hashlib.sha256()
    for path in [*migrations, PROJECT / "requirements.lock"]:
        digest.update(path.name.encode() + path.read_bytes())
    return f"template_{digest.hexdigest()[:16]}"


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    with (servers.FOLDER.run / name).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make_template(name: str) -> None:
    """Migrate a draft and rename it, so that a failed migration leaves no half-made template behind."""
    base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    draft = sql.Identifier(f"{name}_draft")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(draft))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(draft))
        environment = {**os.environ, "DATABASE_URL": f"{base}/{name}_draft"}
        command = [sys.executable, "manage.py", "migrate", "--run-syncdb", "--settings", "ductape_site.settings.test"]
        result = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            pytest.fail(f"the migrations failed:\n{result.stdout}\n{result.stderr}", pytrace=False)
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, sql.Identifier(name)))
        _drop_old_templates(connection)


def _drop_old_templates(connection: psycopg.Connection) -> None:
    old = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%%' AND NOT datistemplate"
        " ORDER BY oid DESC OFFSET %s",
        [TEMPLATES_KEPT],
    ).fetchall()
    for (name,) in old:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


# No test may hang -----------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End a test that goes on for ever, saying where it was; a hung run would say nothing at all."""

    def too_long(_number: int, _frame: object) -> None:
        raise TimeoutError(f"{item.nodeid} has run for {LONGEST_TEST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_TEST_SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# What may be missing on a machine -----------------------------------------------------------------------------------


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where the machine is required to have it, when a browser or a server is missing."""
    if item.get_closest_marker("browser"):
        # Playwright keeps an event loop in the test's thread, which Django takes for asynchronous code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        if browser_program() is None:
            missing("no Chromium on this machine", required="REQUIRE_BROWSER")
    for marker in item.iter_markers("services"):
        for name in marker.args:
            if not _reachable(SERVICES[name]):
                missing(f"no {name} at {SERVICES[name]}", required="REQUIRE_SERVICES")


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def browser_program() -> str | None:
    """The machine's Chromium."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Playwright drives the machine's Chromium, not a browser of its own."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": browser_program(), "args": [*BROWSER_FLAGS, *sandbox]}


@pytest.fixture(scope="session")
def service_url() -> dict[str, str]:
    """Addresses of the servers that a test marked `services(name)` may use."""
    return SERVICES


@pytest.fixture
def cast(db: None) -> object:
    """Alice, Adam, Dev, Vera in `acme`; Charlie elsewhere (`tests.people.Cast`)."""
    from tests.people import make_cast

    return make_cast()
