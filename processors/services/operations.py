"""Starts runs of operations of resources: permission, definition, checked input, one statement."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from uuid import UUID

from processors.engine.limits import DEFAULT_TIMEOUT_S, MAX_RETRIES, MAX_TIMEOUT_S
from processors.models import RunInput
from processors.services.operation_specs import PreparedOperation, prepared_operation
from processors.services.run_rows import NewRun, Shared
from processors.services.specs import with_cache
from processors.services.starting import (
    LEAST_TIMEOUT_S,
    Started,
    check_active,
    checked_key,
    refused,
    stands_for,
    written,
)
from products.access import Actor, Permission
from products.catalog.resources import KIND_BY_EVENT
from products.catalog.resources.operations import checked_input
from products.lib.errors import Invalid
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, content_hash
from products.lib.redaction import Redactor
from products.models import new_id
from products.queries.callable_resources import Wanted
from products.services import vault

RUN_KINDS = tuple(KIND_BY_EVENT)
_BY_KEY = Redactor()


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What somebody wants to be done with a resource. `inner`: an operation that is for the dashboard only."""

    product: str
    environment: str
    wanted: Wanted
    input: Json = None
    idempotency_key: str = ""
    retries: int = 0
    timeout_s: float = DEFAULT_TIMEOUT_S
    trigger: str = "rest"
    replay_of: UUID | None = None
    inner: bool = False
    cache: str = ""  # the tag of a cache that may have the result


def start_operation(actor: Actor, request: OperationRequest) -> Started:
    """Starts one run. Raises NotFound, Forbidden, Conflict, Invalid with pointers under /input."""
    actor.need(Permission.RUN)
    prepared = prepared_operation(actor, request.product, request.environment, request.wanted, inner=request.inner)
    if request.cache:
        content = with_cache(actor, prepared.environment, prepared.composition, request.cache)
        prepared = replace(prepared, composition=content, hash=content_hash(content))
    actor.need_run_in(prepared.environment)
    check_active(prepared.environment)
    shared = _shared(actor, request, prepared)
    return written(actor, prepared.environment, shared, [_new_run(actor, request, prepared)])[0]


def _shared(actor: Actor, request: OperationRequest, prepared: PreparedOperation) -> Shared:
    if not 0 <= request.retries <= MAX_RETRIES:
        raise Invalid.field("retries", f"From 0 to {MAX_RETRIES} retries are possible.", code="range")
    if not LEAST_TIMEOUT_S <= request.timeout_s <= MAX_TIMEOUT_S:
        bounds = f"from {LEAST_TIMEOUT_S} to {MAX_TIMEOUT_S:g} seconds"
        raise Invalid.field("timeout", f"A timeout is {bounds}.", code="range")
    environment, kind = prepared.environment, prepared.composition["event_type"]
    return Shared(
        prepared.hash,
        prepared.composition,
        {
            "workspace": actor.workspace.pk,
            "product": environment.product_id,
            "environment": environment.pk,
            "kind": kind,
            "target": request.wanted.target,
            "scope": f"{environment.pk}:{kind}:{request.wanted.target}",
            "processor": environment.processor_tag,
            "trigger": request.trigger,
            "actor": actor.name[:254],
            "user": actor.user.pk if actor.user else None,
            "request_id": actor.request_id[:64],
            "replay_of": request.replay_of,
            "retries": request.retries,
            "timeout_s": request.timeout_s,
        },
    )


def _new_run(actor: Actor, request: OperationRequest, prepared: PreparedOperation) -> NewRun:
    key = checked_key(request.idempotency_key)
    try:
        given = checked_input(prepared.fields, request.input)
    except InputError as error:
        raise refused(error, "/input") from None
    run_id = new_id()
    sealed = vault.seal(actor.workspace, RunInput(run_id=run_id), "sealed", json.dumps(given, ensure_ascii=False))
    body_hash = stands_for(key, given, request.trigger, request.replay_of)
    return NewRun(run_id, _BY_KEY.json(given), sealed, key, body_hash)
