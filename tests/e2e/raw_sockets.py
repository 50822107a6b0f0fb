"""A WebSocket client that keeps to no rule, many of them in one loop; RFC 6455 §5.2 for the frames."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TEXT, BYTES, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0
PATIENCE_S = 60


def frame(kind: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """As a browser sends it, with a mask of zeros."""
    size = len(data)
    first = bytes([(0x80 if last else 0) | kind])
    if size < 126:
        head = bytes([0x80 | size])
    elif size < 65_536:
        head = bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        head = bytes([0x80 | 127]) + struct.pack("!Q", size)
    return first + head + bytes(4) + data


@dataclass(slots=True)
class Raw:
    """An open socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: asyncio.Task[Any] | None = None  # of whoever listens beside other things

    async def say(self, **message: Any) -> None:
        """A message of the protocol."""
        await self.send(frame(TEXT, json.dumps(message).encode()))

    async def send(self, raw: bytes) -> None:
        """Bytes as they are; the server may have hung up."""
        if not self.writer.is_closing():
            with suppress(ConnectionError):
                self.writer.write(raw)
                await self.writer.drain()

    async def next(self) -> tuple[int, bytes]:
        """The kind and the content of the next frame. Raises IncompleteReadError, ConnectionError."""
        first, second = await asyncio.wait_for(self.reader.readexactly(2), PATIENCE_S)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        return first & 0x0F, await self.reader.readexactly(size)

    async def hear(self) -> Any:
        """The next message; pings in between are answered."""
        while True:
            kind, data = await self.next()
            if kind == TEXT:
                return json.loads(data)
            assert kind == PING, (kind, data)
            await self.send(frame(PONG, data))

    async def closed(self) -> int:
        """The code that the server closes with, after whatever else it says; 1006 when the connection only ends."""
        try:
            while True:
                kind, data = await self.next()
                if kind == CLOSE:
                    return int(struct.unpack("!H", data[:2])[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006

    async def ended(self) -> bool:
        """Whether the server ends the connection."""
        try:
            while await asyncio.wait_for(self.reader.read(65_536), PATIENCE_S):
                continue
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Hangs up without a word."""
        self.writer.transport.abort()


@asynccontextmanager
async def opened(address: str, cookie: str) -> AsyncIterator[Raw]:
    """A page's socket, hung up afterwards."""
    socket = await open_socket(address, cookie)
    try:
        yield socket
    finally:
        socket.leave()
        with suppress(ConnectionError):
            await socket.writer.wait_closed()


async def open_socket(address: str, cookie: str) -> Raw:
    """A page's socket. Raises AssertionError when it is not let in."""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = [
        "GET /ws/live/ HTTP/1.1", f"Host: {place.netloc}", f"Origin: {address}", "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: {cookie}",
    ]  # fmt: skip
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return Raw(reader, writer)
