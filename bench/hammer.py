"""`python -m bench.hammer`: starts, lists and opens the sign-in page for a minute, as fast as a running site lets it.

Everything but an answer, a 429 or a redirect is an error; afterwards the queue must become empty.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.figures import percentile

CALLERS = {"start": 24, "list": 12, "sign in": 4}
DRAIN_S = 300.0
OPEN = ("queued", "running", "waiting")


@dataclass(slots=True)
class Tally:
    """What came back, by kind of call."""

    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def lines(self, lasted: float) -> list[str]:
        """One for each kind."""
        return [
            f"{kind}: {len(times) / lasted:.0f}/s, p50 {percentile(times, 0.5) * 1000:.0f} ms, "
            f"p99 {percentile(times, 0.99) * 1000:.0f} ms, {dict(self.statuses[kind])}"
            for kind, times in self.seconds.items()
        ]

    @property
    def errors(self) -> int:
        """Answers that are neither good nor a refusal for being too many."""
        good = {"200", "201", "202", "302", "429"}
        return sum(count for found in self.statuses.values() for status, count in found.items() if status not in good)


def main() -> int:
    """1 when there was an error, or the queue did not become empty."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("address", help="http://localhost:8000")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    return asyncio.run(hammer(options.address, os.environ["DUCTAPE_KEY"], seconds=options.seconds))


async def hammer(address: str, key: str, *, seconds: float) -> int:
    """All callers at once; `key` may read and run in the workspace `main`, which has the sample product."""
    tally = Tally()
    until = time.monotonic() + seconds
    rest = f"{address}/api/v1/workspaces/main"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Authorization": f"Bearer {key}"}, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        wanted = {"product": "storefront", "environment": "dev", "app": "shop", "action": "get-product", "wait": 0}
        calls: dict[str, tuple[str, str, dict[str, Any]]] = {
            "start": (
                "POST",
                f"{rest}/processor/action/run",
                {"json": {**wanted, "input": {"product_id": "prd_001"}}},
            ),
            "list": ("GET", f"{rest}/runs/?limit=50", {}),
            "sign in": ("GET", f"{address}/account/login/", {"headers": {"Authorization": ""}}),
        }
        each = [
            again(session, kind, calls[kind], tally, until) for kind, number in CALLERS.items() for _ in range(number)
        ]
        await asyncio.gather(*each)
        for line in tally.lines(seconds):
            say(line)
        left = await drained(session, rest)
    say(f"errors: {tally.errors}; still open after the load: {left}")
    return 1 if tally.errors or left else 0


async def again(
    session: aiohttp.ClientSession, kind: str, call: tuple[str, str, dict[str, Any]], tally: Tally, until: float
) -> None:
    """The same call until the time is over."""
    method, url, options = call
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            async with session.request(method, url, allow_redirects=False, **options) as answer:
                await answer.read()
                status = str(answer.status)
        except aiohttp.ClientError as error:
            status = type(error).__name__
        tally.seconds[kind].append(time.monotonic() - began)
        tally.statuses[kind][status] += 1


async def drained(session: aiohttp.ClientSession, rest: str) -> int:
    """Open runs, once there are none or the patience is over."""
    began = time.monotonic()
    while True:
        left = 0
        for state in OPEN:
            async with session.get(f"{rest}/runs/", params={"state": state, "limit": "200"}) as answer:
                left += len((await answer.json())["results"])
        if not left or time.monotonic() - began > DRAIN_S:
            say(f"drained in {time.monotonic() - began:.0f} s")
            return left
        await asyncio.sleep(1)


def say(words: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
