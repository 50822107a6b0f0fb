"""The remote side as a process of its own: writes down every call before it acts, answers as the call's `mood` asks.

`python -m tests.chaos.sink PORT LEDGER`. Moods: none, `slow:S`, `hold` (the first), `drop`, `drop:once`,
`fail:N`, `wrong`, `cut`, `trickle`, `endless`, `bomb`. `POST /_release` lets go of what is held.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

from ductape_site.embedded.ports import LOOPBACK

ENDLESS_PIECE = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
BOMB_BYTES = 40_000_000


def value_of(amount: float) -> float:
    """What the remote side makes of an amount; the caller works it out too, and compares."""
    return amount * 7 + 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    mood: str
    key: str
    body: Any

    @property
    def marker(self) -> str:
        """Which run this is for: the last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass
class Sink:
    """Answers; `ledger` is the file of what it was asked."""

    ledger: TextIO
    seen: Counter[str] = field(default_factory=Counter)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while (asked := await read(reader)) is not None:
                if not await self._answer(asked, writer):
                    break
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may be used again."""
        if asked.path == "/_release":
            self.held.set()
            self.held = asyncio.Event()
            writer.write(whole(200, {}))
            return True
        self._note(asked)
        self.seen[asked.marker] += 1
        mood, _, number = asked.mood.partition(":")
        if mood == "slow":
            await asyncio.sleep(float(number))
        if mood == "hold" and self.seen[asked.marker] == 1:
            await self.held.wait()
        return await self._speak(asked, mood, number, writer)

    async def _speak(self, asked: Asked, mood: str, number: str, writer: asyncio.StreamWriter) -> bool:
        right = whole(200, {"id": asked.marker, "value": value_of((asked.body or {}).get("amount", 0))})
        if mood == "fail" and self.seen[asked.marker] <= int(number):
            writer.write(whole(503, {"error": "not now"}))
        elif mood == "wrong":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{<??>")
        elif mood == "drop" and (number != "once" or self.seen[asked.marker] == 1):
            return False
        elif mood == "cut":
            writer.write(right[:-10])
            return False
        elif mood in {"trickle", "endless", "bomb"}:
            await SLOW_WAYS[mood](writer)
            return False
        else:
            writer.write(right)
        return True

    def _note(self, asked: Asked) -> None:
        line = {"t": time.time(), "key": asked.key, "method": asked.method, "path": asked.path, "mood": asked.mood}
        self.ledger.write(json.dumps({**line, "marker": asked.marker, "body": asked.body}) + "\n")
        self.ledger.flush()


async def read(reader: asyncio.StreamReader) -> Asked | None:
    """The next request; None when the caller has hung up. Raises IncompleteReadError, ValueError."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ", 2)
    url = urlsplit(target)
    mood = parse_qs(url.query).get("mood", [""])[0]
    return Asked(method, url.path, mood, headers.get("idempotency-key", ""), json.loads(raw) if raw else None)


def whole(status: int, body: Any) -> bytes:
    """A complete answer."""
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


async def trickle(writer: asyncio.StreamWriter) -> None:
    """One byte a second."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(1)


async def endless(writer: asyncio.StreamWriter) -> None:
    """Never stops."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(ENDLESS_PIECE)
        await writer.drain()


@cache
def packed() -> bytes:
    """The bomb."""
    return gzip.compress(b"0" * BOMB_BYTES, 1)


async def bomb(writer: asyncio.StreamWriter) -> None:
    """A little that becomes very much."""
    raw = packed()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    writer.write(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
    await writer.drain()


SLOW_WAYS = {"trickle": trickle, "endless": endless, "bomb": bomb}


async def main(port: int, ledger: Path) -> None:
    """Until it is killed."""
    with ledger.open("a", encoding="utf-8") as stream:
        server = await asyncio.start_server(Sink(stream).serve, LOOPBACK, port, limit=2**20)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
