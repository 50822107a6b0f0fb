"""`/metrics` of the web process for Prometheus: the process's own figures and those of the whole installation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ductape_site.answer_headers import pairs
from ductape_site.health import Application, Receive, Scope, Send
from ductape_site.worker_metrics import REFUSED, is_allowed
from processors.queries.figures import Figures, figures

log = structlog.get_logger(__name__)
PATH = "/metrics"


class InstallationCollector:
    """Asks the database at every scrape for what no single process knows."""

    def collect(self) -> Iterator[Metric]:
        """One gauge says whether the database answered; the others are left out when it did not."""
        try:
            found = figures()
        except DatabaseError as error:
            log.warning("figures_missing", error=type(error).__name__)
            yield GaugeMetricFamily("ductape_database_up", "Whether the database answered this scrape.", 0)
            return
        yield GaugeMetricFamily("ductape_database_up", "Whether the database answered this scrape.", 1)
        yield from _of_queues(found)
        yield from _of_workers(found)
        yield from _of_pool()

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry that asked would run the queries when it is made."""
        return ()


def _of_queues(found: Figures) -> Iterator[Metric]:
    runs = GaugeMetricFamily("ductape_runs_open", "Runs that are not over.", labels=["workspace", "processor", "state"])
    oldest = GaugeMetricFamily(
        "ductape_queue_oldest_seconds",
        "Age of the oldest run that could start now and has not.",
        labels=["workspace", "processor"],
    )
    for queue in found.queues:
        place = [queue.workspace, queue.processor]
        for state in ("queued", "running", "waiting"):
            runs.add_metric([*place, state], getattr(queue, state))
        oldest.add_metric(place, queue.oldest_s)
    recent = GaugeMetricFamily("ductape_runs_recent", "Runs of the last five minutes by state.", labels=["state"])
    for state, count in found.recent.items():
        recent.add_metric([state], count)
    yield from (runs, oldest, recent)


def _of_workers(found: Figures) -> Iterator[Metric]:
    count = GaugeMetricFamily("ductape_workers", "Worker processes by state.", labels=["state"])
    for state in ("live", "busy", "draining", "lost"):
        count.add_metric([state], sum(view.state == state for view in found.workers))
    running = GaugeMetricFamily("ductape_worker_running", "Runs in hand.", labels=["worker"])
    memory = GaugeMetricFamily("ductape_worker_memory_bytes", "Resident memory.", labels=["worker"])
    settled = CounterMetricFamily("ductape_worker_settled", "Runs settled since its start.", labels=["worker"])
    for view in found.workers:
        name = [str(view.worker)]
        running.add_metric(name, view.worker.running)
        memory.add_metric(name, view.worker.memory_bytes)
        settled.add_metric(name, view.worker.settled)
    silent = found.scheduler_silent_s
    yield from (count, running, memory, settled)
    yield GaugeMetricFamily(
        "ductape_scheduler_silent_seconds",
        "Since a scheduler was last heard of.",
        float("inf") if silent is None else silent,
    )


def _of_pool() -> Iterator[Metric]:
    pool = getattr(connections[DEFAULT_DB_ALIAS], "pool", None)
    if pool is None:
        return
    stats = pool.get_stats()
    family = GaugeMetricFamily("ductape_database_pool", "Database connections of this process.", labels=["kind"])
    for kind in ("pool_max", "pool_size", "pool_available", "requests_waiting"):
        family.add_metric([kind.removeprefix("pool_").removeprefix("requests_")], stats.get(kind, 0))
    yield family


def installation_registry() -> CollectorRegistry:
    """A registry of its own: only the web process asks the database, at a scrape and at no other time."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(InstallationCollector())
    return registry


class MetricsPage:
    """Answers ahead of the site, which would refuse a scraper that comes by address; unknown without METRICS_TOKEN."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._registry = installation_registry()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or not settings.METRICS_TOKEN:
            await self.application(scope, receive, send)
        elif not is_allowed(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")):
            await _answer(send, 401, REFUSED, "text/plain; charset=utf-8")
        else:
            await _answer(send, 200, await asyncio.to_thread(self._render), CONTENT_TYPE_LATEST)

    def _render(self) -> bytes:
        try:
            return generate_latest(REGISTRY) + generate_latest(self._registry)
        finally:
            connections.close_all()


async def _answer(send: Send, status: int, content: bytes, kind: str) -> None:
    asks = {"www_authenticate": "Bearer"} if status == 401 else {}
    headers = pairs(content_type=kind, content_length=str(len(content)), **asks)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
