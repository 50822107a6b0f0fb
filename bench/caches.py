"""A hit in a cache against a bare GET, in one process, on one server: `python -m bench.caches [redis://…]`.

Without an address a Valkey of its own is started. Hits are measured through `lookup` (what a run does) and through the
operation `get` (what an event does, recorded and masked), unsealed and sealed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from redis.asyncio import BlockingConnectionPool, Redis

from bench.figures import Figure, figure, table
from processors.connectors.caches.connector import CacheConnector
from processors.connectors.caches.results import Found, Lead, cache_key
from processors.connectors.resources import ResourceCall, ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.sealing import Sealer, new_data_key
from tests.processors.connectors.caches.own_server import PASSWORD, own_server

ROUNDS = 5
SHARED = {"for": "1h", "stale_for": "0s"}
VALUE = {"items": [{"id": n, "name": f"item {n}", "price": n * 1.5} for n in range(20)], "total": 20}
KEY = cache_key("action", "shop/list", "hash", "dev", {"page": 1})


class OneKey:
    """One data key for all."""

    def __init__(self) -> None:
        self._sealer = Sealer(new_data_key())

    async def sealer(self, workspace_id: Any) -> Sealer:
        """Always the same."""
        return self._sealer


async def of_caches(url: str, *, quick: bool) -> list[Figure]:
    """Calls a second, one after the other and 32 at a time."""
    count = 300 if quick else 3_000
    parts = urlsplit(url)
    bare = Redis(connection_pool=BlockingConnectionPool.from_url(url, protocol=2, max_connections=20))
    await bare.set("ductape:bench", str(VALUE))
    figures = await _both("bare redis-py GET", lambda: bare.get("ductape:bench"), count)
    for name, vault in (("unsealed", None), ("sealed", OneKey())):
        cache = CacheConnector(AddressPolicy.from_entries([f"127.0.0.1:{parts.port}"]), url, vault=vault)
        place = ResourcePlace(uuid4(), uuid4(), "builtin", {}, "one", "bench")
        lead = await cache.lookup(place, SHARED, KEY)
        assert isinstance(lead, Lead)
        assert await cache.store(place, lead.token, VALUE) == ()

        async def hit(cache: CacheConnector = cache, place: ResourcePlace = place) -> None:
            assert isinstance(await cache.lookup(place, SHARED, KEY), Found)

        call = ResourceCall(place, "get", SHARED, {"key": "k"})
        await cache.call(
            ResourceCall(place, "set", SHARED, {"key": "k", "value": VALUE}), deadline_s=5, max_bytes=1_000_000
        )

        async def got(cache: CacheConnector = cache, call: ResourceCall = call) -> None:
            await cache.call(call, deadline_s=5, max_bytes=1_000_000)

        figures += await _both(f"hit by lookup, {name}", hit, count)
        figures += await _both(f"operation get, {name}", got, count)
        await cache.call(ResourceCall(place, "purge"), deadline_s=5, max_bytes=1_000_000)
        await cache.close()
    await bare.delete("ductape:bench")
    await bare.aclose()
    return figures


async def _both(name: str, call: Callable[[], Awaitable[Any]], count: int) -> list[Figure]:
    return [
        figure(f"{name}, one at a time", "us", [await _alone(call, count) for _ in range(ROUNDS)]),
        figure(f"{name}, 32 at a time", "/s", [await _together(call, count) for _ in range(ROUNDS)]),
    ]


async def _alone(call: Callable[[], Awaitable[Any]], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        await call()
    return (time.perf_counter() - began) / count * 1e6


async def _together(call: Callable[[], Awaitable[Any]], count: int) -> float:
    async def some() -> None:
        for _ in range(count // 32 + 1):
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(32)))
    return (count // 32 + 1) * 32 / (time.perf_counter() - began)


def main() -> None:
    """Prints a table."""
    quick, urls = "--quick" in sys.argv, [each for each in sys.argv[1:] if "://" in each]
    if urls:
        figures = asyncio.run(of_caches(urls[0], quick=quick))
    else:
        with tempfile.TemporaryDirectory(prefix="ductape-bench-") as folder, own_server(Path(folder)) as server:
            url = f"redis://root:{PASSWORD}@127.0.0.1:{server.port}/0"
            figures = asyncio.run(of_caches(url, quick=quick))
    sys.stdout.write(f"{table(figures)}\n")


if __name__ == "__main__":
    main()
