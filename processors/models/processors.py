"""What executes: processors, and the worker processes that serve them."""

from __future__ import annotations

from django.db import models

from products.models import Row, TagField, Workspace


class Processor(Row):
    """A pool of workers that serves one or more environments of a workspace through its own queue.

    Environments name it by tag; `default` is served by every worker. A drained processor takes no new runs.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="processors")
    tag = TagField()
    name = models.CharField(max_length=120)
    paused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["workspace", "tag"], name="processor_tag_unique")]

    def __str__(self) -> str:
        return str(self.tag)


class Worker(models.Model):
    """One worker process, as it says itself every few seconds; old heartbeats mean it is lost."""

    id = models.UUIDField(primary_key=True)
    hostname = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    queues = models.JSONField(default=list)
    version = models.CharField(max_length=40)
    concurrency = models.PositiveIntegerField(default=0)
    running = models.PositiveIntegerField(default=0)
    settled = models.PositiveBigIntegerField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    draining = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["hostname", "pid"]

    def __str__(self) -> str:
        return f"{self.hostname}:{self.pid}"
