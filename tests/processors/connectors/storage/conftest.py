"""A storage of each provider, on servers that are started once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from processors.connectors.storage.connector import StorageConnector
from products.lib.addresses import AddressPolicy
from tests import storage_servers
from tests.contracts.storages import Storage
from tests.storage_servers import Server

REMOTE = ("s3", "azure", "gcs")
PROVIDERS = (*REMOTE, "local")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    with storage_servers.s3() as server:
        yield server


@pytest.fixture(scope="session")
def azure_server() -> Iterator[Server]:
    with storage_servers.azure() as server:
        yield server


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[Server]:
    with storage_servers.google() as server:
        yield server


@pytest.fixture(scope="session")
def local_server() -> Server:
    return Server("local", 0, {"folder": "files"})


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """Of the provider that the test is parametrised with."""
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def s3(s3_server: Server) -> Server:
    return s3_server


@pytest_asyncio.fixture
async def connected(tmp_path: Path):
    """Makes storages; what they keep open is closed after the test."""
    made: list[StorageConnector] = []

    def connect(server: Server, *, allow: tuple[str, ...] | None = None, **settings: object) -> Storage:
        policy = AddressPolicy.from_entries(
            [f"127.0.0.1:{server.port}"] if allow is None and server.port else allow or ()
        )
        connector = StorageConnector(policy, tmp_path / "disk", lambda link: f"https://here.test/{link.key}?s=1")
        made.append(connector)
        given = {**server.settings, **settings}
        if server.provider != "local":
            given.setdefault("prefix", uuid4().hex)
        return Storage(connector, server.provider, given, server.secrets)

    yield connect
    for connector in made:
        await connector.close()


@pytest.fixture
def storage(server: Server, connected) -> Storage:
    """A place of its own, with nothing in it."""
    return connected(server)
