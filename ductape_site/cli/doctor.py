"""`ductape doctor`: looks at everything that can be wrong with an installation and says it in words.

To extend it, write a function that returns findings and add it to CHECKS or, if it needs Django and the database, to
DATABASE_CHECKS; `doctor_site` has those about the work and the site.
"""

import datetime as dt
import platform
import shutil
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version

import django
import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from ductape_site import database_url, health
from ductape_site.cli import install
from ductape_site.cli.errors import CommandFailedError
from ductape_site.cli.findings import Finding, State
from ductape_site.cli.outside import check_broker, check_postgres, check_valkey
from ductape_site.cli.preparing import STATIC
from ductape_site.cli.surroundings import given, is_open
from ductape_site.embedded.errors import EmbeddedError
from ductape_site.embedded.folder import DataFolder, default_data_folder
from ductape_site.embedded.servers import known_addresses
from ductape_site.env import SettingError

LITTLE_DISK, HARDLY_ANY_DISK = 2 * 1024**3, 256 * 1024**2
LITTLE_MEMORY, HARDLY_ANY_MEMORY = 512 * 1024**2, 128 * 1024**2
CLOCK_SECONDS = 2.0
PACKAGES = ("Django", "djangorestframework", "celery", "channels", "psycopg", "uvicorn", "aiohttp")


def examine() -> list[Finding]:
    """Run every check; those that need the database only when it answers."""
    findings = [finding for check in CHECKS for finding in check()]
    if any(finding.name == "database" and finding.state is State.WELL for finding in findings):
        findings += _examine_database()
    return findings


def _examine_database() -> list[Finding]:
    try:
        django.setup()
    except (SettingError, ImproperlyConfigured) as error:
        return [Finding("settings", State.BAD, str(error))]
    from ductape_site.cli.doctor_site import SITE_CHECKS  # noqa: PLC0415 - its models need a Django that is set up

    found: list[Finding] = []
    try:
        for check in (*DATABASE_CHECKS, *SITE_CHECKS):
            if check in SITE_CHECKS and any(finding.name == "migrations" and finding.is_failure for finding in found):
                break  # the tables that the others look at may not be there
            found += check()
    finally:
        connections.close_all()
    return found


def report(findings: Iterable[Finding]) -> str:
    """The findings for a terminal."""
    return "\n".join(f"{finding.state.value:<5} {finding.name:<12} {finding.words}" for finding in findings)


def check_versions() -> list[Finding]:
    """Python and the packages that matter most."""
    try:
        install.check_python()
    except install.InstallError as error:
        return [Finding("python", State.BAD, str(error))]
    try:
        words = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as error:
        return [Finding("packages", State.BAD, f"{error.name} is not installed; run `make setup`")]
    return [Finding("python", State.WELL, platform.python_version()), Finding("packages", State.WELL, words)]


def check_assets() -> list[Finding]:
    """Whether the pages have their scripts and styles."""
    if (STATIC / ".collected").exists():
        return [Finding("assets", State.WELL, "built and collected")]
    return [Finding("assets", State.NOTE, "not collected yet; `ductape up` and `ductape serve` do it")]


def check_folder() -> list[Finding]:
    """Whether the data folder can be written to and has room."""
    folder = DataFolder(default_data_folder())
    try:
        folder.prepare()
    except EmbeddedError as error:
        return [Finding("data folder", State.BAD, str(error))]
    free = shutil.disk_usage(folder.root).free
    words = f"{free / 1024**3:.1f} GiB free in {folder.root}"
    state = State.BAD if free < HARDLY_ANY_DISK else State.NOTE if free < LITTLE_DISK else State.WELL
    return [Finding("disk", state, words)]


def check_memory() -> list[Finding]:
    """Whether there is memory left; one worker takes 150 MB and more under load."""
    memory = psutil.virtual_memory()
    free = memory.available
    words = f"{free / 1024**3:.1f} of {memory.total / 1024**3:.1f} GiB available"
    state = State.BAD if free < HARDLY_ANY_MEMORY else State.NOTE if free < LITTLE_MEMORY else State.WELL
    return [Finding("memory", state, words)]


def check_running() -> list[Finding]:
    """Whether `ductape up` runs, and where."""
    folder = DataFolder(default_data_folder())
    address = folder.note("holder").get("address")
    if folder.is_held():
        return [Finding("running", State.WELL, f"at {address}" if address else "yes")]
    return [Finding("running", State.NOTE, "`ductape up` is not running with this data folder")]


def check_keys() -> list[Finding]:
    """Whether the installation has its keys, without which nobody's secrets can be read."""
    missing = [name for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS") if is_open(name)]
    if missing:
        return [Finding("keys", State.NOTE, f"{' and '.join(missing)} not set yet; the first start makes them")]
    chosen = "generated at the first start" if given("SECRET_KEY").startswith("generated-") else "set"
    return [Finding("keys", State.WELL, chosen)]


def check_servers() -> list[Finding]:
    """Whether PostgreSQL, Valkey and the broker answer, and which versions they are."""
    looks: list[tuple[str, str, Callable[[str], str]]] = [
        ("database", "DATABASE_URL", check_postgres),
        ("valkey", "VALKEY_URL", lambda url: check_valkey(url, name="VALKEY_URL")),
        ("broker", "CELERY_BROKER_URL", check_broker),
    ]
    return [_look(name, given(setting), check) for name, setting, check in looks]


def _look(name: str, url: str, check: Callable[[str], str]) -> Finding:
    folder = DataFolder(default_data_folder())
    embedded = known_addresses(folder)
    is_embedded = embedded is not None and url in embedded.environment().values()
    if not url or (is_embedded and not folder.is_held()):
        return Finding(name, State.NOTE, "embedded, not running; `ductape up` starts it")
    try:
        return Finding(name, State.WELL, check(url) + (" (embedded)" if is_embedded else ""))
    except CommandFailedError as error:
        return Finding(name, State.BAD, str(error))


def check_clock() -> list[Finding]:
    """Whether this machine and the database agree on the time: leases and schedules depend on it."""
    with psycopg.connect(**database_url.connecting(given("DATABASE_URL"), 5)) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    difference = abs((dt.datetime.now(dt.UTC) - row[0]).total_seconds()) if row else 0.0
    state = State.WELL if difference < CLOCK_SECONDS else State.BAD
    return [Finding("clock", state, f"{difference:.1f} s apart from the database")]


def check_migrations() -> list[Finding]:
    """Whether the database has the shape this version expects."""
    found = health.check_migrations()
    words = found.words if found.well else f"{found.words}; run `ductape migrate`"
    return [Finding("migrations", State.WELL if found.well else State.BAD, words)]


def check_master_keys() -> list[Finding]:
    """Whether the master keys open what the database holds."""
    from products.services import rotation  # noqa: PLC0415 - models, which come with Django

    try:
        rotation.check_master_keys()
    except rotation.KeysDoNotFitError as error:
        return [Finding("master keys", State.BAD, str(error))]
    except DatabaseError as error:
        return [Finding("master keys", State.NOTE, f"not known ({type(error).__name__})")]
    return [Finding("master keys", State.WELL, "open every workspace's secrets")]


CHECKS: list[Callable[[], list[Finding]]] = [
    check_versions,
    check_assets,
    check_folder,
    check_memory,
    check_running,
    check_keys,
    check_servers,
]
DATABASE_CHECKS: list[Callable[[], list[Finding]]] = [check_clock, check_migrations, check_master_keys]
