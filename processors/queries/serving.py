"""Which queues somebody serves, and what to say of a processor whose queue nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from processors.models import Run, RunState, Worker

LOST_AFTER = timedelta(seconds=20)
WORKERS_MOST = 1_000
UNSERVED = "No live worker serves the processor “{tag}”. Start one with: ductape worker{queues}"


def queue_of(workspace_tag: str, processor_tag: str) -> str:
    """The queue whose workers serve a processor."""
    return "runs" if processor_tag == "default" else f"runs.{workspace_tag}.{processor_tag}"


@dataclass(frozen=True, slots=True)
class Served:
    """The queues that live workers listen to."""

    queues: frozenset[str]

    def why_not(self, workspace_tag: str, processor_tag: str) -> str:
        """The sentence where nobody serves the processor, with what to do; "" where somebody does."""
        queue = queue_of(workspace_tag, processor_tag)
        if queue in self.queues:
            return ""
        return UNSERVED.format(tag=processor_tag, queues="" if processor_tag == "default" else f" --queues {queue}")


def served() -> Served:
    """As workers said within the last seconds; one that is about to stop takes nothing new."""
    heard = Worker.objects.filter(
        heartbeat_at__gte=timezone.now() - LOST_AFTER, stopped_at__isnull=True, draining=False
    )
    lists = heard.order_by("-heartbeat_at").values_list("queues", flat=True)[:WORKERS_MOST]
    return Served(frozenset(str(queue) for queues in lists for queue in queues))


def why_it_waits(run: Run) -> str:
    """Of a run that has not ended: its own reason, or that nobody serves its queue; "" for any other."""
    if run.reason or run.state != RunState.QUEUED:
        return "" if run.ended else run.reason
    return served().why_not(run.workspace.tag, run.processor_tag)
