"""What the dashboard asks of a MongoDB database: its collections, what their documents hold, their indexes."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from pymongo.errors import OperationFailure

from processors.connectors.mongodb.values import from_bson, type_name
from products.lib.jsontypes import JsonObject
from products.lib.mongodb_operations import STATE

SAMPLE: Final = 100
SOME_DOCUMENTS: Final = 50
MAX_COLLECTIONS: Final = 1_000
MAX_FIELDS: Final = 500


async def check(client: Any, *, read_only: bool) -> JsonObject:
    """Connects with the settings, and says which server answers. Raises the driver's errors."""
    began = time.perf_counter()
    hello = await client.db.command("hello")
    await client.db.list_collection_names(filter={"name": STATE})  # needs the credentials to be right
    took = (time.perf_counter() - began) * 1_000
    info = await client.db.command("buildInfo")
    return {
        "product": "MongoDB",
        "version": str(info.get("version", ""))[:40],
        "replica_set": str(hello.get("setName", ""))[:128],
        "writable": bool(hello.get("isWritablePrimary")),
        "latency_ms": round(took, 3),
        "read_only": read_only,
    }


async def tables(db: Any) -> JsonObject:
    """Collections and views, with an estimate of how many documents they have."""
    found: list[Any] = []
    async with await db.list_collections() as cursor:
        async for each in cursor:
            if not str(each["name"]).startswith("system.") and len(found) < MAX_COLLECTIONS:
                found.append(each)
    rows = [
        {"name": str(each["name"]), "kind": "view" if each.get("type") == "view" else "collection",
         "rows": await _estimate(db, each)}
        for each in sorted(found, key=lambda each: str(each["name"]))
    ]  # fmt: skip
    return {"tables": rows, "truncated": len(rows) >= MAX_COLLECTIONS}


async def columns(db: Any, table: str) -> JsonObject:
    """The fields that the newest documents have, of which types, in how many of them; the indexes; and the `query` that
    reads the collection."""
    seen: dict[str, dict[str, int]] = {}
    sampled = 0
    async with db.get_collection(table).find({}, limit=SAMPLE, sort=[("$natural", -1)]) as cursor:
        async for document in cursor:
            sampled += 1
            for name, value in document.items():
                if name in seen or len(seen) < MAX_FIELDS:
                    types = seen.setdefault(name, {})
                    types[type_name(value)] = types.get(type_name(value), 0) + 1
    fields = [
        {"name": str(name), "type": " | ".join(sorted(types)),
         "nullable": "null" in types or sum(types.values()) < sampled,
         "primary": name == "_id", "seen": sum(types.values())}
        for name, types in seen.items()
    ]  # fmt: skip
    return {
        "columns": fields,
        "primary_key": ["_id"],
        "foreign_keys": [],
        "indexes": await _indexes(db, table),
        "sampled": sampled,
        "query": json.dumps({"operation": "find", "collection": table, "limit": SOME_DOCUMENTS}, ensure_ascii=False),
    }


async def _indexes(db: Any, table: str) -> list[JsonObject]:
    try:
        async with await db.get_collection(table).list_indexes() as cursor:
            return [
                {"name": str(each["name"]), "columns": [str(name) for name in each["key"]],
                 "unique": bool(each.get("unique")) or each["name"] == "_id_", "keys": from_bson(dict(each["key"]))}
                async for each in cursor
            ]  # fmt: skip
    except OperationFailure:  # a view has none
        return []


async def _estimate(db: Any, each: Any) -> int | None:
    if each.get("type") == "view":
        return None
    return int(await db.get_collection(each["name"]).estimated_document_count())
