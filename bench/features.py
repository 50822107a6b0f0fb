"""Features: ten trivial steps (W1), five calls in a row (W2), a hundred side by side (W3), and large ones."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connection
from django.utils import timezone

from bench.callers import Call, one_at_a_time
from bench.figures import Figure, figure, percentile
from bench.inside import ACCESS_TAG, ENVIRONMENT, PRODUCT, Key, access_key, owner
from bench.journal import bare_journal
from processors.models import ENDED_STATES, Run, RunState, Worker
from processors.services.features import FeatureRequest, start_many_features
from products.features import read_feature
from products.models import Feature, Product

ROUNDS = 5
LONGEST_S = 180
FRESH = timedelta(seconds=10)


def step(tag: str, **more: Any) -> dict[str, Any]:
    """A call of the sample shop."""
    return {"tag": tag, "type": "action", "app": ACCESS_TAG, "event": "get-product", **more}


def product(reference: str = "prd_001") -> dict[str, Any]:
    """The input of that call."""
    return {"product_id": reference}


POINTS = [{"tag": f"s{n}", "type": "checkpoint", "input": {"n": n}} for n in range(10)]
CALLS = [step(f"c{n}", input=product(f"$Step{{c{n - 1}}}{{id}}" if n else "prd_001")) for n in range(5)]
SIDE = {
    "tag": "all", "type": "action", "app": ACCESS_TAG, "event": "slow", "input": {"seconds": 0.1},
    "for_each": list(range(100)), "concurrency": 100,
}  # fmt: skip
LOOP = step("each", input=product(), for_each="$Input{items}", concurrency=50)
FEATURES: dict[str, dict[str, Any]] = {
    "bench-w1": {"sequences": [{"tag": "main", "events": POINTS}]},
    "bench-w2": {"sequences": [{"tag": "main", "events": CALLS}], "output": "$Step{c4}{id}"},
    "bench-w3": {"sequences": [{"tag": "main", "events": [SIDE]}]},
    "bench-large": {"sequences": [
        {"tag": f"q{q}", "parents": [f"q{q - 1}"] if q else [],
         "events": [{"tag": f"e{n}", "type": "checkpoint", "input": {"n": n}} for n in range(20)]} for q in range(50)]},
    "bench-loop": {"input": {"items": "array"}, "sequences": [{"tag": "main", "events": [LOOP]}]},
}  # fmt: skip


def await_workers(count: int) -> None:
    """Until so many have reported since the system was started. Raises TimeoutError."""
    connection.close()  # the system may have been started anew since
    until = time.perf_counter() + LONGEST_S
    while Worker.objects.filter(stopped_at=None, heartbeat_at__gt=timezone.now() - FRESH).count() != count:
        if time.perf_counter() > until:
            raise TimeoutError(f"there are not {count} workers")
        time.sleep(0.05)


def make_features() -> None:
    """In the sample product."""
    row = Product.objects.get(tag=PRODUCT)
    for tag, definition in FEATURES.items():
        Feature.objects.update_or_create(product=row, tag=tag, defaults={"name": tag, "definition": definition})


def bulk(tag: str, *, count: int, given: Any = None) -> float:
    """Seconds from the first start of `count` runs to the end of the last. Raises RuntimeError."""
    actor, request = owner(), FeatureRequest(PRODUCT, ENVIRONMENT, tag)
    began = time.perf_counter()
    started = start_many_features(actor, request, [(given, "")] * count)
    rows = Run.objects.filter(pk__in=[one.run.pk for one in started])
    while rows.filter(state__in=ENDED_STATES).count() < count:
        if time.perf_counter() - began > LONGEST_S:
            raise RuntimeError(f"not all of {count} runs of {tag} ended in {LONGEST_S} s")
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    bad = rows.exclude(state=RunState.COMPLETED).first()
    if bad is not None:
        raise RuntimeError(f"a run of {tag} is {bad.state}: {bad.error}")
    return seconds


def of_features(address: str, memory_mb: Callable[[], float], *, quick: bool) -> list[Figure]:
    """W1 to W3 with the bare journal beside them, and what is large."""
    make_features()
    headers = Key(access_key()).headers
    found: list[Figure] = []
    for tag, name, size in (("bench-w1", "W1, ten trivial steps", 300), ("bench-w2", "W2, five calls in a row", 150)):
        count = size if quick else 2 * size
        bulk(tag, count=20)
        speeds = [count / bulk(tag, count=count) for _ in range(ROUNDS)]
        found.append(figure(f"{name}, {count} runs at once", "runs/s", speeds))
        call = Call(
            f"{address}/api/v1/workspaces/main/processor/feature/run",
            {"product": PRODUCT, "environment": ENVIRONMENT, "feature": tag, "wait": 20}, headers, state="completed",
        )  # fmt: skip
        asyncio.run(one_at_a_time(call, count=10))
        single = [asyncio.run(one_at_a_time(call, count=20 if quick else 60)) for _ in range(ROUNDS)]
        found.append(figure(f"{name}, one at a time, p50", "ms", [percentile(each.times, 0.5) for each in single]))
    journal = [bare_journal(runs=300 if quick else 600, writes=11) for _ in range(ROUNDS)]
    found.append(figure("bare journal, the rows of W1 without an engine", "runs/s", journal))
    bulk("bench-w3", count=1)
    found.append(figure("W3, 100 calls of 100 ms side by side", "s", [_run_time("bench-w3") for _ in range(ROUNDS)]))
    found += _large(memory_mb, quick=quick)
    return found


def _run_time(tag: str) -> float:
    """From the start of the run in its worker to its end, in seconds."""
    bulk(tag, count=1)
    run = Run.objects.filter(target=tag).order_by("-id").first()
    if run is None or run.started_at is None or run.finished_at is None:
        raise RuntimeError(f"{tag} has not run")
    return (run.finished_at - run.started_at).total_seconds()


def _large(memory_mb: Callable[[], float], *, quick: bool) -> list[Figure]:
    document = {**FEATURES["bench-large"], "name": "Large", "tag": "large"}
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        read_feature(json.loads(json.dumps(document)), available=("action", "feature"))
        times.append(time.perf_counter() - began)
    whole = [_run_time("bench-large") for _ in range(1 if quick else 3)]
    count = 1_000 if quick else 10_000
    before = memory_mb()
    began = time.perf_counter()
    bulk("bench-loop", count=1, given={"items": list(range(count))})
    loop = time.perf_counter() - began
    return [
        figure("a feature of 1,000 events, read and planned", "s", times),
        figure("a feature of 1,000 events, run", "s", whole),
        figure(f"for_each over {count:,} items", "s", [loop]),
        figure(f"for_each over {count:,} items, memory of everything grew by", "MB", [max(0.0, memory_mb() - before)]),
    ]
