"""Pages of any files: together they are all of them, each once, in order, whatever the size of a page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.connectors.resources import ResourcePlace
from processors.connectors.storage import listing
from processors.connectors.storage.disk import DiskStore
from processors.connectors.storage.failures import Effect
from processors.connectors.storage.keys import KeyRefused, checked_key
from processors.connectors.storage.listing import Page, page_of
from processors.connectors.storage.store import FileMeta

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Kept:
    """A store of names. `scanned` counts what was looked at."""

    def __init__(self, keys: set[str], *, skips: bool) -> None:
        self.keys, self.skips, self.scanned = sorted(keys), skips, 0

    async def scan(self, folder: str, *, after: str) -> AsyncGenerator[FileMeta, None]:
        start = f"{folder}/" if folder else ""
        for key in self.keys:
            if key.startswith(start) and key > after:
                self.scanned += 1
                yield FileMeta(key, 1, NOW)


def expected(keys: set[str], folder: str, *, deep: bool) -> list[str]:
    """Files and folders below a folder, folders with “/” at their ends, in order."""
    start = f"{folder}/" if folder else ""
    below = [key.removeprefix(start) for key in keys if key.startswith(start)]
    names = {start + (key if deep or "/" not in key else key.split("/")[0] + "/") for key in below}
    return sorted(names)


async def paged(store, folder: str, *, limit: int, deep: bool) -> list[str]:
    names: list[str] = []
    page = Page()
    for _ in range(1_000):
        page = await page_of(store, folder, after=page.next, limit=limit, deep=deep)
        found = sorted([*(each.key for each in page.files), *page.folders])
        assert len(found) <= limit
        names += found
        if not page.next:
            return names
    raise AssertionError("the pages have no end")


def a_key(text: str) -> str | None:
    try:
        return checked_key(text)
    except KeyRefused:
        return None


PARTS = st.sampled_from(["a", "a.b", "a b", "a0", "a-", "b", "ü", "日", "!", "~", "A", "\U0001f600", "ab"])
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join) | st.text(alphabet="ab/.-0\u00fc", max_size=8)
SETS = st.sets(KEYS.map(a_key).filter(bool), max_size=25)


@given(SETS, st.sampled_from(["", "a", "a/b", "b", "zz"]), st.integers(1, 6), st.booleans(), st.booleans())
@settings(max_examples=400)
def test_D2_the_pages_together_are_everything_once(keys, folder, limit, deep, skips):
    names = asyncio.run(paged(Kept(keys, skips=skips), folder, limit=limit, deep=deep))
    assert names == expected(keys, folder, deep=deep)


def without_clashes(keys: set[str]) -> set[str]:
    """On a disk no file is a folder too."""
    return {key for key in keys if not any(other.startswith(f"{key}/") for other in keys)}


@given(SETS.map(without_clashes), st.sampled_from(["", "a", "b"]), st.integers(1, 5), st.booleans())
@settings(max_examples=60, deadline=None)
def test_D2_the_disk_lists_like_the_clouds(keys, folder, limit, deep):
    async def compared() -> None:
        with tempfile.TemporaryDirectory() as root:
            place = ResourcePlace(UUID(int=1), UUID(int=2), "local", {"folder": "files"}, "1", "ws/product")
            disk = DiskStore(place, Path(root), str)
            for key in keys:
                await disk.put(key, nothing(), content_type="text/plain", if_absent=False, effect=Effect())
            assert await paged(disk, folder, limit=limit, deep=deep) == expected(keys, folder, deep=deep)

    asyncio.run(compared())


async def nothing() -> AsyncGenerator[bytes, None]:
    yield b""


async def test_a_folder_is_passed_over_without_being_read_where_that_is_possible():
    keys = {f"big/{number:05}" for number in range(5_000)} | {"z"}
    quick, slow = Kept(keys, skips=True), Kept(keys, skips=False)
    for store in (quick, slow):
        page = await page_of(store, "", after="", limit=10, deep=False)
        assert (page.folders, [each.key for each in page.files], page.next) == (["big/"], ["z"], "")
    assert quick.scanned == 2
    assert slow.scanned == 5_001


async def test_D2_a_page_ends_early_where_a_folder_is_read_through_for_too_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listing, "_LOOKED_AT", 100)
    store = Kept({f"big/{number:05}" for number in range(5_000)} | {"z"}, skips=False)
    page = await page_of(store, "", after="", limit=10, deep=False)
    assert (page.folders, page.files, page.next) == (["big/"], [], "big/")
    assert store.scanned <= 110
    page = await page_of(store, "", after=page.next, limit=10, deep=False)
    assert [each.key for each in page.files] == ["z"]
