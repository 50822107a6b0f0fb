"""What pages of a feature's run read besides its progress: one step with everything, relatives, what asks a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from processors.engine.book import UNDO
from processors.models import Attempt, Run, RunSignal, Step
from processors.queries.feature_progress import StepFacts, feature_of, step_facts
from products.access import Actor, of_standing_environments
from products.features import Event
from products.lib.errors import NotFound
from products.lib.jsontypes import Json
from products.lib.redaction import Redactor

ITEMS_SHOWN = 100
CHILDREN_SHOWN = 50
ASKING_SHOWN = 20
FAILED_UNDO = Q(state="failed", tag__endswith=UNDO)
WAITS = Q(state="waiting") & (Q(kind="wait_signal") | Q(error__outcome_unknown=True, wake_at=None))
_BY_KEY = Redactor()


@dataclass(frozen=True, slots=True)
class StepDetail:
    """One step with everything: its event, tries, undo or what it undoes, a page of its items, the signals it took."""

    step: Step
    event: Event | None
    attempts: list[Attempt]
    undo: StepFacts | None
    undone: StepFacts | None
    items: list[StepFacts]
    counts: Mapping[str, int]
    more_items: int
    signals: list[RunSignal]

    @property
    def is_undo(self) -> bool:
        """Whether it takes another step back."""
        return self.step.tag.endswith(UNDO)

    @property
    def took_ms(self) -> float | None:
        """Until its last try ended; without tries until it ended itself."""
        ends = [one.finished_at for one in self.attempts if one.finished_at]
        end = max(ends) if ends and self.step.finished_at else self.step.finished_at
        return (end - self.step.started_at).total_seconds() * 1000 if end and self.step.started_at else None


def find_step(run: Run, *, tag: str, index: int = 0) -> Step:
    """A step of a run that the actor already got. Raises NotFound."""
    row = None if "\x00" in tag else Step.objects.filter(run=run, tag=tag, index=index).first()
    if row is None:
        raise NotFound("This run has no such step, or has not come to it yet.")
    return row


def step_by_id(run: Run, step_id: UUID) -> Step:
    """A step of a run that the actor already got. Raises NotFound."""
    row = Step.objects.filter(run=run, id=step_id).first()
    if row is None:
        raise NotFound("There is no such step.")
    return row


def event_of(run: Run, step: Step) -> Event | None:
    """The event that a step, or the undo of it, belongs to."""
    name = step.tag.removesuffix(UNDO)
    return next((one for one in feature_of(run).events() if str(one.name) == name), None)


def step_detail(run: Run, step: Step, *, state: str = "", after: int = 0) -> StepDetail:
    """The whole of a step; of a loop a page of its items, those in `state`, behind the item `after`."""
    name = step.tag.removesuffix(UNDO)
    event = event_of(run, step)
    others = step_facts(Step.objects.filter(run=run, index=step.index, tag__in=[name, name + UNDO]).exclude(id=step.id))
    items, counts = _items_of(run, step, event, state, after)
    return StepDetail(
        step=step,
        event=event,
        attempts=list(Attempt.objects.filter(run=run, step=step).order_by("number")[:100]),
        undo=next((one for one in others if one.is_undo), None),
        undone=next((one for one in others if not one.is_undo), None),
        items=items[:ITEMS_SHOWN],
        counts=counts,
        more_items=items[ITEMS_SHOWN - 1].index if len(items) > ITEMS_SHOWN else 0,
        signals=list(RunSignal.objects.filter(run=run, step_id=step.pk).defer("sealed")[:10]),
    )


def output_for(actor: Actor, run: Run, step: Step) -> Json:
    """What came of a step; who may not run sees no tokens by their name."""
    if step.kind == "checkpoint":
        return step.input  # the same value, masked: what it remembers may be a secret
    if step.kind == "wait_signal" or not actor.may_run_in(run.environment):
        return _BY_KEY.json(step.output)
    return step.output


def _items_of(
    run: Run, step: Step, event: Event | None, state: str, after: int
) -> tuple[list[StepFacts], Mapping[str, int]]:
    if event is None or event.loop is None or step.index:
        return [], {}
    rows = Step.objects.filter(run=run, tag=step.tag, index__gt=0)
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("id")))
    chosen = rows.filter(index__gt=after, **({"state": state} if state in counts else {}))
    return step_facts(chosen.order_by("index")[: ITEMS_SHOWN + 1]), counts


@dataclass(frozen=True, slots=True)
class Relatives:
    """The runs that a run belongs with."""

    parent: Run | None
    children: list[Run]
    origin: Run | None
    again: list[Run]

    @property
    def before(self) -> list[Run]:
        """The one it repeats, as a list."""
        return [self.origin] if self.origin else []

    @property
    def above(self) -> list[Run]:
        """The one that started it, as a list."""
        return [self.parent] if self.parent else []

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.children) + len(self.again) + (self.parent is not None) + (self.origin is not None)


def relatives(run: Run) -> Relatives:
    """The run that started it, those it started, the one it repeats, and those that repeat it."""
    rows = Run.objects.filter(workspace_id=run.workspace_id, product_id=run.product_id).defer("input", "output")
    rows = of_standing_environments(rows)
    named = {row.pk: row for row in rows.filter(pk__in=[one for one in (run.parent_id, run.replay_of) if one])}
    return Relatives(
        parent=named.get(run.parent_id) if run.parent_id else None,
        children=list(rows.filter(parent_id=run.pk).order_by("id")[:CHILDREN_SHOWN]),
        origin=named.get(run.replay_of) if run.replay_of else None,
        again=list(rows.filter(replay_of=run.pk).order_by("-id")[:CHILDREN_SHOWN]),
    )


def asking_steps(run: Run) -> list[StepFacts]:
    """What waits for a person: signals, calls that nobody knows the outcome of, and undos that failed."""
    rows = Step.objects.filter(run=run)
    asking = rows.filter(FAILED_UNDO) if run.ended else rows.filter(WAITS)
    return step_facts(asking.order_by("id")[:ASKING_SHOWN])


def inputs_of(run: Run, steps: list[StepFacts]) -> dict[UUID, Json]:
    """What these few steps got, masked as it is stored."""
    named = [step.id for step in steps]
    return dict(Step.objects.filter(run=run, id__in=named).values_list("id", "input")) if named else {}


def last_good(run: Run) -> Run | None:
    """The newest other run of the same target that completed here, to compare with."""
    rows = Run.objects.filter(product_id=run.product_id, environment_id=run.environment_id, state="completed")
    return rows.filter(target=run.target, kind=run.kind).exclude(pk=run.pk).defer("input", "output").first()
