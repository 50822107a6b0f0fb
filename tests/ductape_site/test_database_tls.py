"""What stands behind the `?` of DATABASE_URL holds everywhere: Django, the workers' pool, the commands. Real TLS."""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from ductape_site import database, database_url
from ductape_site.cli.errors import CommandFailedError
from ductape_site.cli.outside import check_postgres
from ductape_site.env import SettingError
from processors.runtime import database as runtime_database
from products.services import egress
from tests.certificates import Authority

pytestmark = pytest.mark.django_db
PASSWORD = "s3cret-w0rd"
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
ENCRYPTED = ""  # asked of the connection itself
UNTRUSTED = "certificate verify failed|signature failure"


@dataclass(frozen=True, slots=True)
class Served:
    """The address of a server with TLS, who vouches for it, and who does not."""

    url: str
    root: Path
    other_root: Path


class Front:
    """TLS as PostgreSQL speaks it, before the server of the tests, which is built without: what is asked for is
    encrypted, what is not goes on in clear."""

    def __init__(self, behind: tuple[str, int], context: ssl.SSLContext) -> None:
        self._behind, self._context = behind, context
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        lines = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readexactly(8)
            if first == SSL_REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._context)
                first = b""
            there, back = await asyncio.open_connection(*self._behind)
            back.write(first)
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With a certificate for 127.0.0.1."""
    authority, stranger = (Authority(tmp_path_factory.mktemp(name)) for name in ("ours", "other"))
    parts = urlsplit(os.environ["DATABASE_URL"])
    front = Front((str(parts.hostname), int(parts.port or 5432)), authority.server("127.0.0.1"))
    try:
        credentials = parts.netloc.rpartition("@")[0]
        yield Served(f"postgresql://{credentials}@127.0.0.1:{front.port}/postgres", authority.file, stranger.file)
    finally:
        front.close()


def by_django(url: str, statement: str = ENCRYPTED) -> Any:
    """The answer that a connection of Django gets."""
    described = database.described(url)
    described["OPTIONS"].pop("pool")  # it tries again and again, and says in the end only that it gave up
    wrapper = DatabaseWrapper({**connections["default"].settings_dict, **described}, alias="default")
    try:
        with wrapper.cursor() as cursor:
            if statement == ENCRYPTED:
                return cursor.connection.pgconn.ssl_in_use
            cursor.execute(statement)
            return cursor.fetchone()[0]
    finally:
        wrapper.close()


def by_worker(url: str, monkeypatch: pytest.MonkeyPatch, statement: str = ENCRYPTED) -> Any:
    """The answer that the event loop of a worker gets, from its own pool."""

    async def ask(conninfo: str) -> Any:
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        async with connection:
            if statement == ENCRYPTED:
                return connection.pgconn.ssl_in_use
            return (await (await connection.execute(statement)).fetchone() or [None])[0]

    with monkeypatch.context() as patched:
        patched.setattr(connections["default"], "settings_dict", database.described(url))
        conninfo = runtime_database.conninfo()
    return asyncio.run(ask(conninfo))


@pytest.mark.parametrize(("parameters", "encrypted"), [
    ("sslmode=require", True),
    ("sslmode=disable", False),
    ("sslmode=verify-ca&sslrootcert={root}", True),
    ("sslmode=verify-full&sslrootcert={root}", True),
])  # fmt: skip
def test_what_the_address_says_of_tls_holds_for_django_workers_and_commands(
    served: Served, monkeypatch: pytest.MonkeyPatch, parameters: str, encrypted: bool
) -> None:
    url = f"{served.url}?{parameters.format(root=served.root)}"
    assert by_django(url) is encrypted
    assert by_worker(url, monkeypatch) is encrypted
    with psycopg.connect(**database_url.connecting(url, 5)) as connection:
        assert connection.pgconn.ssl_in_use is encrypted
    assert check_postgres(url).startswith("PostgreSQL ")


def test_a_server_that_nobody_vouches_for_is_refused_everywhere(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{served.url}?sslmode=verify-full&sslrootcert={served.other_root}"
    with pytest.raises(OperationalError, match=UNTRUSTED):
        by_django(url)
    with pytest.raises(psycopg.OperationalError, match=UNTRUSTED):
        by_worker(url, monkeypatch)
    with pytest.raises(CommandFailedError, match=UNTRUSTED) as refused:
        check_postgres(url)
    assert str(urlsplit(url).password) not in str(refused.value)


def test_a_certificate_for_another_name_is_refused(served: Served) -> None:
    url = f"{served.url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&sslrootcert={served.root}"
    with pytest.raises(OperationalError, match="does not match host name"):
        by_django(url)


def test_the_other_parameters_reach_the_server_from_django_and_workers(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{served.url}?application_name=mine&options=-c%20work_mem%3D5MB&target_session_attrs=read-write"
    url += "&connect_timeout=7"
    for statement, answer in (("SHOW application_name", "mine"), ("SHOW work_mem", "5MB"), ("SHOW jit", "off")):
        assert by_django(url, statement) == answer
        assert by_worker(url, monkeypatch, statement) == answer
    with pytest.raises(OperationalError, match=r"read-only|standby"):
        by_django(f"{served.url}?target_session_attrs=standby")
    assert by_worker(served.url, monkeypatch, "SHOW application_name") == "ductape-worker"


def test_a_deadline_of_requests_stands_beside_the_options_of_the_address(
    served: Served, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_URL = f"{served.url}?options=-c%20work_mem%3D5MB"
    described = database.described(settings.DATABASE_URL)
    monkeypatch.setitem(connections.settings, "default", described)
    monkeypatch.setattr(type(connections["default"]), "close_pool", lambda _: None)
    for seconds in (30, 30, 0):
        database.bound_statements(seconds)
        deadline = " -c statement_timeout=30000" if seconds else ""
        assert described["OPTIONS"]["options"] == f"-c jit=off -c work_mem=5MB{deadline}"


def test_of_several_hosts_the_one_that_answers_is_taken(served: Served) -> None:
    url = served.url.replace("@127.0.0.1", "@127.0.0.1:1,127.0.0.1")
    assert by_django(f"{url}?sslmode=require") is True
    assert len(egress._places(url)) == 2, "none of them may be called by runs"


@pytest.mark.parametrize(("parameters", "said"), [
    ("sslmod=require", "the parameter 'sslmod' is not known"),
    ("password=x", "the parameter 'password' is not known"),
    ("host=elsewhere", "the parameter 'host' is not known"),
    ("sslmode=verify", "sslmode is one of disable, allow"),
    ("target_session_attrs=writer", "target_session_attrs is one of any"),
    ("connect_timeout=soon", "connect_timeout is a number of seconds"),
    ("sslmode", "expected postgresql://"),
    ("application_name=%zz", "expected postgresql://"),
])  # fmt: skip
def test_K5_what_cannot_be_meant_is_refused_in_one_line_without_the_password(parameters: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        database.described(f"postgresql://me:{PASSWORD}@db.example/name?{parameters}")
    assert said in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(CommandFailedError, match="DATABASE_URL"):
        check_postgres(f"postgresql://me:{PASSWORD}@db.example/name?{parameters}")


def test_programs_of_postgresql_are_told_the_same() -> None:
    found = database_url.read("postgresql://me:p%40ss@db.example/name?sslmode=verify-full&sslrootcert=/ca.pem")
    assert found.environment() == {
        "PGHOST": "db.example", "PGUSER": "me", "PGPASSWORD": "p@ss", "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
    }  # fmt: skip
