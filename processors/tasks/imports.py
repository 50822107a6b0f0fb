"""The doorbells of imports."""

from __future__ import annotations

from celery import shared_task

from processors.runtime import memory
from products import dispatch
from products.services import import_work


@shared_task(name=dispatch.READ_IMPORT)
def read_import(import_id: str) -> None:
    """A document has come in."""
    import_work.read_import(import_id)
    memory.give_back()


@shared_task(name=dispatch.APPLY_IMPORT)
def apply_import(import_id: str) -> None:
    """A person has decided to apply what was read."""
    import_work.apply_import(import_id)
    memory.give_back()
