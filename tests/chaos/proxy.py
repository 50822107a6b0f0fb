"""A TCP proxy that spoils what goes through it: latency, cut, lost reply, half-open, throttle, reset."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ductape_site.embedded.ports import LOOPBACK

Got = TypeVar("Got")
CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST
ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux
DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # one instruction: keep 0 bytes
FILTER = struct.pack("HP", 1, ctypes.addressof(DROP_ALL))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the line. All of it together, each as it is set."""

    latency_s: float = 0.0  # before every piece, in each direction
    bytes_per_s: float = 0.0  # of answers; 0: unlimited
    cut_after: int | None = None  # bytes of answers of one connection, after which both ends are reset
    drop_reply_to: tuple[bytes, ...] = ()  # whoever sends one of these gets a reset in place of the answer
    silent: bool = False  # half-open: nothing goes through, and nobody is told
    refuse: bool = False  # every connection is reset


@dataclass(slots=True, eq=False)
class Link:
    """One connection through the proxy."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    answered: int = 0
    is_dead: bool = False
    loses_reply: bool = False
    tail: bytes = b""

    def reset(self) -> None:
        """Both ends get RST."""
        self.is_dead = True
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            with suppress(OSError):  # it is closed already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


@dataclass(eq=False)
class Proxy:
    """Listens on a loopback port and leads to another one, on an event loop in a thread of its own."""

    port: int
    target: int
    fault: Fault = Fault()
    dropped: int = 0  # replies that were lost
    _links: set[Link] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _server: asyncio.Server | None = None

    def start(self) -> Proxy:
        """Listens. Raises OSError."""
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._accept, LOOPBACK, self.port))
        return self

    def spoil(self, fault: Fault) -> None:
        """From now on, for connections that are open too."""
        self._do(self._spoil(fault))

    def heal(self) -> None:
        """All is well; those that were silent get RST: the other end knows nothing of them any more."""
        self._do(self._spoil(Fault()))

    def deafen(self) -> None:
        """As if the network had forgotten the open connections: not even the kernel answers; new ones work."""
        self._do(self._deafen())

    def reset_all(self) -> None:
        """Every open connection gets RST, the silent ones too."""
        self._do(self._reset_all())

    def stop(self) -> None:
        """Ends everything it holds."""
        if self._thread is not None:
            self._do(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(120)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Got]) -> Got:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._reset_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports say goodbye in the loop's next turns

    async def _spoil(self, fault: Fault) -> None:
        self.fault = fault
        for link in list(self._links):
            if fault.refuse or (link.is_dead and not fault.silent):
                link.reset()
            link.is_dead = link.is_dead or fault.silent

    async def _deafen(self) -> None:
        for link in list(self._links):
            link.is_dead = True
            link.writers[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, FILTER)

    async def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault.refuse:
            Link((writer, writer)).reset()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            Link((writer, writer)).reset()
            return
        link = Link((writer, far_writer), is_dead=self.fault.silent)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, link, answers=False), self._pump(far_reader, writer, link, answers=True)
            )
        finally:
            self._links.discard(link)
            for one in link.writers:
                one.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link, *, answers: bool
    ) -> None:
        try:
            while data := await reader.read(CHUNK):
                if link.is_dead:
                    continue  # swallowed; the other end hears nothing, not even a close
                await (self._answer if answers else self._ask)(writer, link, data)
        except OSError:
            link.reset()
        if not link.is_dead:
            writer.close()

    async def _ask(self, writer: asyncio.StreamWriter, link: Link, data: bytes) -> None:
        wanted, seen = self.fault.drop_reply_to, link.tail + data
        link.tail = seen[-200:]  # what is looked for may come in two pieces
        link.loses_reply = link.loses_reply or any(one in seen for one in wanted)
        await asyncio.sleep(self.fault.latency_s)
        writer.write(data)
        await writer.drain()

    async def _answer(self, writer: asyncio.StreamWriter, link: Link, data: bytes) -> None:
        fault = self.fault
        link.answered += len(data)
        if link.loses_reply and fault.drop_reply_to:
            self.dropped += 1
            link.reset()
            return
        if fault.cut_after is not None and link.answered > fault.cut_after:
            link.reset()
            return
        await asyncio.sleep(fault.latency_s)
        size = max(1, int(fault.bytes_per_s / 10)) if fault.bytes_per_s else len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0.1 if fault.bytes_per_s else 0)
