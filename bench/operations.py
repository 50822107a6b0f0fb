"""Resources through whole runs: a database action by key, a feature of ten of them, a result that a cache has."""

from __future__ import annotations

import asyncio
from typing import Any

import django

django.setup()

from bench.callers import Call, one_at_a_time
from bench.features import ROUNDS, bulk
from bench.figures import Figure, figure, percentile
from bench.inside import ENVIRONMENT, PRODUCT, Key, access_key, owner
from processors.services.looking import look
from products.models import Feature, Product, Resource
from products.queries.callable_resources import Wanted
from products.services import database_actions, resources

ROWS = 1_000
READ = {"type": "read", "sql": "SELECT id, name FROM bench_items WHERE id = {{id:INTEGER}}"}
FILL = """
CREATE TABLE IF NOT EXISTS bench_items (id INTEGER PRIMARY KEY, name VARCHAR(100))
"""
BY_KEY = {"database": "bench", "action": "by-id", "input": {"id": 7}}
POINTS = [{"tag": f"p{n}", "type": "checkpoint", "input": {"n": n}} for n in range(10)]


def of_operations(address: str, *, quick: bool) -> list[Figure]:
    """Runs one at a time over REST, and features in bulk, beside features that only keep ten checkpoints."""
    _make()
    headers = Key(access_key()).headers
    found = [
        figure(name, "ms", _times(address, path, body, headers, quick=quick))
        for name, path, body in (
            ("database action by key, queued run, p50", "db", BY_KEY),
            ("the same, a cache has the result, p50", "db", {**BY_KEY, "cache": "bench"}),
            ("feature of ten database actions, p50", "feature", {"feature": "bench-db"}),
            ("feature of ten kept results, p50", "feature", {"feature": "bench-kept"}),
            ("feature of ten checkpoints, p50", "feature", {"feature": "bench-points"}),
        )
    ]  # fmt: skip
    for tag in ("bench-db", "bench-kept", "bench-points"):
        count = 100 if quick else 300
        bulk(tag, count=20)
        speeds = [count / bulk(tag, count=count) for _ in range(ROUNDS)]
        found.append(figure(f"{tag}, {count} runs at once", "runs/s", speeds))
    return found


def _times(address: str, path: str, body: Any, headers: Any, *, quick: bool) -> list[float]:
    url = f"{address}/api/v1/workspaces/main/processor/{path}/run"
    whole = {"product": PRODUCT, "environment": ENVIRONMENT, "wait": 20, **body}
    call = Call(url, whole, headers, state="completed")
    asyncio.run(one_at_a_time(call, count=10))
    measured = [asyncio.run(one_at_a_time(call, count=30 if quick else 100)) for _ in range(ROUNDS)]
    return [percentile(each.times, 0.5) for each in measured]


def _make() -> None:
    """A database, a cache, and the features."""
    actor = owner()
    wanted = {"provider": "sqlite", "settings": {"file": "bench"}}
    if not Resource.objects.filter(tag="bench").exists():
        row = resources.create_resource(
            actor, PRODUCT, "database", {"name": "Bench", "tag": "bench", "environments": {ENVIRONMENT: wanted}}
        )
        database_actions.create_action(actor, row, name="By id", tag="by-id", definition=READ)
        shared = {"shared": {"for": "1h"}, "environments": {ENVIRONMENT: {"provider": "builtin"}}}
        resources.create_resource(actor, PRODUCT, "cache", {"name": "Bench", "tag": "bench", **shared})
    for text in (FILL, "DELETE FROM bench_items", _rows()):
        seen = look(
            actor, PRODUCT, ENVIRONMENT, Wanted("database", "bench", "query"), {"text": text, "read_only": False}
        )
        if seen.error:
            raise RuntimeError(seen.message)
    product = Product.objects.get(tag=PRODUCT)
    events = [{"tag": f"e{n}", "type": "db_action", "event": "bench:by-id", "input": {"id": n}} for n in range(10)]
    kept = [{**event, "cache": {"name": "bench"}} for event in events]
    for tag, chosen in (("bench-db", events), ("bench-kept", kept), ("bench-points", POINTS)):
        definition = {"sequences": [{"tag": "main", "events": chosen}]}
        Feature.objects.update_or_create(product=product, tag=tag, defaults={"name": tag, "definition": definition})


def _rows() -> str:
    values = ", ".join(f"({n}, 'item {n}')" for n in range(ROWS))
    return f"INSERT INTO bench_items (id, name) VALUES {values}"
