"""What a run asks a person, in words, and whether this person may answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from processors.models import Run
from processors.queries.feature_progress import StepFacts, feature_of
from processors.queries.feature_runs import asking_steps, inputs_of
from products.access import Actor
from products.features.definition import Event, Wait
from products.lib.jsontypes import Json

Kind = Literal["approval", "signal", "doubt", "undo"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `text` says what there is to decide; `why_not` why this person cannot."""

    step: StepFacts
    kind: Kind
    title: str
    text: str
    wait: Wait | None = None
    until: datetime | None = None
    why_not: str = ""
    given: Json = None  # what the step got: there to decide by

    @property
    def needs_form(self) -> bool:
        """Whether yes or no is not answer enough."""
        return self.kind == "signal" or bool(self.wait and self.wait.fields)


def asks_of(actor: Actor, run: Run) -> list[Ask]:
    """What waits for a person, oldest first."""
    if run.kind != "feature" or run.state not in {"waiting", "running", "failed", "cancelled", "rolled_back"}:
        return []
    events = {str(event.name): event for event in feature_of(run).events()}
    steps = asking_steps(run)
    given = inputs_of(run, steps)
    asks = (_ask(actor, run, step, events.get(step.name)) for step in steps)
    return [replace(ask, given=given.get(ask.step.id)) for ask in asks]


def _ask(actor: Actor, run: Run, step: StepFacts, event: Event | None) -> Ask:
    place = f"{step.name}, item {step.index}" if step.index else step.name
    role = "" if actor.may_run_in(run.environment) else "Your role may look, not decide here."
    if step.kind == "wait_signal" and event is not None and event.wait is not None:
        return _wait_ask(actor, step, event.wait, place, role)
    if run.ended:
        text = step.said or "The undo failed."
        return Ask(step, "undo", f"{place} could not be taken back", text, why_not=role)
    title = f"Did {place} have its effect?"
    if step.is_undo:
        title = f"Has {place} been taken back?"
    return Ask(step, "doubt", title, step.said or "Nobody knows whether this had its effect.", why_not=role)


def _wait_ask(actor: Actor, step: StepFacts, wait: Wait, place: str, role: str) -> Ask:
    why_not = role or may_not_answer(actor, wait)
    if wait.approval:
        return Ask(step, "approval", f"{place} waits for an approval", "", wait, step.wake_at, why_not)
    text = "It goes on when somebody, or something over REST, sends it."
    return Ask(step, "signal", f"{place} waits for the signal “{wait.signal}”", text, wait, step.wake_at, why_not)


def may_not_answer(actor: Actor, wait: Wait) -> str:
    """Why this person is not one of those that are asked; "" when they are."""
    if not wait.roles or actor.role in wait.roles:
        return ""
    return f"It is for {' or '.join(wait.roles)} to answer."
