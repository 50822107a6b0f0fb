"""What people and programs tell runs of features: signals, approvals, and what came of a call that nobody knows of."""

from __future__ import annotations

import json
from datetime import UTC
from difflib import get_close_matches
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from processors.models import ENDED_STATES, Run, RunSignal, Step
from processors.services.ending import wake
from processors.services.feature_of import feature_of_run
from processors.services.runs import mine
from processors.services.starting import refused
from products import features
from products.access import Actor, Permission
from products.features.definition import Wait
from products.features.signal_names import differences
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import Redactor
from products.models import new_id
from products.services import audit, vault

UNUSED_MOST = 1_000  # signals of one run that nobody has waited for yet
COMMENT_MOST = 2_000
As = Literal["done", "retry", "failed"]
_BY_KEY = Redactor()


def send_signal(actor: Actor, run: Run, name: str, payload: Json = None, *, comment: str = "") -> RunSignal:
    """Tells a run what one of its events waits for; told early, it is kept until the event asks.

    An approval is `{"approved": true or false}`; who, when and `comment` come with it.
    Raises NotFound, Forbidden, Conflict, Invalid with pointers under /payload.
    """
    actor.need(Permission.RUN)
    if len(comment) > COMMENT_MOST:
        raise Invalid.field("comment", f"A comment has at most {COMMENT_MOST} characters.", code="too_long")
    with transaction.atomic():
        row = _open_run(actor, run)
        asking = _asking(row, feature_of_run(row), name)
        checked = _checked(actor, asking, payload, comment)
        signal = _stored(actor, row, name, checked)
        verb = "run.approved" if asking[0].approval else "run.signalled"
        audit.record(actor, verb, row, name=row.target, changes={"signal": name, "run": str(row.pk)})
    return signal


def resolve_step(actor: Actor, run: Run, step_id: UUID, as_: As, *, output: Json = None) -> RunSignal:
    """Says what came of a call of which nobody knows: done, with its output; to be tried again; or given up.

    Raises NotFound, Forbidden, and Conflict when the step asks nothing.
    """
    actor.need(Permission.RUN)
    if as_ not in {"done", "retry", "failed"}:
        raise Invalid.field("as", "This is one of done, retry and failed.", code="not_allowed")
    with transaction.atomic():
        row = _open_run(actor, run)
        step = Step.objects.filter(run=row, pk=step_id).first()
        if step is None:
            raise NotFound("The run has no such step.")
        asks = step.state == "waiting" and (step.error or {}).get("outcome_unknown")
        name = f"~resolve:{step.tag}#{step.index}" if step.index else f"~resolve:{step.tag}"
        if not asks or RunSignal.objects.filter(run=row, name=name, step_id=None).exists():
            raise Conflict("Nobody has to decide about this step.", code="not_in_doubt")
        signal = _stored(actor, row, name, {"as": as_, "output": output})
        changes = {"step": step.tag, "as": as_, "run": str(row.pk)}
        audit.record(actor, "run.resolved", row, name=row.target, changes=changes)
    return signal


def _open_run(actor: Actor, run: Run) -> Run:
    row = mine(actor, run, lock=True)
    if row.state in ENDED_STATES:
        raise Conflict("The run has already ended.", code="already_ended")
    return row


def _asking(row: Run, feature: features.Feature, name: str) -> list[Wait]:
    """What a signal of this name may answer, at least one: what waits for it now, or all that will.

    Features saved today wait for a name in one way only. Of others a second signal is refused while the first is
    unused: it would answer an event for which it was not checked. Raises Invalid, Conflict.
    """
    waits = {str(event.name): event.wait for event in feature.events() if event.wait is not None}
    _check_known(feature, {wait.signal for wait in waits.values()}, name)
    alike = [wait for wait in waits.values() if wait.signal == name]
    if not any(differences(alike[0], other) for other in alike[1:]):
        return alike[:1]
    if RunSignal.objects.filter(run=row, name=name, step_id=None).exists():
        raise Conflict(f"“{name}” has been sent, and no event has taken it yet.", code="ambiguous_signal")
    tags = Step.objects.filter(run=row, kind="wait_signal", state="waiting").values_list("tag", flat=True)
    return [waits[tag] for tag in set(tags) if tag in waits and waits[tag].signal == name] or alike


def _check_known(feature: features.Feature, names: set[str], name: str) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else ""
        detail = f"The feature “{feature.tag}” waits for no signal “{name[:60]}”.{hint}"
        raise Invalid.field("name", detail, code="unknown")


def _checked(actor: Actor, asking: list[Wait], payload: Json, comment: str) -> Json:
    """The answer as it is kept. Who gives it may answer each event that may take it."""
    for each in asking:
        if each.roles and actor.role not in each.roles:
            raise Forbidden(f"This is for {' or '.join(each.roles)} to answer.")
    wait = asking[0]
    if any((wait.approval, wait.fields) != (other.approval, other.fields) for other in asking):
        detail = f"Events that take different answers wait for “{wait.signal}”: nobody knows which one this is for."
        raise Conflict(detail, code="ambiguous_signal")
    if not wait.approval and not wait.fields:
        return payload
    given: Json = dict(payload) if isinstance(payload, dict) else payload
    answer: JsonObject = {}
    if wait.approval:
        approved = given.pop("approved", None) if isinstance(given, dict) else given
        if not isinstance(approved, bool):
            raise Invalid.field("payload/approved", "Say true or false.", code="required")
        at = timezone.now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        answer = {"approved": approved, "comment": comment, "by": actor.name, "at": at}
        given = given if isinstance(given, dict) else {}
    try:
        return {**features.checked_input(wait.fields, given), **answer}
    except InputError as error:
        raise refused(error, "/payload") from None


def _stored(actor: Actor, row: Run, name: str, payload: Json) -> RunSignal:
    if RunSignal.objects.filter(run=row, step_id=None).count() >= UNUSED_MOST:
        raise Conflict(f"{UNUSED_MOST} signals wait in this run already.", code="too_many_signals")
    signal = RunSignal(id=new_id(), run=row, name=name, payload=_BY_KEY.json(payload), by=actor.name[:254])
    signal.sealed = vault.seal(actor.workspace, signal, "sealed", json.dumps(payload, ensure_ascii=False))
    signal.save(force_insert=True)
    wake(row)
    return signal
