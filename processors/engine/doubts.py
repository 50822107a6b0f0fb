"""A call of which nobody knows whether it had its effect: the run waits until a person says what happened."""

from __future__ import annotations

from dataclasses import dataclass

from processors.engine.book import Known, StepKey
from processors.engine.events import SignalTaken
from processors.engine.stage import Stage
from processors.engine.states import StepState
from processors.engine.step import StepError, StepFailed
from products.lib.jsontypes import Json

QUESTION = "Nobody knows whether this had its effect. A person has to look, and say whether it is done."
GIVEN_UP = StepError("given_up", "It was given up by hand: whether it had its effect is not known.", "caller")


@dataclass(frozen=True, slots=True)
class Done:
    """What a person says came of the call."""

    output: Json


def signal_of(key: StepKey) -> str:
    """The name of the signal that answers for a step; no signal of a feature begins with a ~."""
    return f"~resolve:{key}"


def in_doubt(known: Known | None) -> bool:
    """Whether the last call was lost with its worker, or ended without anybody knowing how."""
    if known is None:
        return False
    if known.state is StepState.WAITING:
        return known.error is not None and known.error.outcome_unknown
    return known.state is StepState.RUNNING and known.lost > 0


async def decided(stage: Stage, key: StepKey) -> Done | None:
    """Waits for the answer: done, with its output; None to try again. Raises StepFailed when it is given up, Halted.

    The answer is a signal `{"as": "done" | "retry" | "failed", "output": …}`.
    """
    if stage.book.known(key).state is not StepState.WAITING:
        lost = StepError("worker_lost", QUESTION, "platform", outcome_unknown=True)
        await stage.ledger.write(
            stage.changed(key, StepState.WAITING, error=lost), stage.line(QUESTION, level="warn", step=key.tag)
        )
    while (signal := await stage.inbox.next(signal_of(key))) is None:
        await stage.flow.park(None, f"{key}: {QUESTION}", for_news=True, asks="doubt")
    taken = SignalTaken(signal.id, stage.book.known(key).step_id)
    said = signal.payload if isinstance(signal.payload, dict) else {}
    by = f" by {signal.by}" if signal.by else ""
    if said.get("as") == "retry":
        running = stage.changed(key, StepState.RUNNING)
        stage.book.change(key, StepState.RUNNING, lost=0)
        await stage.ledger.write(taken, running, stage.line(f"Tried again{by}.", step=key.tag))
        return None
    if said.get("as") == "done":
        completed = stage.changed(key, StepState.COMPLETED, output=said.get("output"))
        await stage.ledger.write(taken, completed, stage.line(f"Marked as done{by}.", step=key.tag))
        return Done(said.get("output"))
    failed = stage.changed(key, StepState.FAILED, error=GIVEN_UP)
    await stage.ledger.write(taken, failed, stage.line(f"Given up{by}.", level="error", step=key.tag))
    raise StepFailed(GIVEN_UP)
