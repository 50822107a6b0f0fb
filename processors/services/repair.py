"""Repairs by hand: once more with another input, on from a step with its results corrected, an undo tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from processors.models import LogLine, Run, RunState, Step
from processors.services import measures
from processors.services.ending import ring
from processors.services.feature_of import feature_of_run, prepared_of_run
from processors.services.features import KIND, FeatureRequest, start_feature, start_prepared
from processors.services.partial_runs import until_of
from processors.services.runs import given_of, input_of, mine
from processors.services.signals import copy_taken
from processors.services.starting import RunRequest, Started, start_run
from products.access import Actor, Permission
from products.features import Feature, StepName
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json
from products.models import new_id
from products.services import audit

RESUMED = "resume"  # the trigger of a run that begins with the results of another
NOTE_MOST = 2_000  # characters
_UNDO = "~undo"


def restart_run(actor: Actor, run: Run, given: Json, *, merge: bool = False, idempotency_key: str = "") -> Started:
    """Once more by today's configuration, with this input, or with the old one and these fields changed.

    Raises as `start_run` and `start_feature`, and NotFound where the old input is needed and no longer kept.
    """
    actor.need(Permission.RUN)
    row = mine(actor, run)
    if row.kind == KIND:
        wanted = _merged(input_of(actor, row), given) if merge else given
        request = FeatureRequest(
            row.product.tag, row.environment.slug, row.target, wanted, idempotency_key=idempotency_key,
            trigger="restart", replay_of=row.pk, until=until_of(row),
        )  # fmt: skip
        return start_feature(actor, request)
    app, _, action = row.target.partition(":")
    wanted = _merged(given_of(actor, row), given) if merge else given
    return start_run(
        actor,
        RunRequest(
            row.product.tag, row.environment.slug, app, action, wanted, idempotency_key=idempotency_key,
            retries=row.retries, timeout_s=row.timeout_s, trigger="restart", replay_of=row.pk,
        ),
    )  # fmt: skip


def resume_run(
    actor: Actor, run: Run, *, from_step: str = "", results: Mapping[str, Json] | None = None, idempotency_key: str = ""
) -> Started:
    """A new run of the same definition and input that begins at `from_step` ("sequence/event"; where it failed).

    It keeps the results of what does not depend on that step; `results` corrects them, or gives those of events that
    were done by hand. Raises NotFound, Forbidden, Conflict while the run goes on, Invalid.
    """
    actor.need(Permission.RUN)
    row = mine(actor, run)
    if not row.ended:
        raise Conflict("The run has not ended: cancel it first.", code="not_ended")
    feature = feature_of_run(row)
    first = _first(row, feature, from_step)
    again = set(_depending(feature, first))
    corrected = _corrected(feature, again, results or {})
    request = FeatureRequest(
        row.product.tag, row.environment.slug, row.target, input_of(actor, row), idempotency_key=idempotency_key,
        trigger=RESUMED, replay_of=row.pk,
    )  # fmt: skip
    with transaction.atomic():
        started = start_prepared(actor, request, prepared_of_run(row))
        if started.created:
            kept = list(_kept(row, started.run, feature, again, first, corrected))
            Step.objects.bulk_create(kept, batch_size=500)
            copy_taken(actor, row, started.run, kept)
            said = f"Goes on from {first} of the run {row.pk}."
            _say(started.run, said)
    return started


def retry_undo(actor: Actor, run: Run, step_id: UUID) -> Run:
    """Has a failed undo tried again; the run goes on to be rolled back. Raises NotFound, Forbidden, Conflict."""
    with transaction.atomic():
        row, step = _failed_undo(actor, run, step_id)
        step.state, step.finished_at = "pending", None
        if step.child is not None:  # another run takes it back: the one that failed has ended
            step.child, step.attempts = None, step.attempts + 1
        step.save(update_fields=["state", "finished_at", "child", "attempts"])
        _roll_back_on(actor, row, step, "is tried again, as", "run.undo_retried")
    return row


def undo_by_hand(actor: Actor, run: Run, step_id: UUID, *, note: str = "") -> Run:
    """A person has taken back what a failed undo could not; the run goes on to be rolled back.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    if len(note) > NOTE_MOST:
        raise Invalid.field("note", f"A note is at most {NOTE_MOST} characters.", code="too_long")
    with transaction.atomic():
        row, step = _failed_undo(actor, run, step_id)
        step.state, step.error = "completed", None
        step.output = {"by_hand": True, "by": actor.name, "note": note}
        step.save(update_fields=["state", "error", "output"])
        _roll_back_on(actor, row, step, "was done by hand, says", "run.undone_by_hand", note=note)
    return row


def _failed_undo(actor: Actor, run: Run, step_id: UUID) -> tuple[Run, Step]:
    """Of a run that has ended, both locked. Raises NotFound, Forbidden, Conflict."""
    actor.need(Permission.RUN)
    row = mine(actor, run, lock=True)
    step = Step.objects.filter(run=row, pk=step_id, tag__endswith=_UNDO).first()
    if step is None:
        raise NotFound("The run has no such undo.")
    if step.state != "failed" or not row.ended or row.error is None:
        raise Conflict("This is for an undo that failed, of a run that has ended.", code="not_failed")
    return row, step


def _roll_back_on(actor: Actor, row: Run, step: Step, said: str, action: str, *, note: str = "") -> None:
    """The run is due, and ends once more: until then it counts as one that has not ended."""
    measures.uncount(row)
    row.state, row.wake_at, row.finished_at, row.reason = RunState.WAITING, timezone.now(), None, ""
    row.rang_at, row.asks = row.wake_at, ""
    row.save(update_fields=["state", "wake_at", "finished_at", "reason", "rang_at", "asks"])
    _say(row, f"{step.tag} {said} {actor.name}." + (f" {note}" if note else ""))
    changes = {"step": step.tag, "run": str(row.pk)}
    audit.record(actor, action, row, name=row.target, changes=changes)
    ring(row, [row.pk])


def _merged(old: JsonObject, given: Json) -> JsonObject:
    if not isinstance(given, dict):
        raise Invalid.field("input", "To be merged, the input must be an object.", code="type")
    return {**old, **given}


def _first(row: Run, feature: Feature, from_step: str) -> StepName:
    names = {str(event.name): event.name for event in feature.events()}
    if from_step:
        if from_step not in names:
            raise Invalid.field("from_step", f"The feature has no event “{from_step[:130]}”.", code="unknown")
        return names[from_step]
    failed = Step.objects.filter(run=row, state="failed", index=0).order_by("finished_at", "id")
    for tag in failed.values_list("tag", flat=True):
        if tag in names:
            return names[tag]
    raise Invalid.field("from_step", "No step of this run failed: say from which one to go on.", code="required")


def _depending(feature: Feature, first: StepName) -> Iterator[StepName]:
    """The event and all that comes after it."""
    above = feature.ancestors()
    for sequence in feature.sequences:
        is_after = first.sequence in above[sequence.tag]
        for event in sequence.events:
            is_first = event.name == first
            if is_after or is_first:
                yield event.name
            is_after = is_after or (is_first and sequence.mode == "ordered")


def _corrected(feature: Feature, again: set[StepName], results: Mapping[str, Json]) -> dict[str, Json]:
    events = {str(event.name): event for event in feature.events()}
    problems: list[FieldProblem] = []
    for tag, value in results.items():
        where = f"/results/{tag.replace('~', '~0').replace('/', '~1')}"
        event = events.get(tag)
        if event is None:
            problems.append(FieldProblem(where, "unknown", f"The feature has no event “{tag[:130]}”."))
        elif event.name in again:
            problems.append(FieldProblem(where, "invalid", "This event is made again: its result comes from that."))
        elif event.loop is not None:
            problems.append(FieldProblem(where, "invalid", "The results of a loop cannot be given by hand."))
        try:
            check_json(value)
        except JsonError as error:
            problems.append(FieldProblem(where + error.pointer, "not_storable", error.message))
    if problems:
        raise Invalid(errors=tuple(problems[:50]))
    return dict(results)


def _kept(
    old: Run, new: Run, feature: Feature, again: set[StepName], first: StepName, corrected: dict[str, Json]
) -> Iterator[Step]:
    """The steps that the new run begins with, in the order in which they ended."""
    by_tag = {str(name) for name in again}
    failed_loop = Step.objects.filter(run=old, tag=str(first), index=0, state="failed").exists()
    rows = Step.objects.filter(run=old, state__in=["completed", "skipped"]).exclude(tag__endswith=_UNDO)
    for step in rows.order_by("finished_at", "id").iterator(chunk_size=1_000):
        is_item_done = failed_loop and step.tag == str(first) and step.index > 0 and step.state == "completed"
        if step.tag in by_tag and not is_item_done:
            continue
        output = corrected.pop(step.tag) if step.index == 0 and step.tag in corrected else step.output
        yield _copy(new, step, output)
    kinds = {str(event.name): event.call.type for event in feature.events()}
    for tag, output in corrected.items():
        yield _copy(new, Step(tag=tag, kind=kinds[tag], started_at=timezone.now()), output, by_hand=True)


def _copy(new: Run, step: Step, output: Any, *, by_hand: bool = False) -> Step:
    step_id = new_id()
    return Step(
        id=step_id, run=new, tag=step.tag, kind=step.kind, index=step.index,
        state="completed" if by_hand else step.state, idempotency_key=str(step_id), attempts=0, input=step.input,
        output=output, started_at=step.started_at, finished_at=step.finished_at or timezone.now(),
    )  # fmt: skip


def _say(row: Run, message: str) -> None:
    row.seq += 1
    Run.objects.filter(pk=row.pk).update(seq=row.seq)
    LogLine.objects.create(run=row, seq=row.seq, at=timezone.now(), level="warn", message=message)
