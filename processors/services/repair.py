"""Repairs by hand: once more with another input, on from a step with its results corrected, an undo tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from processors.models import LogLine, Run, RunState, Step
from processors.services import measures
from processors.services.ending import ring
from processors.services.feature_of import feature_of_run, prepared_of_run
from processors.services.features import FeatureRequest, start_prepared
from processors.services.kept_steps import Beginning, copy_signals
from processors.services.runs import given_of, input_of, is_inner, mine, once_more
from processors.services.starting import Started
from products.access import Actor, Permission
from products.features import Feature, StepName
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json
from products.services import audit

RESUMED = "resume"  # the trigger of a run that begins with the results of another
NOTE_MOST = 2_000  # characters
_UNDO = "~undo"


def restart_run(actor: Actor, run: Run, given: Json, *, merge: bool = False, idempotency_key: str = "") -> Started:
    """Once more by today's configuration, with this input, or with the old one and these fields changed.

    Raises as what starts runs of its kind, Conflict for an operation that the dashboard alone starts, and NotFound
    where the old input is needed and no longer kept.
    """
    actor.need(Permission.RUN)
    row = mine(actor, run)
    if is_inner(row):
        raise Conflict(f"“{row.target}” takes its input from the dashboard: start it there, or replay this run.")
    wanted = _merged(given_of(actor, row), given) if merge else given
    return once_more(actor, row, wanted, trigger="restart", idempotency_key=idempotency_key)


def resume_run(
    actor: Actor, run: Run, *, from_step: str = "", results: Mapping[str, Json] | None = None, idempotency_key: str = ""
) -> Started:
    """A new run of the same definition and input that begins at `from_step` ("sequence/event"; where it failed).

    It keeps the results of what does not depend on that step, and the finished items of a loop that failed where the
    list has the same item as before; `results` corrects them, or gives those of events that were done by hand.
    Raises NotFound, Forbidden, Conflict while the run goes on, Invalid.
    """
    actor.need(Permission.RUN)
    row = mine(actor, run)
    if not row.ended:
        raise Conflict("The run has not ended: cancel it first.", code="not_ended")
    feature = feature_of_run(row)
    first = _first(row, feature, from_step)
    again = set(_depending(feature, first))
    corrected = _corrected(feature, again, results or {})
    given = input_of(actor, row)
    request = FeatureRequest(
        row.product.tag, row.environment.slug, row.target, given, idempotency_key=idempotency_key,
        trigger=RESUMED, replay_of=row.pk, goes_on={"from": str(first), "results": corrected},
    )  # fmt: skip
    with transaction.atomic():
        started = start_prepared(actor, request, prepared_of_run(row))
        if started.created:
            _begin(actor, started.run, Beginning(row, feature, given, again, first, corrected))
    return started


def _begin(actor: Actor, new: Run, beginning: Beginning) -> None:
    Step.objects.bulk_create(beginning.steps(new), batch_size=500)
    copy_signals(actor, beginning, new)
    for said in (f"Goes on from {beginning.first} of the run {beginning.old.pk}.", *beginning.notes):
        _say(new, said)


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
    events = {str(event.name): event for event in feature.events()}
    if from_step:
        if from_step not in events:
            raise Invalid.field("from_step", f"The feature has no event “{from_step[:130]}”.", code="unknown")
        return events[from_step].name
    failed = Step.objects.filter(run=row, state="failed", index=0).order_by("finished_at", "id")
    for tag in failed.values_list("tag", flat=True):
        if tag in events and not events[tag].allow_fail:
            return events[tag].name
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


def _say(row: Run, message: str) -> None:
    row.seq += 1
    Run.objects.filter(pk=row.pk).update(seq=row.seq)
    LogLine.objects.create(run=row, seq=row.seq, at=timezone.now(), level="warn", message=message)
