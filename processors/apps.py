"""What executes and what is monitored."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core import checks


class ProcessorsConfig(AppConfig):
    """The upper storey."""

    name = "processors"
    verbose_name = "Processors"

    def ready(self) -> None:
        """Without the Celery application a process would ring at a broker that is not there."""
        import_module(settings.CELERY_APP)
        checks.register(import_module("processors.checks").connectors_of_resources)
