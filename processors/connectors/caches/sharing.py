"""Results of runs, shared: a hundred equal calls make one, in however many processes, and a cache never fails a run.

Whoever asks first gets a lease and makes the call; the others wait until the result is there. The lease is renewed
while its holder lives: when its process dies, another takes over within `lease_s`. A cache that does not answer within
`patience_s` is left out, and is not asked again for `pause_s`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

from processors.connectors.caches.entries import MAX_KEY_BYTES, RESULT_KIND, Packer, written
from processors.connectors.caches.failures import told
from processors.connectors.caches.leases import Leases
from processors.connectors.caches.results import Answer, Bypass, Follow, Found, Lead, Token
from processors.connectors.caches.servers import Servers, prefix_of
from processors.connectors.caches.spans import Span, span_of
from processors.connectors.errors import ConnectorError, DeadlineExceeded, InputRejected
from processors.connectors.resources import ResourcePlace
from products.lib.jsontypes import Json
from products.lib.sealing import SealError

FIRST_LOOK_S: Final = 0.1
LOOK_S: Final = 1.0


class Sharing:
    """The results that lie in caches. Belongs to one event loop."""

    def __init__(
        self, servers: Servers, packer: Packer, *, lease_s: float, patience_s: float, pause_s: float, hold_s: float
    ) -> None:
        self._servers, self._packer = servers, packer
        self._lease_ms = round(lease_s * 1_000)
        self._patience_s, self._pause_s = patience_s, pause_s
        self._left_out: dict[UUID, tuple[float, str]] = {}
        self._leases = Leases(self._run, lease_s=lease_s, hold_s=hold_s)

    async def lookup(self, place: ResourcePlace, shared: Mapping[str, Json], key: str) -> Answer:
        """What to do about a result: use it, fetch it, wait for it, or go without a cache."""
        return await self._look(place, shared, key, last=False)

    async def wait(
        self, place: ResourcePlace, shared: Mapping[str, Json], key: str, *, deadline_s: float
    ) -> Found | Lead | Bypass:
        """For whoever was told to follow. A Lead when the one before gave up or died; a Bypass after `deadline_s`."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + deadline_s, FIRST_LOOK_S
        async with self._woken(place, key) as woken:
            while True:
                left = end - loop.time()
                answer = await self._look(place, shared, key, last=left <= 0)
                if not isinstance(answer, Follow):
                    return answer
                if await _set_within(woken, min(pause, max(left, 0.0))):
                    woken.clear()
                pause = LOOK_S

    async def store(self, place: ResourcePlace, token: Token, value: Json) -> tuple[str, ...]:
        """Keeps a result and wakes who waits for it. Gives what the run should be told; never raises."""
        self._leases.let_go(token)
        room = int(place.settings.get("max_bytes") or 100_000_000)
        limit = min(int(place.settings.get("max_value_bytes") or 1_000_000), room)
        try:
            text = written(value)
            if len(text) > limit:
                await self._give_up(place, token)
                return (f"The result was not kept: it has {len(text)} bytes, and the cache allows {limit}.",)
            packed = await self._packer.pack(place, token.key, text, kind=RESULT_KIND)
            kept = await self._run(
                place, "store", token.key, packed.kind, packed.blob, packed.size, token.fresh_ms, token.life_ms, room,
                token.secret, token.generation,
            )  # fmt: skip
        except InputRejected as error:
            await self._give_up(place, token)
            return (f"The result was not kept: {error.message}",)
        except ConnectorError:
            await self._give_up(place, token)
            return ("The result was not kept: the cache could not be reached.",)
        return () if kept else ("The result was not kept: the cache was purged while it was fetched.",)

    async def give_up(self, place: ResourcePlace, token: Token) -> None:
        """There will be no result: one of those who wait makes the call. Never raises."""
        self._leases.let_go(token)
        await self._give_up(place, token)

    async def close(self) -> None:
        """Stop renewing leases."""
        await self._leases.close()

    @asynccontextmanager
    async def _woken(self, place: ResourcePlace, key: str) -> AsyncIterator[asyncio.Event]:
        """Where no server can be had, nobody wakes: `_look` says why."""
        async with AsyncExitStack() as stack:
            event = asyncio.Event()
            with suppress(ConnectorError):
                server = await stack.enter_async_context(self._servers.use(place))
                event = stack.enter_context(server.wakes.listening(prefix_of(place), key))
            yield event

    async def _look(self, place: ResourcePlace, shared: Mapping[str, Json], key: str, *, last: bool) -> Answer:
        left_out = self._left_out.get(place.id)
        if left_out and left_out[0] > asyncio.get_running_loop().time():
            return Bypass(left_out[1])
        try:
            return await self._asked(place, span_of(shared), _checked(key), last=last)
        except ConnectorError as error:
            notice = f"The call was made without the cache: {error.message}"
            self._left_out[place.id] = (asyncio.get_running_loop().time() + self._pause_s, notice)
            return Bypass(notice)

    async def _asked(self, place: ResourcePlace, span: Span, key: str, *, last: bool) -> Answer:
        secret = secrets.token_hex(16)
        args = (key, RESULT_KIND, secret, self._lease_ms, int(last))
        what, blob, kind, age, generation = await self._run(place, "read", *args)
        self._left_out.pop(place.id, None)
        token = Token(key, secret, generation.decode(), span.fresh_ms, span.life_ms)
        if what == b"lead":
            return self._lead(place, token)
        if what == b"follow":
            return Follow()
        if what == b"none":
            return Bypass("The call was made without waiting longer for an equal one.")
        try:
            found = Found(await self._packer.open(place, key, kind.decode(), blob), int(age) / 1_000, what != b"fresh")
        except SealError:  # the workspace's key was replaced since: what lies there is worth nothing
            return await self._worthless(place, token, what)
        except ConnectorError:
            await self._give_up(place, token)
            raise
        return self._lead(place, token, found) if what == b"refresh" else found

    def _lead(self, place: ResourcePlace, token: Token, old: Found | None = None) -> Lead:
        self._leases.hold(place, token)
        return Lead(token, old)

    async def _worthless(self, place: ResourcePlace, token: Token, what: bytes) -> Answer:
        if what == b"refresh":
            return self._lead(place, token)
        await self._run(place, "forget", token.key)
        return Bypass("The kept result could not be opened with the workspace's key.")

    async def _give_up(self, place: ResourcePlace, token: Token) -> None:
        try:
            await self._run(place, "give_up", token.key, token.secret)
        except ConnectorError:
            return  # the lease ends by itself

    async def _run(self, place: ResourcePlace, script: str, *args: str | bytes | int) -> Any:
        """Raises ConnectorError, at the latest after the time that a run may lose here."""
        try:
            async with asyncio.timeout(self._patience_s):
                with told(changes=False):
                    async with self._servers.use(place) as server:
                        return await server.scripts.run(script, prefix_of(place), *args)
        except TimeoutError:
            raise DeadlineExceeded("The cache's server did not answer in time.") from None


def _checked(key: str) -> str:
    if not 0 < len(key.encode(errors="replace")) <= MAX_KEY_BYTES:
        raise InputRejected("The key of this result is too long.", details={"field": "key"})
    return key


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
