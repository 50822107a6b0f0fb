"""What people do to runs: start, wait for, cancel, replay."""

from __future__ import annotations

import json

from django.db import transaction

from processors.live.waiting import listener, wait_for
from processors.models import Run, RunInput
from processors.services import ending, features, operations
from processors.services.features import FeatureRequest
from processors.services.operations import OperationRequest
from processors.services.partial_runs import until_of
from processors.services.starting import RunRequest, Started, queue_of, start_many, start_run
from products import access
from products.access import Actor, Permission
from products.lib.errors import NotFound
from products.lib.jsontypes import Json, JsonObject
from products.lib.sealing import SealError
from products.queries.callable_features import wanted_of
from products.services import vault

__all__ = [
    "RunRequest", "Started", "cancel_run", "listen", "queue_of", "replay_run", "start_many", "start_run", "wait_for",
]  # fmt: skip


def listen() -> None:
    """Call it before a run is started that will be waited for: its end may come before the wait begins."""
    listener()


def cancel_run(actor: Actor, run: Run) -> Run:
    """Ends a run that waits; asks the worker of one that runs. Raises Forbidden, and Conflict after its end."""
    actor.need(Permission.RUN)
    with transaction.atomic():
        row = mine(actor, run, lock=True)
        ending.cancel(actor, row)
    return row


def replay_run(actor: Actor, run: Run, *, trigger: str = "replay", idempotency_key: str = "") -> Started:
    """The same input afresh, by today's configuration. Raises as `start_run`, and NotFound without its input."""
    actor.need(Permission.RUN)
    row = mine(actor, run)
    return once_more(actor, row, given_of(actor, row), trigger=trigger, idempotency_key=idempotency_key)


def once_more(actor: Actor, row: Run, given: Json, *, trigger: str, idempotency_key: str) -> Started:
    """What a run ran, of whatever kind it is, with this input. Raises as what starts runs of that kind."""
    where = (row.product.tag, row.environment.slug)
    if row.kind == features.KIND:
        feature = FeatureRequest(
            *where, row.target, given, idempotency_key=idempotency_key, trigger=trigger, replay_of=row.pk,
            until=until_of(row),
        )  # fmt: skip
        return features.start_feature(actor, feature)
    if row.kind in operations.RUN_KINDS:
        operation = OperationRequest(
            *where, wanted_of(row.kind, row.target), given, idempotency_key=idempotency_key, retries=row.retries,
            timeout_s=row.timeout_s, trigger=trigger, replay_of=row.pk,
            inner=is_inner(row),
        )  # fmt: skip
        return operations.start_operation(actor, operation)
    app, _, action = row.target.partition(":")
    call = RunRequest(
        *where, app, action, given, idempotency_key=idempotency_key, retries=row.retries, timeout_s=row.timeout_s,
        trigger=trigger, replay_of=row.pk,
    )  # fmt: skip
    return start_run(actor, call)


def is_inner(row: Run) -> bool:
    """Whether it is an operation that the dashboard alone starts, such as a migration."""
    return row.kind in operations.RUN_KINDS and row.definition.content.get("inner") is True


def mine(actor: Actor, run: Run, *, lock: bool = False) -> Run:
    """The run as it is now, if the actor may run in its environment. Raises NotFound, Forbidden."""
    rows = Run.objects.filter(workspace=actor.workspace).select_related("product", "environment", "workspace")
    rows = access.of_standing_environments(access.narrow_to_products(actor, rows))
    row = access.mine(actor, rows.select_for_update(of=("self",)) if lock else rows, "run", pk=run.pk)
    actor.need_run_in(row.environment)
    return row


def input_of(actor: Actor, row: Run) -> JsonObject:
    """The input as the worker gets it. Raises NotFound when it is no longer kept, or cannot be opened."""
    sealed = RunInput.objects.filter(run=row).first()
    if sealed is None:
        raise NotFound("The input of this run is no longer kept.")
    try:
        text = vault.open_sealed(actor.workspace, sealed, "sealed", bytes(sealed.sealed))
    except SealError:
        raise NotFound("The input of this run cannot be opened with today's master keys.") from None
    given: JsonObject = json.loads(text)
    return given


def given_of(actor: Actor, row: Run) -> JsonObject:
    """The input as somebody may give it again: of an action without the groups that are empty. Raises NotFound."""
    given = input_of(actor, row)
    if row.kind != "action":
        return given
    body = given.pop("body", None)
    groups = {key: value for key, value in given.items() if value}
    return groups if body is None else {**groups, "body": body}
