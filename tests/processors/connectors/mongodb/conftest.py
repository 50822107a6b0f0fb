"""A MongoDB for the session, a database for each test, connectors that end with their test."""

from __future__ import annotations

from uuid import uuid4

import pytest
import pytest_asyncio

from processors.connectors.mongodb.connector import MongoConnector
from processors.connectors.resources import ResourceCall, ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.redaction import Redactor
from tests.processors.connectors.mongodb.own_server import PASSWORD, USER, drop, own_mongo


@pytest.fixture(scope="session")
def mongo(tmp_path_factory):
    with own_mongo(tmp_path_factory.mktemp("mongo")) as server:
        yield server


@pytest.fixture
def place(mongo):
    given = mongo_place(mongo.port)
    yield given
    drop(mongo.port, given.settings["database"])


@pytest_asyncio.fixture
async def connector():
    """Makes connectors that may call this machine."""
    made = []

    def make(policy: AddressPolicy | None = None) -> MongoConnector:
        made.append(MongoConnector(policy or AddressPolicy.from_entries(["127.0.0.0/8", "::1/128"])))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def ask(connector, place):
    """The output of one operation."""
    mongo = connector()

    async def asked(operation: str, definition=None, *, place_=None, deadline_s=30.0, max_bytes=10_000_000, **given):
        call = ResourceCall(place_ or place, operation, definition or {}, given, Redactor(["hush-hush", PASSWORD]))
        return (await mongo.call(call, deadline_s=deadline_s, max_bytes=max_bytes)).output

    return asked


@pytest.fixture
def act(ask):
    """Runs a database action: its type, its operation on `orders`, its input."""

    async def acted(type: str, operation: str, *, given=None, more=None, **parts):
        mongodb = {"collection": "orders", "operation": operation, **parts}
        return await ask("run", {"type": type, "mongodb": mongodb, **(more or {})}, **(given or {}))

    return acted


def mongo_place(port: int, **settings) -> ResourcePlace:
    given = {
        "hosts": f"127.0.0.1:{port}", "database": f"t{uuid4().hex[:12]}", "user": USER, "password": PASSWORD,
        "tls": "off", "auth_source": "admin", "statement_s": 30, "pool_size": 5, **settings,
    }  # fmt: skip
    return ResourcePlace(uuid4(), uuid4(), "mongodb", given, "one", "acme-shop")
