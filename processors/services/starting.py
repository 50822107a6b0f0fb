"""Starts runs: permission, definition, checked input, one statement; the doorbell rings after the commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from processors.conf import knobs
from processors.engine.limits import DEFAULT_TIMEOUT_S, MAX_RETRIES, MAX_TIMEOUT_S
from processors.live import topics
from processors.models import IdempotencyRecord, Run, RunInput
from processors.queries.serving import queue_of as queue_of
from processors.services import run_rows
from processors.services.bell import News, bell
from processors.services.run_rows import NewRun, Shared
from processors.services.specs import Prepared, prepared, with_cache
from products.access import Actor, Permission
from products.lib.errors import Conflict, FieldProblem, Invalid, Unavailable
from products.lib.inputs import InputError, validate_input
from products.lib.jsontypes import Json, content_hash
from products.lib.redaction import Redactor
from products.models import Environment, new_id
from products.services import vault

MANY = 1_000
MAX_KEY_CHARS = 200
LEAST_TIMEOUT_S = 0.1
LOOKS = 3  # at a key that somebody forgets meanwhile
PAUSED = "The processor “{tag}” is paused."
_BY_KEY = Redactor()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody wants to be run. None for retries and timeout: as the action says."""

    product: str
    environment: str
    app: str
    action: str
    input: Json
    idempotency_key: str = ""
    retries: int | None = None
    timeout_s: float | None = None
    trigger: str = "rest"
    replay_of: UUID | None = None
    cache: str = ""  # the tag of a cache that may have the result


@dataclass(frozen=True, slots=True)
class Started:
    """The run; not `created` when the idempotency key already had one."""

    run: Run
    created: bool


def start_run(actor: Actor, request: RunRequest) -> Started:
    """Starts one run. Raises NotFound, Forbidden, Conflict, Invalid with pointers under /input."""
    return start_many(actor, request, [(request.input, request.idempotency_key)])[0]


def start_many(actor: Actor, request: RunRequest, inputs: Sequence[tuple[Json, str]]) -> list[Started]:
    """Starts one action for each (input, idempotency key), all or none, at most 1,000. Raises as `start_run`."""
    actor.need(Permission.RUN)
    if not 0 < len(inputs) <= MANY:
        raise Invalid.field("inputs", f"From 1 to {MANY} runs can be started at once.", code="count")
    call = prepared(actor, (request.product, request.environment, request.app, request.action))
    if request.cache:
        call = call.cached(with_cache(actor, call.environment, call.composition, request.cache))
    environment = call.environment
    actor.need_run_in(environment)
    check_active(environment)
    shared = _shared(actor, environment, request, call)
    news = [_new_run(actor, call, given, request, key=key) for given, key in inputs]
    with together(news):
        return written(actor, environment, shared, news)


def check_active(environment: Environment) -> None:
    """Raises Conflict where nothing may run."""
    if not environment.active:
        raise Conflict(f"The environment “{environment.slug}” is not active.", code="inactive")


def _shared(actor: Actor, environment: Environment, request: RunRequest, call: Prepared) -> Shared:
    policy = call.composition.get("policy") or {}
    retries = policy.get("retries", 0) if request.retries is None else request.retries
    timeout_s = policy.get("timeout_s", DEFAULT_TIMEOUT_S) if request.timeout_s is None else request.timeout_s
    if not 0 <= retries <= MAX_RETRIES:
        raise Invalid.field("retries", f"From 0 to {MAX_RETRIES} retries are possible.", code="range")
    if not LEAST_TIMEOUT_S <= timeout_s <= MAX_TIMEOUT_S:
        raise Invalid.field(
            "timeout", f"A timeout is from {LEAST_TIMEOUT_S} to {MAX_TIMEOUT_S:g} seconds.", code="range"
        )
    return Shared(
        call.hash,
        call.composition,
        {
            "workspace": actor.workspace.pk,
            "product": environment.product_id,
            "environment": environment.pk,
            "kind": "action",
            "target": call.target,
            "scope": f"{environment.pk}:action:{call.target}",
            "processor": environment.processor_tag,
            "trigger": request.trigger,
            "actor": actor.name[:254],
            "user": actor.user.pk if actor.user else None,
            "request_id": actor.request_id[:64],
            "replay_of": request.replay_of,
            "retries": retries,
            "timeout_s": timeout_s,
        },
    )


def _new_run(actor: Actor, call: Prepared, given: Json, request: RunRequest, *, key: str) -> NewRun:
    body_hash = stands_for(checked_key(key), given, request.trigger, request.replay_of)
    checked = _checked(call, given)
    structured = {each.name: getattr(checked, each.name) for each in fields(checked)}
    run_id = new_id()
    sealed = vault.seal(actor.workspace, RunInput(run_id=run_id), "sealed", json.dumps(structured, ensure_ascii=False))
    return NewRun(run_id, _BY_KEY.json(given), sealed, key, body_hash)


def checked_key(key: str) -> str:
    """An idempotency key as somebody gave it. Raises Invalid."""
    if len(key) > MAX_KEY_CHARS or not key.isprintable():
        detail = f"An idempotency key is at most {MAX_KEY_CHARS} printable characters."
        raise Invalid.field("idempotency_key", detail, code="invalid")
    return key


def stands_for(key: str, given: Json, trigger: str, replay_of: UUID | None, goes_on: Json = None) -> str:
    """The hash of what a key stands for: the input, and of a run that repeats another which one, how, and from where.

    "" without a key.
    """
    if not key:
        return ""
    return content_hash(given if replay_of is None else [given, trigger, str(replay_of), goes_on])


def _checked(call: Prepared, given: Json) -> Any:
    try:
        return validate_input(call.spec, given)
    except InputError as error:
        raise refused(error, "/input") from None


def refused(error: InputError, under: str) -> Invalid:
    """The same for the caller, with pointers under where the input stands."""
    return Invalid(errors=tuple(FieldProblem(under + one.pointer, one.code, one.detail) for one in error.errors))


def together(news: list[NewRun]) -> AbstractContextManager[Any]:
    """Many are written all or none; one alone is one statement, which is that by itself."""
    keys = [new.key for new in news if new.key]
    if len(set(keys)) != len(keys):
        raise Invalid.field("idempotency_key", "The same idempotency key is given twice.", code="duplicate")
    return transaction.atomic() if len(news) > 1 else nullcontext()


def written(actor: Actor, environment: Environment, shared: Shared, news: list[NewRun]) -> list[Started]:
    """Writes new runs, or finds those of keys that had one, and announces them."""
    made, firsts = made_or_found(shared, news, paused=PAUSED.format(tag=environment.processor_tag))
    queue = queue_of(actor.workspace.tag, environment.processor_tag)
    transaction.on_commit(lambda: announce(environment, [new.id for new in news if new.id in made], queue))
    return [
        Started(run_rows.as_model(shared, new, made[new.id], environment), created=True)
        if new.id in made
        else Started(firsts[new.id], created=False)
        for new in news
    ]


def made_or_found(
    shared: Shared, news: list[NewRun], *, paused: str
) -> tuple[dict[UUID, tuple[datetime, str]], dict[UUID, Run]]:
    """What was made, and the first runs of keys that had one. Between the two looks a key may have been forgotten."""
    made: dict[UUID, tuple[datetime, str]] = {}
    firsts: dict[UUID, Run] = {}
    for _ in range(LOOKS):
        todo = [new for new in news if new.id not in made and new.id not in firsts]
        if todo:
            made |= run_rows.insert(shared, todo, life_s=knobs().idempotency_life_s, paused=paused)
        for new in todo:
            if new.id not in made and (first := _first_of(shared, new)) is not None:
                firsts[new.id] = first
    if len(made) + len(firsts) < len(news):
        raise Unavailable("This idempotency key is just being forgotten; try again.")
    return made, firsts


def _first_of(shared: Shared, new: NewRun) -> Run | None:
    """The run that the idempotency key already has; None when it has none any more. Raises Conflict."""
    columns = shared.columns
    record = IdempotencyRecord.objects.filter(
        workspace_id=columns["workspace"], scope=columns["scope"], key=new.key
    ).first()
    if record is None:
        return None
    run = Run.objects.filter(pk=record.run_id).first()
    if run is None:  # its day is over: a key that leads nowhere is free
        IdempotencyRecord.objects.filter(pk=record.pk, run_id=record.run_id).delete()
        return None
    if record.body_hash != new.body_hash:
        message = "This idempotency key has been used for something else: with another input, or to repeat another run."
        raise Conflict(message, code="idempotency_mismatch")
    return run


def announce(environment: Environment, run_ids: list[UUID], queue: str) -> None:
    """Rings for new runs, and tells who looks at lists of them."""
    if run_ids:
        product = environment.product
        bell.ring(
            News(run_ids, queue, (topics.runs(product.pk, environment.slug), topics.workspace(product.workspace_id)))
        )
