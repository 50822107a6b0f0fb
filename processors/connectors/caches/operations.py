"""What can be done with a cache, by name: keep, give, forget and count values of one's own, and look at all of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from redis.exceptions import ResponseError

from processors.connectors.caches.entries import NUMBER, RESULT_KIND, VALUE, Packer, checked_key, refused, written
from processors.connectors.caches.servers import Server, prefix_of
from processors.connectors.caches.spans import span_for
from processors.connectors.errors import InputRejected, ResponseTooLarge
from processors.connectors.recorded import masked_json
from processors.connectors.resources import ResourceCall
from processors.connectors.served import CACHE, exactly
from products.lib.jsontypes import Json, JsonObject
from products.lib.sealing import SealError

LOT: Final = 500
_PAGE: Final = 1_000
_PAGES: Final = 20
_PREVIEW: Final = 4_096
_KINDS: Final = {NUMBER: "counter", VALUE: "value", RESULT_KIND: "result"}
_INT64: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, on its server."""

    call: ResourceCall
    server: Server
    packer: Packer
    max_bytes: int

    async def run(self, script: str, *args: str | bytes | int) -> Any:
        """What a script gives for this cache."""
        return await self.server.scripts.run(script, prefix_of(self.call.place), *args)

    def limit(self, name: str, default: int) -> int:
        """A number of the configuration."""
        return int(self.call.place.settings.get(name) or default)

    @property
    def room(self) -> int:
        """Bytes of all values together."""
        return self.limit("max_bytes", 100_000_000)


async def get(asked: Asked) -> JsonObject:
    """The value, whether it was found, and its age in seconds."""
    key = checked_key(asked.call.input.get("key"))
    what, blob, kind, age, _ = await asked.run("read", key, "", "", 0, 1)
    if what == b"none":
        return {"value": None, "found": False, "age_s": None}
    _check_size(blob, asked.max_bytes)
    try:
        value = await asked.packer.open(asked.call.place, key, kind.decode(), blob)
    except SealError:  # the workspace's key was replaced since
        await asked.run("forget", key)
        return {"value": None, "found": False, "age_s": None}
    return {"value": value, "found": True, "age_s": int(age) / 1_000}


async def set_(asked: Asked) -> JsonObject:
    """Keeps a value. Raises InputRejected for one that is too large."""
    given = asked.call.input
    key = checked_key(given.get("key"))
    text = written(given.get("value"))
    span = span_for(given.get("for"), asked.call.definition)
    limit = min(asked.limit("max_value_bytes", 1_000_000), asked.room)
    packed = await asked.packer.pack(asked.call.place, key, text, kind=VALUE) if len(text) <= limit else None
    if packed is None or packed.size > asked.room:
        message = f"This value has more than the {limit} bytes that the cache allows."
        raise InputRejected(message, details={"field": "value", "limit_bytes": limit})
    await asked.run("set", key, packed.kind, packed.blob, packed.size, span.fresh_ms, span.life_ms, asked.room)
    return {"key": key}


async def delete(asked: Asked) -> JsonObject:
    """Forgets a value of one's own."""
    key = checked_key(asked.call.input.get("key"))
    return {"key": key, "existed": bool(await asked.run("forget", key))}


async def increment(asked: Asked) -> JsonObject:
    """Counts up. A new counter gets the call's expiry, an old one keeps its own. Raises InputRejected."""
    key, by = checked_key(asked.call.input.get("key")), asked.call.input.get("by", 1)
    if isinstance(by, bool) or not isinstance(by, int) or not -_INT64 <= by < _INT64:
        raise refused("by", "Counting goes up or down by a whole number of at most 64 bits.")
    span = span_for(asked.call.input.get("for"), asked.call.definition)
    problem, value = await asked.run("increment", key, by, span.life_ms, asked.room)
    if problem == b"kind":
        raise refused("key", "What is kept under this key is not a whole number, so it cannot be counted up.")
    if problem:
        raise refused("by", "The number would have more than 64 bits.")
    return {"value": int(value)}


async def check(asked: Asked) -> JsonObject:
    """Which server answers, and how fast. The rights that a cache needs are tried, too."""
    began = time.perf_counter()
    await asked.run("figures")
    took = (time.perf_counter() - began) * 1_000
    try:
        info = await asked.server.client.info("server")
    except ResponseError:  # the user may not ask; everything that is needed works
        info = {}
    name = str(info.get("server_name") or "redis")
    version = str(info.get("valkey_version") or info.get("redis_version") or "")
    return {"server": name[:40], "version": version[:40], "took_ms": round(took, 2)}


async def figures(asked: Asked) -> JsonObject:
    """Hits, misses, bytes and keys, without those that have ended."""
    for _ in range(10):
        left, keys, size, hits, misses, stale, evicted = await asked.run("figures")
        if not left:
            break
    return {
        "hits": int(hits), "misses": int(misses), "stale": int(stale), "evicted": int(evicted),
        "keys": int(keys), "bytes": int(size), "max_bytes": asked.room,
    }  # fmt: skip


async def keys(asked: Asked) -> JsonObject:
    """A page in the order of letters. `next` is where to go on, also after a page that a search left short."""
    given = asked.call.input
    limit, after = given.get("limit", 100), given.get("after") or ""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE:
        raise refused("limit", f"A page has 1 to {_PAGE} keys.")
    for name in ("after", "contains"):
        if not isinstance(given.get(name, ""), str | None):
            raise refused(name, "This is a text.")
    part = str(given.get("contains") or "").casefold()
    found: list[JsonObject] = []
    most = _PAGE if part else limit
    for _ in range(_PAGES):
        rows = await asked.run("page", f"({after}".encode(errors="replace") if after else "-", most)
        for key, size, ends in rows:
            after = key.decode()
            if part in after.casefold():
                found.append({"key": after, "bytes": int(size), "ends_in_s": int(ends) / 1_000})
                if len(found) == limit:
                    return {"keys": found, "next": after}
        if len(rows) < most:
            return {"keys": found, "next": ""}
    return {"keys": found, "next": after}


async def look(asked: Asked) -> JsonObject:
    """One value as people may see it, with its size, age and end."""
    key = checked_key(asked.call.input.get("key"), own=False)
    found = await asked.run("look", key)
    if not found:
        return {"key": key, "found": False}
    blob, kind, age, fresh, ends, size = found
    try:
        value = await asked.packer.open(asked.call.place, key, kind.decode(), blob)
        preview, length, cut = masked_json(value, asked.call.redactor, limit=_PREVIEW)
    except SealError:
        preview, length, cut = "", 0, False
    return {
        "key": key, "found": True, "kind": _KINDS.get(kind.decode(), ""), "preview": preview, "truncated": cut,
        "length": length, "bytes": int(size), "age_s": int(age) / 1_000, "ends_in_s": max(0, int(ends)) / 1_000,
        "is_stale": int(fresh) <= 0, "readable": bool(preview),
    }  # fmt: skip


async def purge(asked: Asked) -> JsonObject:
    """Forgets one key, or all; what is being fetched meanwhile is not kept either."""
    key = asked.call.input.get("key")
    if key not in {None, ""}:
        return {"purged": int(await asked.run("forget", checked_key(key, own=False)))}
    purged, first = 0, 1
    while True:
        lot = int(await asked.run("forget_all", first, LOT))
        purged, first = purged + lot, 0
        if lot < LOT:
            return {"purged": purged}


def _check_size(blob: bytes, max_bytes: int) -> None:
    if len(blob) > max_bytes:
        raise ResponseTooLarge(details={"limit_bytes": max_bytes})


Operation: TypeAlias = Callable[[Asked], Awaitable[Json]]
_MADE: Final[dict[str, Operation]] = {
    "get": get, "set": set_, "delete": delete, "increment": increment, "check": check, "figures": figures,
    "keys": keys, "look": look, "purge": purge,
}  # fmt: skip
OPERATIONS: Final = exactly(CACHE.operations, _MADE)
CHANGES: Final = frozenset({"set", "delete", "increment", "purge"})
