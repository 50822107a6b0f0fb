"""The only way out for the storage library, which resolves and dials by itself: a proxy on loopback under our policy.

The library is told to send everything through here. Each store has a way of its own, known by a token nobody else has,
which leads to one host and port: where a redirect, a credential lookup or a changed resolver would lead elsewhere, it
ends here. The address that was checked is the address that is dialled; TLS is between the library and the remote side.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from processors.connectors.storage.heads import Head, HeadRefused, parse_head
from products.lib.addresses import AddressPolicy
from products.lib.dialling import dial_addresses
from products.lib.http_errors import AddressRefused, ConnectFailed, OutboundError

_PIECE = 262_144
_HEAD_BYTES = 65_536
_HEAD_S = 10.0
_DIAL_S = 10.0
NOT_DIALLED = 421  # Misdirected Request: what no storage says of itself
_NOT_DIALLED = f"HTTP/1.1 {NOT_DIALLED} Not Dialled\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@dataclass(slots=True)
class Way:
    """To one host and port. `failure` is why the last attempt to dial failed; `reached` whether one ever succeeded.

    Requests go side by side: by the time one that failed is looked at, another may have been dialled.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    failure: OutboundError | None = None
    reached: bool = False


class Gateway:
    """Listens on a port of its own while there is a way. Belongs to the event loop of its first use."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._ways: dict[str, Way] = {}
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self, way: Way) -> str:
        """The URL of the proxy for this way, with its token: nothing to be shown to anybody."""
        async with self._opening:
            if self._server is None:
                self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD_BYTES)
        self._ways[way.token] = way
        return f"http://way:{way.token}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def forget(self, way: Way) -> None:
        """Nothing more is dialled on it; what is connected stays until either side ends it."""
        self._ways.pop(way.token, None)

    async def close(self) -> None:
        """Stop listening and cut what is connected."""
        server, self._server = self._server, None
        self._ways.clear()
        if server is not None:
            server.close()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._serving.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_S):
                head = parse_head(await reader.readuntil(b"\r\n\r\n"))
        except (HeadRefused, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        way = self._ways.get(_token(head))
        if way is None:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        try:
            far_reader, far_writer = await self._dial(way, head)
        except OutboundError as error:
            way.failure = error
            writer.write(_NOT_DIALLED)
            return
        way.failure, way.reached = None, True
        if head.method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            far_writer.write(head.forwarded())
        await _joined((reader, writer), (far_reader, far_writer))

    async def _dial(self, way: Way, head: Head) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises OutboundError."""
        if (head.host, head.port) != (way.host, way.port):
            raise AddressRefused("The remote side leads to another host than the storage's own.")
        try:
            async with asyncio.timeout(_DIAL_S):
                for address in await dial_addresses(self._policy, way.host, way.port):
                    with suppress(OSError):
                        return await asyncio.open_connection(address, way.port, limit=_PIECE)
        except TimeoutError:
            raise ConnectFailed() from None
        raise ConnectFailed()


def _token(head: Head) -> str:
    scheme, _, given = head.header("proxy-authorization").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _joined(near: _Ends, far: _Ends) -> None:
    """Carries both ways until the far side has ended, or either one broke."""
    sending = asyncio.ensure_future(_carried(near[0], far[1]))
    try:
        await _carried(far[0], near[1])
    finally:
        far[1].close()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        with suppress(OSError):
            await far[1].wait_closed()


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        writer.transport.abort()
        return
    if writer.can_write_eof():
        with suppress(OSError):
            writer.write_eof()
