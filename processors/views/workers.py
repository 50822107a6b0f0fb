"""Processors and workers: who is live, what waits, pause and resume."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from processors.queries import workers
from processors.services import processors as processor_services
from products.access import Permission
from products.views.base import WorkspacePage


class ProcessorsPage(WorkspacePage):
    """Live by heartbeat."""

    template = "processors/workers/page.html"
    fragment = "processors/workers/_processors.html"
    section = "processors"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Queues from the rows of runs, workers from their heartbeats."""
        return self.show(
            request,
            processors=workers.processor_views(self.actor),
            workers=workers.live_workers(self.actor),
            may_manage=self.actor.may(Permission.MANAGE_PROCESSORS),
        )


class PauseProcessor(WorkspacePage):
    """New runs wait."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Runs under way go on."""
        processor_services.pause_processor(self.actor, kwargs["processor"])
        messages.success(request, "Paused: new runs wait.")
        return redirect("processors", self.actor.workspace.tag)


class ResumeProcessor(WorkspacePage):
    """What waited starts."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Rings for what waited."""
        processor_services.resume_processor(self.actor, kwargs["processor"])
        messages.success(request, "Resumed.")
        return redirect("processors", self.actor.workspace.tag)
