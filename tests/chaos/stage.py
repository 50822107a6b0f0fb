"""All that a durability test has to itself: servers, lines to them that can be spoiled, a remote side, processes."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from ductape_site.cli import commands
from ductape_site.cli.commands import Listening
from ductape_site.cli.keys import MAKERS
from ductape_site.cli.preparing import migration_files
from ductape_site.embedded.folder import PROJECT, DataFolder
from ductape_site.embedded.ports import LOOPBACK, choose
from ductape_site.embedded.postgres import FAST, Postgres
from ductape_site.embedded.servers import Wanted, embedded_servers
from ductape_site.embedded.valkey import Valkey
from tests.chaos.processes import Process
from tests.chaos.proxy import Proxy
from tests.e2e import canary
from tests.patience import until

# Whatever is committed survives the death of the server; only a power cut, which nobody causes here, is not survived.
QUICK_DISK = {**FAST, "synchronous_commit": "on", "full_page_writes": "on"}
QUICK = {
    "RUN_LEASE_S": "4",
    "RUN_RENEW_S": "0.5",
    "WORKER_HEARTBEAT_S": "0.3",
    "RUN_SWEEP_S": "0.2",
    "RUN_RING_AGAIN_S": "1",
    "WORKER_SHUTDOWN_GRACE_S": "1",
    "WORKER_RUNS": "30",
    "BROKER_VISIBILITY_TIMEOUT_S": "10",
}
NOTE = "furnished"
END_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ductape'"
OWN = ("DATABASE_URL", "VALKEY_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")


@dataclass(frozen=True, slots=True)
class Way:
    """How a caller gets into one workspace."""

    workspace: str
    product: str
    key: str


@dataclass
class Stage:
    """Servers and lines; processes by name (`web`, `worker-1`, `scheduler-1`)."""

    folder: DataFolder
    postgres: Postgres
    valkey: Valkey
    lines: Mapping[str, Proxy]
    environment: dict[str, str]
    ports: dict[str, int]  # of the web processes
    remote: Process
    ledger: Path
    processes: dict[str, Process] = field(default_factory=dict)
    home: Way = Way("", "", "")
    elsewhere: Way = Way("", "", "")
    session: str = ""

    @property
    def port(self) -> int:
        """Of the first web process."""
        return self.ports["web"]

    def have(self, *names: str, **settings: str) -> list[Process]:
        """These processes, each one alive and at work; started if they are not, with further settings."""
        found = [self._known(name, settings) for name in names]
        for process in found:
            process.thaw()
            process.start()
        for process in found:
            until(lambda process=process: self._works(process), what=f"{process.name} works")  # type: ignore[misc]
        return found

    def holder(self, run: str) -> Process:
        """The worker that has this run, once one has it."""
        query = "SELECT w.pid FROM processors_run r JOIN processors_worker w ON w.id = r.worker_id WHERE r.id = %s"
        ((pid,),) = until(lambda: self.rows(query, [run]), what="a worker has the run")
        return next(process for process in self.processes.values() if process.is_alive and process.pid == pid)

    def rows(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Of the database, past the line that may be spoiled. Raises psycopg.Error."""
        with psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    def stop_postgres(self) -> None:
        """Immediate shutdown: nothing is written, nobody is asked."""
        if self.postgres.process is not None:
            self.postgres.process.send_signal(signal.SIGQUIT)
            self.postgres.process.wait(20)
            self.postgres.process = None

    def start_postgres(self) -> None:
        """It recovers what was committed. From the main thread."""
        with closed_files():
            if self.postgres.process is None:
                self.postgres.start()

    def save_database(self) -> None:
        """Remembers how it is at this moment; whoever is connected loses the connection."""
        self._rename("ALTER DATABASE ductape WITH ALLOW_CONNECTIONS false", END_CONNECTIONS)
        self._rename("DROP DATABASE IF EXISTS saved", "CREATE DATABASE saved TEMPLATE ductape")
        self._rename("ALTER DATABASE ductape WITH ALLOW_CONNECTIONS true")

    def restore_database(self) -> None:
        """Puts it back to that moment."""
        self._rename("DROP DATABASE ductape WITH (FORCE)", "ALTER DATABASE saved RENAME TO ductape")
        self._rename("ALTER DATABASE ductape WITH ALLOW_CONNECTIONS true")

    def _rename(self, *statements: str) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                connection.execute(statement)

    def start_valkey(self) -> None:
        """Empty, or as it was last written down. From the main thread."""
        with closed_files():
            if self.valkey.process is None:
                self.valkey.start()

    def forget_runs(self) -> None:
        """Ends what an earlier test left open: whoever holds it is fenced."""
        self.rows("UPDATE processors_run SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL")

    def heal(self) -> None:
        """Every server and line works, nobody is frozen."""
        for line in self.lines.values():
            line.heal()
        self.start_postgres()
        self.start_valkey()
        self.remote.start()
        for process in self.processes.values():
            process.thaw()

    def search(self) -> None:
        """Fails if anything that is sealed shows in clear in the database, in Valkey or in a log of our processes."""
        logs = [path for path in sorted(self.folder.logs.glob("*.log")) if path != self.remote.log]
        keys = self.environment["FIELD_ENCRYPTION_KEYS"].split(",")
        place = canary.Installation(self.postgres.url(), self.valkey.url(), keys, logs)
        assert any(canary.secrets_of(place)), "a search for nothing finds nothing"
        canary.nothing_leaks(place)

    def ask(self, method: str, path: str, body: Any = None, *, way: Way | None = None, **headers: str) -> Any:
        """Status and JSON of one REST call. Raises OSError, HTTPException."""
        way = way or self.home
        sent = {"Authorization": f"Bearer {way.key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = None if body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)) as connection:
            connection.request(method, path.replace("{w}", f"/api/v1/workspaces/{way.workspace}"), raw, sent)
            answer = connection.getresponse()
            content = answer.read()
        return answer.status, json.loads(content) if content[:1] in {b"{", b"["} else content.decode()

    def _known(self, name: str, settings: dict[str, str]) -> Process:
        wanted = {**self.environment, **settings}
        process = self.processes.get(name)
        if process is not None and process.environment != wanted:
            process.kill()
            process = None
        if process is None:
            log = self.folder.logs / f"{name}.log"
            process = self.processes[name] = Process(name, self._command(name), log, wanted)
        return process

    def _command(self, name: str) -> list[str]:
        kind = name.split("-")[0]
        if kind == "web":
            return commands.web(Listening(LOOPBACK, self.ports[name]))
        return commands.scheduler() if kind == "scheduler" else commands.worker(name=name)

    def _works(self, process: Process) -> bool:
        if not process.is_alive:
            raise RuntimeError(f"{process.name} ended:\n{process.text()[-4000:]}")
        if process.name in self.ports:
            return listens(self.ports[process.name])
        if process.name.startswith("scheduler"):
            return True
        beat = "SELECT 1 FROM processors_worker WHERE pid = %s AND heartbeat_at > now() - interval '2 seconds'"
        return bool(self.rows(beat, [process.pid]))


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.2).close()
    except OSError:
        return False
    return True


@contextmanager
def closed_files() -> Iterator[None]:
    """What is made meanwhile can be read by its owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def staged(root: Path, *, quick: bool, settings: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """A stage with people in it; what is in the folder already is used again while the migrations are the same.

    `quick`: short leases and a disk that need not survive a power cut. Everything is ended afterwards. From the main
    thread. Raises AlreadyRunningError when somebody else has the folder.
    """
    folder = DataFolder(root)
    folder.prepare()
    folder.hold()
    try:
        stage = _stage(_emptied(folder), {**(QUICK if quick else {}), **(settings or {})})
    except BaseException:
        folder.release()
        raise
    try:
        if quick:
            stage.postgres.tuning = QUICK_DISK
        for line in stage.lines.values():
            line.start()
        stage.heal()
        _furnish(stage)
        stage.forget_runs()
        yield stage
    finally:
        with ExitStack() as ending:  # each of them, whatever happens to the others
            ending.callback(folder.release)
            for line in stage.lines.values():
                ending.callback(line.stop)
            ending.callback(stage.valkey.stop)
            ending.callback(stage.postgres.stop)
            for process in [*stage.processes.values(), stage.remote]:
                ending.callback(process.kill)


def _emptied(folder: DataFolder) -> DataFolder:
    """Without what an earlier version of the migrations made, and without old logs."""
    if folder.note(NOTE).get("files") != _version():
        for name in ("postgres", "valkey"):
            shutil.rmtree(folder.servers_place() / name, ignore_errors=True)
        for note in (NOTE, "servers"):
            (folder.run / f"{note}.json").unlink(missing_ok=True)
    for path in [*folder.logs.glob("*.log"), folder.root / "ledger.jsonl"]:
        path.unlink(missing_ok=True)
    return folder


def _version() -> str:
    scene = hashlib.sha256(Path(__file__).with_name("scene.py").read_bytes())
    return migration_files() + scene.hexdigest()


def _stage(folder: DataFolder, settings: Mapping[str, str]) -> Stage:
    postgres, valkey = embedded_servers(folder, wanted=Wanted())
    known = folder.note(NOTE)
    far = {"postgres": postgres.port, "valkey": valkey.port, "remote": choose(None)}
    lines = {name: Proxy(choose(None), port) for name, port in far.items()}
    lines["remote"].port = known.get("remote_port") or lines["remote"].port  # it stands in the database
    environment = {
        **{name: value for name, value in os.environ.items() if name not in OWN},
        "DJANGO_SETTINGS_MODULE": "ductape_site.settings.dev",
        "DUCTAPE_DATA": str(folder.root),
        "DATABASE_URL": postgres.url().replace(f":{postgres.port}/", f":{lines['postgres'].port}/"),
        "VALKEY_URL": valkey.url().replace(f":{valkey.port}/", f":{lines['valkey'].port}/"),
        "CELERY_BROKER_URL": valkey.url().replace(f":{valkey.port}/", f":{lines['valkey'].port}/"),
        **(known.get("keys") or {name: make() for name, make in MAKERS.items()}),
        "EGRESS_ALLOW": f"{LOOPBACK}:{lines['remote'].port}",
        "LOG_LEVEL": "INFO",
        "MALLOC_ARENA_MAX": "2",
        **settings,
    }
    ports = {name: choose(None) for name in ("web", "web-2")}
    ledger = folder.root / "ledger.jsonl"
    command = [sys.executable, "-m", "tests.chaos.sink", str(far["remote"]), str(ledger)]
    remote = Process("remote", command, folder.logs / "remote.log", environment)
    return Stage(folder, postgres, valkey, lines, environment, ports, remote, ledger)


def _furnish(stage: Stage) -> None:
    """Tables, people, products, keys; remembered."""
    made = stage.folder.note(NOTE).get("made")
    if made is None:
        port = stage.lines["remote"].port
        _run(stage, commands.manage("migrate", "--no-input"))
        printed = _run(stage, [sys.executable, "-m", "tests.chaos.scene", f"http://{LOOPBACK}:{port}"])
        made = json.loads(printed.splitlines()[-1])
        keys = {name: stage.environment[name] for name in MAKERS}
        stage.folder.remember(NOTE, {"files": _version(), "remote_port": port, "keys": keys, "made": made})
    stage.home, stage.elsewhere, stage.session = Way(**made["home"]), Way(**made["elsewhere"]), made["session"]


def _run(stage: Stage, command: list[str]) -> str:
    done = subprocess.run(command, cwd=PROJECT, env=stage.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout
