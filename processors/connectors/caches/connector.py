"""The connector of caches: operations on values, and the results that runs share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from processors.connectors.base import CallResult
from processors.connectors.caches.entries import Packer, Vault
from processors.connectors.caches.failures import told
from processors.connectors.caches.operations import CHANGES, OPERATIONS, Asked
from processors.connectors.caches.results import Answer, Bypass, Found, Lead, Token
from processors.connectors.caches.servers import Servers, target_of
from processors.connectors.caches.sharing import Sharing
from processors.connectors.errors import ConnectorError, DeadlineExceeded, Misconfigured
from processors.connectors.recorded import recorded_call, recorded_request
from processors.connectors.resources import ResourceCall, ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.jsontypes import Json


class CacheConnector:
    """Serves every cache of this process: those in the installation's Valkey and those on servers of teams.

    `vault` seals what lies there; None leaves values as they are. `lease_s` is how soon another takes over from a
    process that died, `patience_s` what a run loses at most when a cache does not answer, `pause_s` how long such a
    cache is then left out, `hold_s` how long one call may keep others waiting.
    """

    def __init__(
        self, policy: AddressPolicy, builtin_url: str, *, vault: Vault | None,
        lease_s: float = 10.0, patience_s: float = 1.0, pause_s: float = 3.0, hold_s: float = 3_600.0,
    ) -> None:  # fmt: skip
        self._servers = Servers(policy, builtin_url)
        self._packer = Packer(vault)
        self._sharing = Sharing(
            self._servers, self._packer, lease_s=lease_s, patience_s=patience_s, pause_s=pause_s, hold_s=hold_s
        )

    async def call(
        self, call: ResourceCall, *, deadline_s: float, max_bytes: int, idempotency_key: str = ""
    ) -> CallResult:
        """One operation. Raises ConnectorError. The call's `definition` holds the cache's own fields (`for`)."""
        began = time.perf_counter()
        try:
            output = await self._output(call, deadline_s, max_bytes)
        except ConnectorError as error:
            request = recorded_request(call.operation, target_of(call.place), call.input, redactor=call.redactor)
            error.result = CallResult(None, request)
            raise
        return recorded_call(
            call.operation, target_of(call.place), call.input, output, redactor=call.redactor, began=began
        )

    async def lookup(self, place: ResourcePlace, shared: Mapping[str, Json], key: str) -> Answer:
        """What to do about a result (`cache_key`): use it, fetch it, wait for it, or go without. Never raises.

        `shared` are the cache's own fields, `for` and `stale_for`.
        """
        return await self._sharing.lookup(place, shared, key)

    async def wait(
        self, place: ResourcePlace, shared: Mapping[str, Json], key: str, *, deadline_s: float
    ) -> Found | Lead | Bypass:
        """After a Follow: the result, the lead if nobody has it any more, or a Bypass after `deadline_s` seconds."""
        return await self._sharing.wait(place, shared, key, deadline_s=deadline_s)

    async def store(self, place: ResourcePlace, token: Token, value: Json) -> tuple[str, ...]:
        """Keep what the call gave. Gives notices for the run; never raises."""
        return await self._sharing.store(place, token, value)

    async def give_up(self, place: ResourcePlace, token: Token) -> None:
        """The call failed: somebody else may try. Never raises."""
        await self._sharing.give_up(place, token)

    async def close(self) -> None:
        """Let go of leases and connections."""
        await self._sharing.close()
        await self._servers.close()

    async def _output(self, call: ResourceCall, deadline_s: float, max_bytes: int) -> Json:
        operation, changes = OPERATIONS.get(call.operation), call.operation in CHANGES
        if operation is None:
            raise Misconfigured("Caches have no operation of this name.", details={"field": "operation"})
        if changes and call.place.read_only:
            raise Misconfigured("This cache is read-only in this environment.")
        try:
            async with asyncio.timeout(deadline_s):
                with told(changes=changes):
                    async with self._servers.use(call.place) as server:
                        return await operation(Asked(call, server, self._packer, max_bytes))
        except TimeoutError:
            message = "The cache's server did not answer in time."
            raise DeadlineExceeded(message, outcome_unknown=changes, details={"limit_s": deadline_s}) from None
