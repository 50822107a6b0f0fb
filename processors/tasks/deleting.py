"""The doorbell of workspaces, products and environments that are being deleted."""

from __future__ import annotations

from celery import shared_task

from processors.services import deleting
from products import dispatch


@shared_task(name=dispatch.DELETE_REST)
def go_on(row_id: str) -> None:
    """One was marked; after some seconds of work there is another message, so that a worker can stop in between."""
    if deleting.go_on(row_id):
        dispatch.ring(dispatch.DELETE_REST, row_id)
