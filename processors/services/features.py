"""Starts runs of features: permission, definition, checked input, one statement; its turn where there is a limit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from processors.models import Run, RunInput
from processors.services import run_rows, turns
from processors.services.ending import cancel_older, drop
from processors.services.feature_specs import PreparedFeature
from processors.services.partial_runs import prepared_until
from processors.services.run_rows import NewRun, Shared
from processors.services.sharing import WAITS_ITS_TURN, Share, dropped_because, share_of
from processors.services.specs import with_cache
from processors.services.starting import (
    MANY,
    PAUSED,
    Started,
    announce,
    check_active,
    checked_key,
    made_or_found,
    queue_of,
    refused,
    stands_for,
    together,
    written,
)
from products.access import Actor, Permission
from products.features import checked_input
from products.lib.errors import Invalid
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.redaction import Redactor
from products.models import Environment, new_id
from products.services import vault

KIND = "feature"
_BY_KEY = Redactor()


@dataclass(frozen=True, slots=True)
class FeatureRequest:
    """Which feature somebody wants to be run, and with what."""

    product: str
    environment: str
    feature: str
    input: Json = None
    idempotency_key: str = ""
    trigger: str = "rest"
    replay_of: UUID | None = None
    goes_on: Json = None  # of a run that goes on with the results of another: from where, and with which
    until: str = ""  # "sequence/event" after which it ends; the rest is not run
    cache: str = ""  # the tag of a cache that may have the result


def start_feature(actor: Actor, request: FeatureRequest) -> Started:
    """Starts one run. Raises NotFound, Forbidden, Conflict, Invalid with pointers under /input."""
    actor.need(Permission.RUN)
    prepared = _prepared(actor, request)
    return start_prepared(actor, request, prepared)


def start_many_features(actor: Actor, request: FeatureRequest, inputs: Sequence[tuple[Json, str]]) -> list[Started]:
    """Starts one feature for each (input, idempotency key), all or none, at most 1,000. Raises as `start_feature`."""
    actor.need(Permission.RUN)
    if not 0 < len(inputs) <= MANY:
        raise Invalid.field("inputs", f"From 1 to {MANY} runs can be started at once.", code="count")
    prepared = _prepared(actor, request)
    one_by_one = [replace(request, input=given, idempotency_key=key) for given, key in inputs]
    if prepared.feature.options.surplus is not None:
        with transaction.atomic():
            shares = (_share(prepared, one, _checked(prepared, one.input)) for one in one_by_one)
            turns.lock(prepared.environment.pk, [share.key for share in shares if share])
            return [start_prepared(actor, one, prepared) for one in one_by_one]
    check_active(prepared.environment)
    news = [_new_run(actor, one, _checked(prepared, one.input), None) for one in one_by_one]
    with together(news):
        return written(actor, prepared.environment, _shared(actor, request, prepared, None), news)


def start_prepared(actor: Actor, request: FeatureRequest, prepared: PreparedFeature) -> Started:
    """As `start_feature`, of a definition that is at hand."""
    environment = prepared.environment
    actor.need_run_in(environment)
    check_active(environment)
    given = _checked(prepared, request.input)
    share = _share(prepared, request, given)
    shared = _shared(actor, request, prepared, share)
    if share is None:
        return _started(actor, environment, shared, _new_run(actor, request, given, None))
    with transaction.atomic():
        turns.lock(environment.pk, [share.key])  # before it has its id: whoever comes later is younger
        new = _new_run(actor, request, given, share)
        return _in_turn(actor, _started(actor, environment, shared, new, is_due=False), share, environment)


def _prepared(actor: Actor, request: FeatureRequest) -> PreparedFeature:
    made = prepared_until(actor, request.product, request.environment, request.feature, request.until)
    if not request.cache:
        return made
    content = with_cache(actor, made.environment, made.composition, request.cache)
    return replace(made, composition=content, hash=content_hash(content))


def _share(prepared: PreparedFeature, request: FeatureRequest, given: JsonObject) -> Share | None:
    run: JsonObject = {"environment": prepared.environment.slug, "product": request.product}
    return share_of(prepared.feature, given, run=run)


def _checked(prepared: PreparedFeature, given: Json) -> JsonObject:
    try:
        return checked_input(prepared.feature.input, given, defs=prepared.feature.defs)
    except InputError as error:
        raise refused(error, "/input") from None


def _new_run(actor: Actor, request: FeatureRequest, given: JsonObject, share: Share | None) -> NewRun:
    key = checked_key(request.idempotency_key)
    run_id = new_id()
    sealed = vault.seal(actor.workspace, RunInput(run_id=run_id), "sealed", json.dumps(given, ensure_ascii=False))
    body = [given, request.until] if request.until else given
    body_hash = stands_for(key, body, request.trigger, request.replay_of, request.goes_on)
    return NewRun(run_id, _BY_KEY.json(given), sealed, key, body_hash, share.key if share else "")


def _shared(actor: Actor, request: FeatureRequest, prepared: PreparedFeature, share: Share | None) -> Shared:
    environment = prepared.environment
    columns: dict[str, Any] = {
        "workspace": actor.workspace.pk,
        "product": environment.product_id,
        "environment": environment.pk,
        "kind": KIND,
        "target": request.feature,
        "scope": f"{environment.pk}:{KIND}:{request.feature}",
        "processor": environment.processor_tag,
        "trigger": request.trigger,
        "actor": actor.name[:254],
        "user": actor.user.pk if actor.user else None,
        "request_id": actor.request_id[:64],
        "replay_of": request.replay_of,
        "retries": 0,
        "timeout_s": prepared.feature.options.timeout_s or 0.0,
        "release": prepared.draft.release,
        "limit": share.limit if share else None,
        "turn": WAITS_ITS_TURN.format(what=prepared.feature.tag) if share else "",
    }
    return Shared(prepared.hash, prepared.composition, columns)


def _started(actor: Actor, environment: Environment, shared: Shared, new: NewRun, *, is_due: bool = True) -> Started:
    made, firsts = made_or_found(shared, [new], paused=PAUSED.format(tag=environment.processor_tag))
    if new.id not in made:
        return Started(firsts[new.id], created=False)
    run_ids = [new.id] if is_due else []
    queue = queue_of(actor.workspace.tag, environment.processor_tag)
    transaction.on_commit(lambda: announce(environment, run_ids, queue))
    return Started(run_rows.as_model(shared, new, made[new.id], environment), created=True)


def _in_turn(actor: Actor, started: Started, share: Share, environment: Environment) -> Started:
    """Lets go whoever has a place, and does with the surplus what the feature says."""
    run = started.run
    if not started.created:
        return started
    gone = turns.let_go(environment.pk, share.key)
    if run.pk not in gone and share.surplus.then == "drop":
        drop(run, dropped_because(share, run.target))
    elif run.pk not in gone and share.surplus.then == "cancel_older":
        cancel_older(actor, run, share.key, share.limit)
        gone += turns.let_go(environment.pk, share.key)  # one that had not begun has left its place
    queue = queue_of(actor.workspace.tag, environment.processor_tag)
    transaction.on_commit(lambda: announce(environment, gone, queue))
    return Started(Run.objects.select_related("product", "environment").get(pk=run.pk), created=True)
