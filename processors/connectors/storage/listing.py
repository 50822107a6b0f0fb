"""One page of files and folders, made of a scan that goes on through everything in order."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from processors.connectors.storage.store import FileMeta, Store

MOST: Final = 1_000
# Past every key below a folder: the last character there is.
_LAST: Final = "\U0010ffff"
# Files in folders below that are passed over before a page ends early: in Azure a folder is read through, not skipped.
_LOOKED_AT: Final = 20_000


@dataclass(slots=True)
class Page:
    """`next` is the key (of a folder: with “/” at its end) to go on after, "" when there is no more."""

    files: list[FileMeta] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    next: str = ""

    @property
    def last(self) -> str:
        """The last key of the page, in the order of keys."""
        return max([each.key for each in self.files[-1:]] + self.folders[-1:], default="")


async def page_of(store: Store, folder: str, *, after: str, limit: int, deep: bool) -> Page:
    """At most `limit` files and folders together, past `after`. Raises ConnectorError."""
    page = Page()
    begin = _behind(after)
    while True:
        begin = await _filled(page, store, folder, begin, limit, deep=deep)
        if not begin or page.next:
            return page


async def _filled(page: Page, store: Store, folder: str, begin: str, limit: int, *, deep: bool) -> str:
    """Fills the page; where the scan has to begin again, "" when it came to its end."""
    start = f"{folder}/" if folder else ""
    passed = 0
    async with aclosing(store.scan(folder, after=begin)) as found:
        async for meta in found:
            inner, slash, _ = meta.key.removeprefix(start).partition("/")
            below = f"{start}{inner}/" if slash and not deep else ""
            if below and page.folders[-1:] == [below]:
                passed += 1
                if passed > _LOOKED_AT:
                    page.next = below
                    return ""
                continue
            if len(page.files) + len(page.folders) == limit:
                page.next = page.last
                return ""
            if not below:
                page.files.append(meta)
                continue
            page.folders.append(below)
            if store.skips:
                return _behind(below)
    return ""


def _behind(after: str) -> str:
    """Behind a folder is behind all that is in it."""
    return after + _LAST if after.endswith("/") else after
