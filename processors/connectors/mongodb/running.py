"""One checked operation, run within its bounds; its result has the shape that SQL databases give."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from processors.connectors.mongodb.values import from_bson, to_bson
from products.lib.jsontypes import Json, JsonObject
from products.lib.mongodb_operations import MongoOperation, ordered

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows and about how many bytes of them are kept, and the seconds that the server may take."""

    rows: int
    size: int
    limit_s: float


async def run(db: Any, operation: MongoOperation, bounds: Bounds) -> JsonObject:
    """`rows`, `count` of them, how many were `changed`, whether rows were left out. Raises the driver's errors."""
    collection = db.get_collection(operation.collection)
    made = await _RUNS[operation.kind](collection, operation.parts, bounds)
    return {"rows": [], "count": len(made.get("rows", [])), "changed": 0, "truncated": False, **made}


def command_of(operation: MongoOperation, bounds: Bounds) -> JsonObject:
    """The command of an operation, to be explained. Raises ValueProblem."""
    parts, name = operation.parts, operation.collection
    query, limit = to_bson(parts.get("filter") or {}), parts.get("limit")
    if operation.kind == "find":
        sort = {"sort": ordered(parts["sort"])} if parts.get("sort") else {}
        shown = {"projection": to_bson(parts["projection"])} if parts.get("projection") else {}
        return {"find": name, "filter": query, **sort, **shown, **({"limit": limit} if limit else {})}
    if operation.kind == "count":
        return {"count": name, "query": query}
    if operation.kind == "aggregate":
        return {"aggregate": name, "pipeline": _pipeline(parts, bounds.rows), "cursor": {}}
    if operation.kind == "update":
        change = {"q": query, "u": _change(parts["update"]), "multi": _many(parts)}
        return {"update": name, "updates": [{**change, "upsert": bool(parts.get("upsert"))}]}
    if operation.kind == "delete":
        return {"delete": name, "deletes": [{"q": query, "limit": 0 if _many(parts) else 1}]}
    return {}


async def taken(cursor: AsyncIterator[Any], bounds: Bounds) -> JsonObject:
    """The rows that a cursor gives, up to the bounds."""
    rows: list[Json] = []
    size = 0
    async for document in cursor:
        row = from_bson(document)
        size += len(json.dumps(row, ensure_ascii=False))
        if len(rows) >= bounds.rows or size > bounds.size:
            return {"rows": rows, "count": len(rows), "truncated": True}
        rows.append(row)
    return {"rows": rows, "count": len(rows), "truncated": False}


async def _find(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    limit = min(int(parts.get("limit") or bounds.rows + 1), bounds.rows + 1)
    cursor = collection.find(
        to_bson(parts.get("filter") or {}),
        to_bson(parts["projection"]) if parts.get("projection") else None,
        limit=limit,
        batch_size=min(limit, BATCH),
        sort=list(ordered(parts["sort"]).items()) if parts.get("sort") else None,
    )
    async with cursor:
        return await taken(cursor, bounds)


async def _aggregate(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    cursor = await collection.aggregate(_pipeline(parts, bounds.rows), batchSize=min(bounds.rows + 1, BATCH))
    async with cursor:
        return await taken(cursor, bounds)


async def _count(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    limit = {"limit": int(parts["limit"])} if parts.get("limit") else {}
    found = await collection.count_documents(to_bson(parts.get("filter") or {}), **limit)
    return {"rows": [{"count": int(found)}], "count": 1}


async def _insert(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    given = parts["documents"]
    documents = [to_bson(document) for document in (given if isinstance(given, list) else [given])]
    made = await collection.insert_many(documents)
    rows = [{"_id": from_bson(each)} for each in made.inserted_ids]
    return {"rows": rows[: bounds.rows], "count": len(rows[: bounds.rows]), "changed": len(rows),
            "truncated": len(rows) > bounds.rows}  # fmt: skip


async def _update(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    change = collection.update_many if _many(parts) else collection.update_one
    made = await change(to_bson(parts.get("filter") or {}), _change(parts["update"]), upsert=bool(parts.get("upsert")))
    rows = [{"_id": from_bson(made.upserted_id)}] if made.did_upsert else []
    return {"rows": rows, "changed": int(made.matched_count) + len(rows)}


async def _delete(collection: Any, parts: Any, bounds: Bounds) -> JsonObject:
    change = collection.delete_many if _many(parts) else collection.delete_one
    return {"changed": int((await change(to_bson(parts["filter"]))).deleted_count)}


def _pipeline(parts: Any, rows: int) -> list[Any]:
    """The stages; those that only read end with a limit, so that the server does not gather what nobody reads."""
    stages = [_stage(stage) for stage in parts["pipeline"]]
    if stages and set(stages[-1]) & {"$out", "$merge"}:
        return stages
    return [*stages, {"$limit": min(int(parts.get("limit") or rows + 1), rows + 1)}]


def _stage(stage: JsonObject) -> Any:
    return {"$sort": ordered(stage["$sort"])} if "$sort" in stage else to_bson(stage)


def _change(update: Json) -> Any:
    return [_stage(stage) for stage in update] if isinstance(update, list) else to_bson(update)


def _many(parts: Any) -> bool:
    """Only one unless it says so: what was left out by mistake must not empty a collection."""
    return bool(parts.get("many"))


_RUNS: Final = {
    "find": _find, "aggregate": _aggregate, "count": _count, "insert": _insert, "update": _update, "delete": _delete,
}  # fmt: skip
