"""Carries one run from its doorbell to where it ends or waits: claim, load, compose, run, settle."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TypeAlias

import psycopg
import structlog

from processors.connectors.errors import ConnectorError
from processors.engine.events import RunEnded, Said
from processors.engine.limits import MAX_LOST_CLAIMS
from processors.engine.plan import Plan, Progress, Work
from processors.engine.ports import Clock, Fenced, Steps
from processors.engine.retry import RetryPolicy
from processors.engine.runner import Runner
from processors.engine.states import RunState, StepState
from processors.engine.step import StepError, StepSpec
from processors.runtime.claim_statements import HAND_BACK
from processors.runtime.claims import Claim
from processors.runtime.composition import Composer
from processors.runtime.database import AWAY, Pool, fetch
from processors.runtime.feature_turns import Offer
from processors.runtime.features import FeatureRuns
from processors.runtime.journal import Heard, RunJournal, Writer
from processors.runtime.leases import Held, Leases, Stop
from processors.runtime.loader import AnyDefinition, DefinitionMissing, Loader
from processors.runtime.masking import step_error
from processors.runtime.resource_definition import ResourceDefinition
from processors.runtime.resources import ResourceSteps
from processors.runtime.secrets import Vault
from processors.runtime.shared_results import CachedSteps
from processors.runtime.steps import ActionSteps, Means
from products.lib.inputs import StructuredInput
from products.lib.jsontypes import content_hash
from products.lib.redaction import Redactor
from products.lib.sealing import SealError

log = structlog.get_logger(__name__)
Carried: TypeAlias = "asyncio.Task[RunState | None]"

CANCELLED = StepError("cancelled", "The run was cancelled.", "caller", outcome_unknown=True)
WORKER_LOST = StepError(
    "worker_lost", "The worker that ran this died, several times in a row; it is not tried again.", "platform"
)
UNOPENED = StepError("sealed_input_lost", "The input cannot be opened with the master keys of this worker.", "platform")
NO_DEFINITION = StepError("definition_missing", "What this run was to execute is no longer there.", "platform")
BROKEN = StepError("platform_failed", "The platform failed while it ran this; its log says more.", "platform")


@dataclass(frozen=True, slots=True)
class Parts:
    """What one worker process executes runs with."""

    pool: Pool
    writer: Writer
    leases: Leases
    loader: Loader
    composer: Composer
    means: Means
    clock: Clock
    heard: Heard


class Executor:
    """Executes the runs that this worker process has claimed. `offer` is told of runs that may be due now."""

    def __init__(self, parts: Parts, offer: Offer) -> None:
        self._parts = parts
        self._features = FeatureRuns(parts, offer)
        self._offer = offer
        self.settled = 0

    def launch(self, claim: Claim) -> Carried:
        """Begins; done with the state in which the worker lets go of the run, None when it is no longer its own."""
        self._parts.heard(claim, (), claim.seq)
        journal = RunJournal(self._parts.writer, claim, self._parts.heard)
        begin: asyncio.Future[Held] = asyncio.get_running_loop().create_future()
        held = Held(claim, asyncio.create_task(self._carry(claim, journal, begin)), news=claim.news)
        begin.set_result(held)
        self._parts.leases.add(held)
        return asyncio.create_task(self._let_go(held, journal))

    async def _let_go(self, held: Held, journal: RunJournal) -> RunState | None:
        state = None
        try:
            state = await self._settled(held, journal)
            return state
        finally:
            self._parts.leases.remove(held)
            await journal.close()
            if state is RunState.WAITING and held.claim.kind == "feature":
                self._offer([held.claim.run_id])  # what it waits for may have come while it was being put down

    async def _settled(self, held: Held, journal: RunJournal) -> RunState | None:
        try:
            state = await held.task
            self.settled += state is not RunState.WAITING
            if held.claim.kind == "feature":
                await self._features.tell(held.claim, state)
            return state
        except asyncio.CancelledError:
            return await self._stopped(held, journal)
        except Fenced:
            log.warning("run_taken_over", run_id=str(held.claim.run_id), fence=held.claim.fence)
        except psycopg.Error as error:  # the lease runs out, and another worker takes over
            log.error("run_let_go", run_id=str(held.claim.run_id), error=type(error).__name__)
        return None

    async def _stopped(self, held: Held, journal: RunJournal) -> RunState | None:
        claim = held.claim
        try:
            if held.stopped is Stop.CANCELLED:
                return await self._end(claim, journal, RunState.CANCELLED, CANCELLED)
            if held.stopped is Stop.HANDED_BACK:
                await fetch(self._parts.pool, HAND_BACK, {"run": claim.run_id, "fence": claim.fence})
                return RunState.QUEUED
        except (Fenced, psycopg.Error) as error:
            log.warning("run_not_stopped", run_id=str(claim.run_id), error=type(error).__name__)
        return None

    async def _carry(self, claim: Claim, journal: RunJournal, begin: asyncio.Future[Held]) -> RunState:
        try:
            if claim.kind == "feature":
                return await self._carry_feature(await begin, journal)
            return await self._carry_call(claim, journal)
        except (Fenced, *AWAY):
            raise
        except DefinitionMissing:
            return await self._end(claim, journal, RunState.FAILED, NO_DEFINITION)
        except SealError:
            return await self._end(claim, journal, RunState.FAILED, UNOPENED)
        except ConnectorError as error:
            return await self._end(claim, journal, RunState.FAILED, step_error(error, Redactor()))
        except Exception:
            log.exception("run_broke", run_id=str(claim.run_id))
            return await self._end(claim, journal, RunState.FAILED, BROKEN)

    async def _carry_call(self, claim: Claim, journal: RunJournal) -> RunState:
        if claim.cancel_requested:
            return await self._end(claim, journal, RunState.CANCELLED, CANCELLED)
        if claim.step_id is None:
            return await self._end(claim, journal, RunState.FAILED, WORKER_LOST)
        work, steps = await self._prepared(claim)
        return await Runner(journal, steps, self._parts.clock).run(work)

    async def _carry_feature(self, held: Held, journal: RunJournal) -> RunState:
        if held.claim.lost >= 2 * MAX_LOST_CLAIMS:  # rolling it back kills workers too
            return await self._end(held.claim, journal, RunState.FAILED, WORKER_LOST)
        return await self._features.carry(held, journal)

    async def _prepared(self, claim: Claim) -> tuple[Work, Steps]:
        loader, means = self._parts.loader, self._parts.means
        vault = Vault.of(claim.workspace_id, bytes(claim.data_key))
        definition = await loader.definition(claim)
        values = await loader.values(definition, claim.workspace_id)
        given = json.loads(vault.open("processors_runinput", claim.run_id, bytes(claim.sealed_input or b"")))
        steps: Steps
        if isinstance(definition, ResourceDefinition):
            opened = means.resources.places.open(definition, values, vault)
            steps = ResourceSteps(means.resources, definition, opened, given=given, run_id=claim.run_id)
        else:
            means.health.uses.note(claim.run_id, definition, values)
            composed = self._parts.composer.compose(definition, values, vault)
            steps = ActionSteps(means, composed, StructuredInput(**given), vault)
        if definition.cache is not None:
            cache = await self._features.cache(definition.cache, claim, vault)
            steps = CachedSteps(steps, cache, content_hash([definition.hash, given]))
        return _work(claim, definition), steps

    async def _end(self, claim: Claim, journal: RunJournal, state: RunState, error: StepError) -> RunState:
        """Ends a run from outside its steps."""
        now = self._parts.clock.now()
        line = Said(now, "warn" if state is RunState.CANCELLED else "error", error.message)
        await journal.end(RunEnded(now, state, error=error), line)
        return state


def _work(claim: Claim, definition: AnyDefinition) -> Work:
    if claim.step_id is None or claim.number is None:
        raise ValueError("a run without a step cannot be made")
    policy = RetryPolicy.of(definition.policy, retries=claim.retries)
    spec = StepSpec(claim.target, claim.kind, policy, claim.timeout_s)
    progress = Progress(claim.step_id, StepState.RUNNING, claim.number, claim.failures, attempt_id=claim.attempt_id)
    return Work(Plan((spec,)), {claim.target: progress})
