"""Follows the log of a run as the browser does (static/js/live.js and log.js): a hint by socket, then the new rows."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

import aiohttp

from bench.figures import Figure, figure, percentile
from ductape_site.embedded.folder import PROJECT

ROUNDS = 5
LINES_A_SECOND = 500
_SCRIPT = (PROJECT / "static" / "js" / "log.js").read_text(encoding="utf-8")
_LINE = re.compile(r'data-seq="(\d+)"|said at (\d+\.\d+)\.')


def rest_s() -> float:
    """How long the page rests between two looks, in seconds, as its script says."""
    found = re.search(r"const REST_MS = (\d+);", _SCRIPT)
    if found is None:
        raise RuntimeError("log.js no longer says how long it rests")
    return int(found[1]) / 1000


@dataclass
class Follower:
    """One open page. `delays` are the milliseconds from the moment a line was said to the moment its row is here."""

    session: aiohttp.ClientSession
    log_url: str
    delays: list[float] = field(default_factory=list)
    last: int = 0
    looks: int = 0

    async def follow(self, socket_url: str, topic: str, *, lines: int, seconds: float) -> None:
        """Until so many lines have come. Raises TimeoutError."""
        news = asyncio.Event()
        headers = {"Origin": socket_url.replace("ws://", "http://").split("/ws/")[0]}
        async with asyncio.timeout(seconds), self.session.ws_connect(socket_url, headers=headers) as socket:
            await socket.send_str(json.dumps({"subscribe": [topic]}))
            listening = asyncio.create_task(_listen(socket, news))
            try:
                while len(self.delays) < lines:
                    await news.wait()
                    news.clear()
                    while await self._look():
                        await asyncio.sleep(rest_s())
            finally:
                listening.cancel()

    async def _look(self) -> bool:
        """Whether there was anything new."""
        async with self.session.get(
            self.log_url, params={"after": self.last}, headers={"HX-Request": "true"}
        ) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise RuntimeError(f"{self.log_url} answered {answer.status}")
        here, before = time.time(), self.last
        for seq, said in _LINE.findall(text):
            if seq:
                self.last = int(seq)
            else:
                self.delays.append((here - float(said)) * 1000)
        self.looks += 1
        return self.last > before


async def _listen(socket: aiohttp.ClientWebSocketResponse, news: asyncio.Event) -> None:
    async for message in socket:
        if json.loads(message.data).get("denied"):
            raise RuntimeError("the socket refuses the topic")
        news.set()


async def follow(address: str, cookies: dict[str, str], run: str, *, lines: int, seconds: float) -> list[float]:
    """The delays of all lines of a run of the sample product."""
    async with aiohttp.ClientSession(cookies=cookies) as session:
        follower = Follower(session, f"{address}/w/main/p/storefront/runs/{run}/log/")
        socket_url = f"{address.replace('http://', 'ws://')}/ws/live/"
        await follower.follow(socket_url, f"run:{run}", lines=lines, seconds=seconds)
        return follower.delays


def of_log(address: str, *, quick: bool) -> list[Figure]:
    """From the moment a worker says a line to the moment its row is in the browser, at 500 lines a second."""
    from bench import inside

    seconds = 2 if quick else 8
    cookies = inside.cookies()
    rounds = [_round(address, cookies, str(inside.run_for_nobody()), seconds=seconds) for _ in range(ROUNDS)]
    name = f"log line from worker to browser, {LINES_A_SECOND} lines/s"
    return [
        figure(f"{name}, p50", "ms", [percentile(delays, 0.5) for delays in rounds]),
        figure(f"{name}, p95", "ms", [percentile(delays, 0.95) for delays in rounds]),
    ]


def _round(address: str, cookies: dict[str, str], run: str, *, seconds: int) -> list[float]:
    arguments = [sys.executable, "-m", "bench.talker", run, str(LINES_A_SECOND), str(seconds)]
    with subprocess.Popen(arguments, cwd=PROJECT) as talker:
        try:
            followed = follow(address, cookies, run, lines=LINES_A_SECOND * seconds, seconds=seconds + 60)
            return asyncio.run(followed)
        finally:
            talker.wait(30)
