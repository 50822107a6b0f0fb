"""The doorbell of looks: somebody waits to see something of a resource."""

from __future__ import annotations

from uuid import UUID

import structlog
from celery import shared_task

from processors.runtime import loop
from products import dispatch

log = structlog.get_logger(__name__)


@shared_task(name=dispatch.LOOK)
def answer(look_id: str) -> None:
    """Hands it to the process's loop; who asked waits for a few seconds only, so nothing is tried again."""
    try:
        loop.start().look(UUID(look_id))
    except Exception as error:  # noqa: BLE001 - see `tasks.runs`
        log.warning("look_not_answered", error=type(error).__name__)
