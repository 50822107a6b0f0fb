"""Notes which run stored a file of a storage, so that its page can say so when the run is long forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import structlog

from processors.runtime import resource_statements as statements
from processors.runtime.database import Pool, fetch
from processors.runtime.resource_definition import ResourceDefinition
from products.lib.jsontypes import Json
from products.models.base import new_id

log = structlog.get_logger(__name__)
_STORES = {"save": "key", "copy": "to"}  # the field of the output that has the key


async def note_stored(pool: Pool, definition: ResourceDefinition, run_id: UUID, step: str, output: Json) -> None:
    """After an operation of a storage that went well. What it did stands, whether this can be noted or not."""
    if definition.kind != "storage" or not isinstance(output, dict):
        return
    values: dict[str, Any] = {"config": definition.config}
    if definition.operation in _STORES:
        key = output[_STORES[definition.operation]]
        statement, more = statements.NOTE_STORED, {"id": new_id(), "key": key, "run": run_id, "step": step[:130]}
    elif definition.operation == "delete":
        statement, more = statements.NOTE_REMOVED, {"key": output["key"]}
    else:
        return
    try:
        await fetch(pool, statement, values | more)
    except psycopg.Error as error:
        log.warning("stored_file_not_noted", run_id=str(run_id), error=type(error).__name__)
