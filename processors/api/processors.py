"""REST of processors: queues, workers, pause and resume."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from processors.models import Processor, Worker
from processors.queries import workers
from processors.services import processors as processor_services
from products.api.base import WorkspaceView
from products.api.schema import answers, reading

TAGS = ["processors"]


class ProcessorShape(serializers.ModelSerializer[Processor]):
    """A processor as it is configured."""

    class Meta:
        model = Processor
        fields = ["id", "tag", "name", "paused_at"]
        read_only_fields = fields
        ref_name = "Processor"


class ProcessorStateShape(serializers.Serializer[Any]):
    """A processor and what waits for it."""

    processor = ProcessorShape()
    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(allow_null=True, help_text="Since when the oldest queued run waits.")
    environments = serializers.SerializerMethodField()
    unserved = serializers.CharField(help_text="That no live worker serves it, and how one is started; else empty.")

    class Meta:
        ref_name = "ProcessorState"

    def get_environments(self, view: workers.ProcessorView) -> list[str]:
        """`product:environment` of those it serves."""
        return [f"{environment.product.tag}:{environment.slug}" for environment in view.environments]


class WorkerShape(serializers.ModelSerializer[Worker]):
    """A worker process as it reports itself."""

    class Meta:
        model = Worker
        fields = [
            "id", "hostname", "pid", "queues", "version", "concurrency", "running", "settled", "memory_bytes",
            "started_at", "heartbeat_at", "stopped_at",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "Worker"


class WorkerStateShape(serializers.Serializer[Any]):
    """A worker and how it stands."""

    worker = WorkerShape()
    state = serializers.ChoiceField(choices=["live", "busy", "draining", "lost", "stopped"])

    class Meta:
        ref_name = "WorkerState"


class ProcessorsShape(serializers.Serializer[Any]):
    """Processors and workers."""

    processors = ProcessorStateShape(many=True)
    workers = WorkerStateShape(many=True)

    class Meta:
        ref_name = "Processors"


class ProcessorsView(WorkspaceView):
    """`…/processors/`"""

    @extend_schema(operation_id="processors_list", tags=TAGS, responses=reading(ProcessorsShape))
    def get(self, request: Any, workspace: str) -> Response:
        """The workspace's processors with the depth of their queues, and the workers of this installation."""
        found = {"processors": workers.processor_views(self.actor), "workers": workers.live_workers(self.actor)}
        return Response(ProcessorsShape(found).data)


class PauseProcessorView(WorkspaceView):
    """`…/processors/{processor}/pause/`"""

    @extend_schema(operation_id="processors_pause", tags=TAGS, request=None, responses=answers(ProcessorShape))
    def post(self, request: Any, workspace: str, processor: str) -> Response:
        """New runs wait; those under way go on."""
        return Response(ProcessorShape(processor_services.pause_processor(self.actor, processor)).data)


class ResumeProcessorView(WorkspaceView):
    """`…/processors/{processor}/resume/`"""

    @extend_schema(operation_id="processors_resume", tags=TAGS, request=None, responses=answers(ProcessorShape))
    def post(self, request: Any, workspace: str, processor: str) -> Response:
        """What waited starts."""
        return Response(ProcessorShape(processor_services.resume_processor(self.actor, processor)).data)
