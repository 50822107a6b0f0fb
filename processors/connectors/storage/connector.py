"""The connector of storages: one operation of a place, within its time, recorded for people or told as an error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from processors.connectors.base import CallResult, Timings
from processors.connectors.clients import Clients
from processors.connectors.errors import ConnectorError, DeadlineExceeded, InputRejected
from processors.connectors.resources import ResourceCall, ResourcePlace
from processors.connectors.storage.disk import DiskStore
from processors.connectors.storage.failures import Effect
from processors.connectors.storage.gateway import Gateway
from processors.connectors.storage.operations import OPERATIONS, Act
from processors.connectors.storage.recording import record_request, record_response
from processors.connectors.storage.remote import RemoteStore
from processors.connectors.storage.store import Store
from products.lib.addresses import AddressPolicy
from products.lib.jsontypes import JsonObject
from products.lib.signed_files import FileLink

_LARGE_AT_ONCE = 8  # uploads of more than a megabyte, each with some 20 MB in memory


class StorageConnector:
    """Runs the operations of storages. Many calls share a place's store; the caller owns retries.

    `root` is the folder of this installation in which places of the local disk are; `sign_local` makes the URL of a
    link to one of their files.
    """

    def __init__(self, policy: AddressPolicy, root: Path, sign_local: Callable[[FileLink], str]) -> None:
        self._root = root
        self._sign_local = sign_local
        self._gateway = Gateway(policy)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._stores: Clients[Store] = Clients(self._opened, _closed)

    async def call(
        self, call: ResourceCall, *, deadline_s: float, max_bytes: int, idempotency_key: str = ""
    ) -> CallResult:
        """One attempt. Raises ConnectorError; its `result` holds the masked request.

        `max_bytes` bounds what is read into the output; how large a file may be is a setting of the place. Saving
        under the same key is the same again, whatever the `idempotency_key`.
        """
        began = time.perf_counter()
        effect = Effect()
        act: Act | None = None
        try:
            async with asyncio.timeout(deadline_s), self._stores.use(call.place) as store:
                act = Act(call, store, effect, small=max_bytes)
                output = await _operation(call.operation)(act)
        except TimeoutError:
            error = DeadlineExceeded(outcome_unknown=effect.possible, details={"limit_s": deadline_s})
            raise _with_request(error, call, act) from None
        except ConnectorError as error:
            raise _with_request(error, call, act) from None
        return CallResult(
            output=output,
            request=record_request(call, act.size),
            response=record_response(call, output),
            timings=Timings(total_ms=(time.perf_counter() - began) * 1000),
        )

    async def close(self) -> None:
        """Close the stores and the way out."""
        await self._stores.close()
        await self._gateway.close()

    def _opened(self, place: ResourcePlace) -> Store:
        """Raises Misconfigured."""
        if place.provider == "local":
            return DiskStore(place, self._root, self._sign_local)
        return RemoteStore(place, self._gateway, self._large)


async def _closed(store: Store) -> None:
    await store.close()


def _operation(name: str) -> Callable[[Act], Awaitable[JsonObject]]:
    found = OPERATIONS.get(name)
    if found is None:
        raise InputRejected("Storages have no such operation.", details={"field": "operation"})
    return found


def _with_request(error: ConnectorError, call: ResourceCall, act: Act | None) -> ConnectorError:
    error.result = CallResult(output=None, request=record_request(call, act.size if act else 0))
    error.details.setdefault("method", call.operation.upper())
    return error
