"""Answers who wants to see something of a resource: one call, no run, no retry."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

import psycopg
import redis
import structlog

from processors.connectors.errors import ConnectorError
from processors.connectors.resources import Files
from processors.engine.step import StepCall, StepError, StepFailed, StepSpec
from processors.live import wire
from processors.runtime import resource_statements as statements
from processors.runtime.arrays import Texts, Uuids
from processors.runtime.database import Pool, fetch
from processors.runtime.handing_over import HandedOver, NothingKept
from processors.runtime.loader import SealedValue
from processors.runtime.masking import step_error
from processors.runtime.resource_definition import ResourceDefinition, resource_definition
from processors.runtime.resources import ResourceMeans, ResourceSteps
from processors.runtime.secrets import Vault
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.redaction import Redactor
from products.lib.sealing import Place, SealError

log = structlog.get_logger(__name__)
TABLE = "look"
AT_ONCE = 20
KEPT_S = 60
LONGEST = 8_000_000
_BROKEN = StepError("platform_failed", "The platform failed while it looked; its log says more.", "platform")


class Looks:
    """Those of one worker; only so many at once, the others wait their turn."""

    def __init__(self, pool: Pool, valkey: Any, means: ResourceMeans) -> None:
        self._pool = pool
        self._valkey = valkey
        self._means = means
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def answer(self, look_id: UUID) -> None:
        """Once; a question that is gone, or that cannot be opened, is dropped."""
        async with self._turns:
            try:
                await self._answer(look_id)
            except (psycopg.Error, redis.RedisError, SealError, OSError, ValueError) as error:
                log.warning("look_dropped", error=type(error).__name__)

    async def _answer(self, look_id: UUID) -> None:
        question: bytes | None = await self._valkey.getdel(wire.LOOK.format(id=look_id))
        if question is None:
            return
        workspace_id = UUID(bytes=question[:16])
        rows = await fetch(self._pool, statements.DATA_KEY, {"workspace": workspace_id})
        if not rows:
            return
        vault = Vault.of(workspace_id, bytes(rows[0]["data_key"]))
        asked = json.loads(vault.sealer.open(question[16:], place=_place(workspace_id, look_id, "asked")))
        files = HandedOver(self._valkey, vault, look_id) if asked.get("hands_over") else NothingKept()
        text = json.dumps(await self._seen(asked, vault, files), ensure_ascii=False)
        if len(text) > LONGEST:
            text = json.dumps({"output": None, "error": asdict(StepError("response_too_large", _TOO_MUCH, "caller"))})
        key = wire.SEEN.format(id=look_id)
        await self._valkey.rpush(key, vault.sealer.seal(text, place=_place(workspace_id, look_id, "seen")))
        await self._valkey.expire(key, KEPT_S)

    async def _seen(self, asked: JsonObject, vault: Vault, files: Files) -> JsonObject:
        try:
            return {"output": await self._called(asked, vault, files), "error": None}
        except StepFailed as failed:
            return {"output": None, "error": asdict(failed.error)}
        except ConnectorError as error:
            return {"output": None, "error": asdict(step_error(error, Redactor()))}
        except Exception:
            log.exception("look_broke")
            return {"output": None, "error": asdict(_BROKEN)}

    async def _called(self, asked: JsonObject, vault: Vault, files: Files) -> Json:
        composition = asked["composition"]
        definition = resource_definition(content_hash(composition), composition)
        opened = self._means.places.open(definition, await self._values(definition, vault), vault)
        spec = StepSpec("look", definition.operation, timeout_s=float(asked["seconds"]))
        steps = ResourceSteps(self._means, definition, opened, given=asked["input"] or {}, files=files)
        result = await steps.call(StepCall(spec, uuid4(), 1, ""), lambda level, message: None)
        return result.output

    async def _values(self, definition: ResourceDefinition, vault: Vault) -> tuple[SealedValue, ...]:
        wanted = {
            "values": Uuids(definition.sealed_values),
            "secrets": Texts(definition.secrets),
            "workspace": vault.workspace_id,
            "config": definition.config,
        }
        rows = await fetch(self._pool, statements.VALUES, wanted)
        return tuple(sorted((SealedValue.of(row) for row in rows), key=lambda value: (value.kind, value.name)))


_TOO_MUCH = "That is too much to show at once: ask for less."


def _place(workspace_id: UUID, look_id: UUID, field: str) -> Place:
    return Place(str(workspace_id), TABLE, str(look_id), field)
