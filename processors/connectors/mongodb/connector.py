"""The connector of MongoDB: database actions, the explorer, queries of a person's own, migrations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pymongo

from processors.connectors.base import CallResult
from processors.connectors.clients import Clients
from processors.connectors.dialled import dial_error
from processors.connectors.errors import ConnectorError, DeadlineExceeded, Misconfigured
from processors.connectors.mongodb import looking
from processors.connectors.mongodb.asking import Asked, asked_of, table_of
from processors.connectors.mongodb.clients import MongoClient, close_client, open_client
from processors.connectors.mongodb.failures import told
from processors.connectors.mongodb.migrating import migrate, migrations
from processors.connectors.mongodb.running import command_of, run
from processors.connectors.mongodb.values import from_bson
from processors.connectors.recorded import recorded_call, recorded_request
from processors.connectors.resources import ResourceCall, ResourcePlace
from processors.connectors.served import MONGODB, exactly
from products.lib.addresses import AddressPolicy
from products.lib.dialling import dial_addresses
from products.lib.http_errors import OutboundError
from products.lib.jsontypes import Json, JsonObject


class MongoConnector:
    """Serves every MongoDB database of this process. Belongs to one event loop; the caller owns retries."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._clients = Clients(
            lambda place: open_client(policy, place),
            close_client,
            idle_s=lambda place: float(int(place.settings.get("idle_s") or 300)),
        )

    async def call(
        self, call: ResourceCall, *, deadline_s: float, max_bytes: int, idempotency_key: str = ""
    ) -> CallResult:
        """One operation. Raises ConnectorError; its `result` says what was asked, masked."""
        began = time.perf_counter()
        target, sent, method = target_of(call.place), _shown(call), _method(call)
        try:
            output = await self._output(call, deadline_s, max_bytes)
        except ConnectorError as error:
            error.result = CallResult(None, recorded_request(method, target, sent, redactor=call.redactor))
            raise
        return recorded_call(method, target, sent, output, redactor=call.redactor, began=began)

    async def close(self) -> None:
        """Close all clients."""
        await self._clients.close()

    async def _output(self, call: ResourceCall, deadline_s: float, max_bytes: int) -> Json:
        operation = _OPERATIONS.get(call.operation)
        if operation is None:
            raise Misconfigured("MongoDB databases have no operation of this name.", details={"field": "operation"})
        asked = asked_of(call, deadline_s, max_bytes)
        try:
            async with asyncio.timeout(deadline_s), self._clients.use(call.place) as client:
                with told(client, call.redactor, changes=asked.changes):
                    await self._check_hosts(client)
                    await client.driver.is_primary  # a server that is not there is told of before the time is over
                    with pymongo.timeout(max(0.001, asked.limit_s)):  # also what the server itself is told
                        return await operation(asked, client)
        except TimeoutError:
            message = "The database did not answer in time."
            details: JsonObject = {"limit_s": deadline_s}
            raise DeadlineExceeded(message, outcome_unknown=asked.changes, details=details) from None

    async def _check_hosts(self, client: MongoClient) -> None:
        """Says at once that no host may be dialled, which the driver would take its time to find out."""
        if client.guard.checked:
            return
        problem: OutboundError | None = None
        for host, port in client.hosts:
            try:
                await dial_addresses(self._policy, host, port)
            except OutboundError as error:
                problem = problem or error
            else:
                client.guard.checked = True
                return
        if problem:
            raise dial_error(problem)


def target_of(place: ResourcePlace) -> str:
    """The database as people may see it."""
    hosts = str(place.settings.get("hosts") or "").rpartition("@")[2]
    return f"mongodb://{hosts}/{place.settings.get('database') or ''}"


def _method(call: ResourceCall) -> str:
    """The type of a database action, or the operation."""
    return str(call.definition.get("type") or call.operation).upper() if call.operation == "run" else call.operation


def _shown(call: ResourceCall) -> Json:
    """What people see of a request: the operation as it is written, without the values of this call."""
    if call.operation in {"migrations", "migrate"}:
        return {key: value for key, value in call.input.items() if key != "known"}
    return call.definition.get("mongodb") or call.input


async def _run(asked: Asked, client: MongoClient) -> JsonObject:
    made = await run(client.db, asked.mongo, asked.bounds)
    return {"count": made["rows"][0]["count"]} if asked.mongo.kind == "count" else made


async def _shown_rows(asked: Asked, client: MongoClient) -> JsonObject:
    """With the names of the fields, in the order in which they come."""
    made = await run(client.db, asked.mongo, asked.bounds)
    return {"columns": list(dict.fromkeys(name for row in made["rows"] for name in row)), **made}


async def _explain(asked: Asked, client: MongoClient) -> JsonObject:
    command = command_of(asked.mongo, asked.bounds)
    if not command:
        return {"plans": []}  # an insert has none
    plan = await client.db.command({"explain": command, "verbosity": "queryPlanner"})
    kept = {name: plan[name] for name in ("queryPlanner", "stages", "shards") if name in plan}
    return {"plans": [{"statement": asked.call.definition.get("mongodb"), "plan": from_bson(kept)}]}


async def _check(asked: Asked, client: MongoClient) -> JsonObject:
    return await looking.check(client, read_only=asked.read_only)


async def _tables(asked: Asked, client: MongoClient) -> JsonObject:
    return await looking.tables(client.db)


async def _columns(asked: Asked, client: MongoClient) -> JsonObject:
    return await looking.columns(client.db, table_of(asked.call.input))


_MADE: Final[dict[str, Callable[[Asked, MongoClient], Awaitable[Any]]]] = {
    "run": _run, "query": _shown_rows, "rows": _shown_rows, "explain": _explain, "check": _check, "tables": _tables,
    "columns": _columns, "migrations": migrations, "migrate": migrate,
}  # fmt: skip
_OPERATIONS: Final = exactly(MONGODB.operations, _MADE)
