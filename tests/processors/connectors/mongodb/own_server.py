"""A MongoDB of a test's own: SecantusDB, which speaks MongoDB's protocol on its storage engine, in its own process.

No package brings MongoDB's own server.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.patience import until

USER, PASSWORD = "team", "s3cret-w0rd"
RIGHTS = ["readWriteAnyDatabase", "dbAdminAnyDatabase"]
PROGRAM = Path(sys.executable).with_name("secantusd-py")


class OwnMongo:
    """Running from `start` to `end`; its user may read and write every database."""

    def __init__(self, folder: Path, *, options: tuple[str, ...] = ("--standalone",)) -> None:
        self.folder, self.options = folder, options
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """First without credentials, to make the user, then with them."""
        if not (self.folder / "data").exists():
            self._run()
            with MongoClient("127.0.0.1", self.port, directConnection=True) as client:
                client.admin.command("createUser", USER, pwd=PASSWORD, roles=RIGHTS)
                client.admin.command("createUser", "reader", pwd=PASSWORD, roles=["readAnyDatabase"])
            self.end(signal.SIGINT)
        self._run("--auth", *self.options)

    def end(self, how: int = signal.SIGKILL) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        pid = self.process.pid
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, what="it stands still")

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _run(self, *options: str) -> None:
        command = [PROGRAM, "--port", str(self.port), "--storage-path", str(self.folder / "data"), *options]
        if not options:
            command.append("--standalone")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        until(self._answers, what="a MongoDB of the test's own")

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def own_mongo(folder: Path, **options):
    server = OwnMongo(folder, **options)
    server.start()
    try:
        yield server
    finally:
        server.end()


def drop(port: int, database: str) -> None:
    """What a test made."""
    with MongoClient("127.0.0.1", port, username=USER, password=PASSWORD, directConnection=True) as client:
        try:
            client.drop_database(database)
        except PyMongoError:
            return


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
