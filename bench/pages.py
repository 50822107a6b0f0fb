"""How long the busiest pages take, with few and with very many stored runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from bench.figures import Figure, figure, percentile

ROUNDS = 5
FEW = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """What people have open most."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each round of one page."""

    page: Page
    rounds: tuple[tuple[float, ...], ...]

    def of(self, share: float) -> list[float]:
        """This percentile of every round."""
        return [percentile(times, share) for times in self.rounds]


def busiest(run: str) -> list[Page]:
    """Five pages of the sample product, with one of its runs."""
    home, product = "/w/main/", "/w/main/p/storefront/"
    return [
        Page("home", home),
        Page("overview", f"{product}?env=dev"),
        Page("runs", f"{product}runs/?env=dev"),
        Page("run", f"{product}runs/{run}/"),
        Page("console", f"{product}connections/shop/actions/get-product/?env=dev"),
    ]


async def measure(address: str, cookies: dict[str, str], pages: Sequence[Page], *, count: int) -> list[Times]:
    """Every page `count` times in each of five rounds, one request at a time. Raises RuntimeError for any but 200."""
    async with aiohttp.ClientSession(cookies=cookies) as session:
        for page in pages:
            await _round(session, address + page.path, 3)
        return [
            Times(page, tuple([tuple(await _round(session, address + page.path, count)) for _ in range(ROUNDS)]))
            for page in pages
        ]


async def _round(session: aiohttp.ClientSession, url: str, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        async with session.get(url, allow_redirects=False) as answer:
            await answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{url} answered {answer.status}")
    return times


def times(address: str, cookies: dict[str, str], run: str, *, quick: bool) -> list[Times]:
    """Of the five busiest pages."""
    return asyncio.run(measure(address, cookies, busiest(run), count=5 if quick else 30))


def figures(few: Sequence[Times], many: Sequence[Times], *, count: int) -> list[Figure]:
    """The 95th percentile of every page with few and with many runs, and how many times as long it takes with many."""
    found = []
    for before, after in zip(few, many, strict=True):
        name = f"page {before.page.name}"
        ratios = [b / a for a, b in zip(before.of(0.5), after.of(0.5), strict=True)]
        found += [
            figure(f"{name}, {FEW:,} runs, p95", "ms", before.of(0.95)),
            figure(f"{name}, {count:,} runs, p95", "ms", after.of(0.95)),
            figure(f"{name}, {count:,} runs against {FEW:,}, p50", "times", ratios),
        ]
    return found


def of_pages(address: str, *, count: int, quick: bool) -> list[Figure]:
    """With a thousand runs, and with `count`; beside them what the same process answers without any work."""
    from bench import history, inside

    cookies, run = inside.cookies(), inside.finished_run()
    found = []
    for first, size in ((0, FEW), (FEW, count)):
        history.fill(run, count=size, first=first)
        found.append(times(address, cookies, str(run), quick=quick))
    bare = asyncio.run(measure(address, {}, [Page("bare", "/livez")], count=30))[0]
    return [*figures(*found, count=count), figure("bare answer of the web process, p95", "ms", bare.of(0.95))]
