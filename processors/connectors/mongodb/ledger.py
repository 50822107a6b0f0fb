"""Which migrations were run: a collection in the database itself, with a document each, and one that is the lock."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from processors.connectors.errors import RemoteUnavailable
from processors.connectors.migrations import Migration, Stored
from products.lib.errors import Invalid
from products.lib.jsontypes import Json
from products.lib.mongodb_operations import STATE

LOCK: Final = ":lock"  # no tag of a migration has a colon
LEASE_MS: Final = 60_000
MAX_KNOWN: Final = 2_000
_FIELDS: Final = ("position", "checksum", "state", "direction", "done", "error", "applied_at", "took_ms")
MongoMigration: TypeAlias = Migration[Json]


@dataclass(slots=True)
class Lock:
    """Held by this process, until somebody else has it."""

    owner: str
    lost: bool = False

    def check(self) -> None:
        """Raises RemoteUnavailable."""
        if self.lost:
            raise RemoteUnavailable("The lock on the migrations was lost; nothing more was run.")


def read_known(given: Json) -> tuple[MongoMigration, ...]:
    """The product's migrations, in order. Raises Invalid naming the field."""
    if not isinstance(given, list) or len(given) > MAX_KNOWN:
        raise Invalid.field("known", f"This must be a list of at most {MAX_KNOWN:,} migrations.", code="type")
    found = []
    for number, each in enumerate(given):
        texts: list[Any] = [each.get(name) for name in ("tag", "checksum")] if isinstance(each, dict) else []
        if not texts or not all(isinstance(text, str) and 0 < len(text) <= 128 and ":" not in text for text in texts):
            raise Invalid.field(f"known/{number}", "A migration has a tag and a checksum.")
        ways = [each.get(name) or [] for name in ("up", "down")]
        if not all(isinstance(way, list) for way in ways):
            raise Invalid.field(f"known/{number}", "The statements of a migration are a list.")
        found.append(Migration(texts[0], number + 1, texts[1], tuple(ways[0]), tuple(ways[1])))
    if len({each.tag for each in found}) < len(found):
        raise Invalid.field("known", "There are two migrations of one name.")
    return tuple(found)


class Ledger:
    """The state of the migrations of one database. Its methods raise the driver's errors."""

    def __init__(self, db: Any) -> None:
        self._rows = db.get_collection(STATE)

    async def all(self) -> dict[str, Stored]:
        """Every migration that was begun here and not rolled back, by its tag, in order."""
        found = {}
        async with self._rows.find({"_id": {"$ne": LOCK}}, sort=[("position", 1), ("_id", 1)]) as cursor:
            async for row in cursor:
                known = {name: row[name] for name in _FIELDS if row.get(name) is not None}
                found[str(row["_id"])] = Stored(str(row["_id"]), **{"position": 0, "checksum": "", **known})
        return found

    async def keep(self, row: Stored) -> None:
        """Remembers it, in place of what was known of it."""
        await self._rows.replace_one({"_id": row.tag}, {name: getattr(row, name) for name in _FIELDS}, upsert=True)

    async def forget(self, tag: str) -> None:
        """It is as if it had never been run."""
        await self._rows.delete_one({"_id": tag})

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[Lock]:
        """Nobody else runs migrations of this database meanwhile. Raises RemoteUnavailable when somebody does."""
        lock = Lock(secrets.token_hex(16))
        if not await self._take(lock):
            raise RemoteUnavailable("Other migrations of this database are under way.")
        renewing = asyncio.ensure_future(self._renew(lock))
        try:
            yield lock
        finally:
            renewing.cancel()
            with suppress(PyMongoError):  # it ends by itself
                await self._rows.delete_one({"_id": LOCK, "owner": lock.owner})

    async def _take(self, lock: Lock) -> bool:
        """Nobody's, or one that has ended, or one's own. The clock is the server's, asked for a moment before."""
        now = (await self._rows.database.command("hello"))["localTime"]
        free = {"$or": [{"owner": lock.owner}, {"until": {"$lt": now}}]}
        lasting = {"$set": {"owner": lock.owner, "until": now + timedelta(milliseconds=LEASE_MS)}}
        try:
            await self._rows.find_one_and_update(
                {"_id": LOCK, **free}, lasting, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            return False
        return True

    async def _renew(self, lock: Lock) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 4_000)
            try:
                if not await self._take(lock):
                    lock.lost = True
                    return
            except PyMongoError:
                continue  # there is time for another try
