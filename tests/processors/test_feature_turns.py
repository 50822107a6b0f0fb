"""The concurrency limit of a feature holds for runs that start at the same moment, by people and by other runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from processors.models import NEVER, Run
from processors.runtime import loop
from processors.runtime.loop import WorkerLoop
from processors.services import runs as run_services
from processors.services import turns
from processors.services.features import FeatureRequest, start_many_features
from products.lib.jsontypes import Json
from tests.patience import until
from tests.processors.feature_runs import FeatureRuns, chain

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8
WAITS = {"tag": "ask", "type": "wait_signal", "event": "go"}


def limited(surplus: str, *, limit: int = 1) -> dict[str, Any]:
    """So many at a time for each value of `who`; each waits for a signal."""
    options = {"concurrency": {"limit": limit, "key": "$Input{who}", "surplus": surplus}}
    return {"input": {"who": "string"}, **chain(WAITS, options=options)}


def together(count: int, act: Callable[[int], object]) -> list[object]:
    """What it gives in so many threads that begin at the same moment, each over a connection of its own."""
    ready = threading.Barrier(count)

    def one(number: int) -> object:
        try:
            connection.ensure_connection()
            ready.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def let_go() -> int:
    """How many have a place: they may begin, or have begun."""
    return Run.objects.filter(state__in=["queued", "running", "waiting"], target="one").exclude(wake_at=NEVER).count()


@pytest.mark.parametrize(
    ("surplus", "limit", "alive"), [("wait", 1, 8), ("wait", 3, 8), ("drop", 1, 1), ("drop", 3, 3)]
)
def test_R10_of_runs_started_at_the_same_moment_as_many_go_as_the_limit_says(
    features: FeatureRuns, surplus: str, limit: int, alive: int
) -> None:
    features.make("one", limited(surplus, limit=limit))
    together(AT_ONCE, lambda _: features.start("one", {"who": "ann"}))
    assert let_go() == limit
    assert Run.objects.filter(state="queued").count() == alive
    assert Run.objects.filter(error__code="dropped").count() == AT_ONCE - alive


def test_R10_of_runs_started_at_the_same_moment_the_last_takes_the_place_of_all_others(features: FeatureRuns) -> None:
    features.make("one", limited("cancel_older"))
    together(AT_ONCE, lambda _: features.start("one", {"who": "ann"}))
    newest = Run.objects.order_by("-id")[0]
    assert list(Run.objects.filter(state="queued")) == [newest]
    assert let_go() == 1
    assert Run.objects.filter(state="cancelled").count() == AT_ONCE - 1


def test_R10_a_run_that_may_go_and_that_nobody_has_begun_has_its_place(features: FeatureRuns) -> None:
    features.make("one", limited("wait"))
    first, second = (features.start("one", {"who": "ann"}) for _ in range(2))
    assert (first.wake_at, second.wake_at) == (None, NEVER)
    assert turns.let_all_go() == 0
    run_services.cancel_run(features.actor, first)
    second.refresh_from_db()
    assert (second.wake_at, second.reason) == (None, "")


def test_R28_who_cancels_a_run_keeps_nobody_from_whom_it_waits(features: FeatureRuns) -> None:
    features.make("one", limited("wait"))
    run = features.start("one", {"who": "ann"})

    def act(number: int) -> object:
        if number:
            taken.wait(120)
            return run_services.cancel_run(features.actor, run).state
        with transaction.atomic():
            turns.lock(run.environment_id, [run.concurrency_key])
            taken.set()
            until(lambda: Run.objects.get(pk=run.pk).state == "cancelled", what="the run is cancelled")
            return Run.objects.select_for_update().get(pk=run.pk).state

    taken = threading.Event()
    assert together(2, act) == ["cancelled", "cancelled"]


def test_R28_many_of_several_keys_are_started_together_in_any_order(features: FeatureRuns) -> None:
    features.make("one", limited("wait"))
    names = [f"who-{number}" for number in range(12)]

    def act(number: int) -> object:
        inputs: list[tuple[Json, str]] = [({"who": name}, "") for name in names[:: -1 if number % 2 else 1]]
        request = FeatureRequest("shop", "dev", "one")
        return len(start_many_features(features.actor, request, inputs))

    assert together(4, act) == [len(names)] * 4
    assert let_go() == len(names)


def rung(runs: QuerySet[Run]) -> list[Run]:
    """The same, those that nobody holds rung for: as the scheduler does where a doorbell met a locked row."""
    for run in (found := list(runs)):
        if run.state in {"queued", "waiting"}:
            loop.start().submit(run.pk)
    return found


@pytest.mark.parametrize("surplus", ["wait", "drop", "cancel_older"])
def test_R10_of_children_started_at_the_same_moment_by_two_workers_one_goes(
    features: FeatureRuns, surplus: str
) -> None:
    features.make("one", limited(surplus))
    child = {"tag": "sub", "type": "feature", "event": "one", "input": {"who": "ann"}, "allow_fail": True}
    features.make("parent", chain(child))
    parents = [features.start("parent") for _ in range(AT_ONCE)]
    workers = [loop.start(), WorkerLoop()]
    try:
        heard = [workers[number % 2].submit(parent.pk) for number, parent in enumerate(parents)]
        for one in heard:
            one.result(120)
        children = Run.objects.filter(target="one")
        assert children.count() == AT_ONCE
        asked = children.filter(cancel_requested_at__isnull=False)
        until(lambda: not rung(asked.exclude(state="cancelled")), what="those asked to stop have stopped")
        assert let_go() == 1
        assert children.filter(state="cancelled", error__code="dropped").count() == (surplus == "drop") * (AT_ONCE - 1)
        assert asked.exists() == (surplus == "cancel_older")
    finally:
        workers[1].drain()
        workers[1].stop()
