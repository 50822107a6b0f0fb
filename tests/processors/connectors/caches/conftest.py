"""Places of caches on the servers of the tests, and connectors that end with their test."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

from processors.connectors.caches.connector import CacheConnector
from processors.connectors.resources import ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.sealing import Sealer, new_data_key
from tests.processors.connectors.caches.own_server import own_server

REDIS_URL = os.environ.get("DUCTAPE_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


class Vault:
    """A data key for each workspace."""

    def __init__(self) -> None:
        self.keys: dict = {}

    async def sealer(self, workspace_id):
        return Sealer(self.keys.setdefault(workspace_id, new_data_key()))


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest_asyncio.fixture
async def connector(vault: Vault):
    """Makes connectors that may call this machine, with the tests' vault."""
    made = []

    def make(*, policy: AddressPolicy | None = None, builtin: str | None = None, **options) -> CacheConnector:
        policy = policy or AddressPolicy.from_entries(["127.0.0.0/8"])
        url = os.environ["VALKEY_URL"] if builtin is None else builtin
        options = {"patience_s": 10.0, "vault": vault, **options}
        made.append(CacheConnector(policy, url, **options))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def a_place(provider: str, **settings) -> ResourcePlace:
    return ResourcePlace(uuid4(), uuid4(), provider, settings, "one", "acme-shop")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory):
    """A Valkey of the session's own, whose user may do what a cache needs and nothing dangerous."""
    with own_server(tmp_path_factory.mktemp("valkey")) as server:
        yield server


def team_place(port: int, **settings) -> ResourcePlace:
    given = {"host": "127.0.0.1", "port": port, "user": "team", "password": "s3cret-w0rd", "tls": "off", **settings}
    return a_place("redis", **given)


def redis_place() -> ResourcePlace:
    url = urlsplit(REDIS_URL)
    return a_place(
        "redis", host=url.hostname, port=url.port or 6379, database=int(url.path.strip("/") or 0),
        user=url.username or "", password=url.password or "", tls="off",
    )  # fmt: skip
