"""Carries one claimed run of a feature: loads what it executes and how far it has come, runs it, tells who waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from processors.engine.book import Known, StepKey
from processors.engine.feature_runner import CANCELLED, FeatureRunner, FeatureWork
from processors.engine.limits import MAX_LOST_CLAIMS
from processors.engine.scope import Facts
from processors.engine.stage import World
from processors.engine.states import RUN_ENDED, RunState, StepState
from processors.engine.step import StepError
from processors.runtime.arrays import Uuids
from processors.runtime.claims import Claim
from processors.runtime.database import unbroken
from processors.runtime.feature_definition import FeatureDefinition
from processors.runtime.feature_outside import Family, StoredResults, StoredSignals, stored_error
from processors.runtime.feature_statements import PROGRESS
from processors.runtime.feature_steps import CallSteps
from processors.runtime.feature_turns import Offer, let_go
from processors.runtime.feature_values import Guard, Opened, open_values
from processors.runtime.journal import RunJournal
from processors.runtime.kept_features import kept_or_run
from processors.runtime.leases import Held, Stop
from processors.runtime.resource_definition import ResourceDefinition
from processors.runtime.secrets import Vault
from processors.runtime.shared_results import SharedCache
from processors.services.repair import RESUMED
from products.features import seen_input
from products.lib.jsontypes import content_hash

if TYPE_CHECKING:
    from processors.runtime.executor import Parts

LOST = StepError(
    "worker_lost", "The worker that ran this died, several times in a row at the same place; it is rolled back.",
    "platform",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeatureRuns:
    """Runs features for one worker."""

    parts: Parts
    offer: Offer

    async def carry(self, held: Held, journal: RunJournal) -> RunState:
        """The state in which the worker lets go of the run.

        Raises Fenced, DefinitionMissing, SealError, ConnectorError, psycopg.Error.
        """
        claim = held.claim
        vault = Vault.of(claim.workspace_id, bytes(claim.data_key))
        definition = await self.parts.loader.feature(claim)
        values = await self.parts.loader.opened(definition, claim.workspace_id)
        self.parts.means.health.uses.note_secrets(values)
        opened = open_values(definition, values, vault)
        guard = Guard(opened)
        known = await self._known(claim, vault)
        work = FeatureWork(
            definition.plan, _facts(claim, definition, opened, guard, vault), known,
            stop=_stop(held), ends_by=_ends_by(claim),
        )  # fmt: skip
        caches = {name: await self.cache(one, claim, vault) for name, one in definition.caches.items()}
        runner = FeatureRunner(work, journal, self._world(claim, definition, vault, guard, caches))
        held.runner = runner
        if held.stopped is Stop.CANCELLED and work.stop is None:  # asked while all this was loaded
            runner.cancel()
        if definition.cache is None or claim.parent_id is not None or known or work.stop is not None:
            return await runner.run()
        cache = await self.cache(definition.cache, claim, vault)
        return await kept_or_run(
            cache, journal, runner, key=content_hash([claim.definition_hash, work.facts.roots["Input"]])
        )

    async def tell(self, claim: Claim, state: RunState) -> None:
        """Whoever waits for this run's end, or for its place, goes on. Raises psycopg.Error."""
        if state not in RUN_ENDED:
            return
        if claim.parent_id is not None:
            self.offer([claim.parent_id])
        if claim.concurrency_key:
            await let_go(self.parts.pool, claim.environment_id, claim.concurrency_key, self.offer)

    async def cache(self, definition: ResourceDefinition, claim: Claim, vault: Vault) -> SharedCache:
        """A cache that the run names. Raises ConnectorError, psycopg.Error."""
        values = await self.parts.loader.values(definition, claim.workspace_id)
        means = self.parts.means.resources
        return SharedCache(means.caches, definition, means.places.open(definition, values, vault))

    def _world(
        self, claim: Claim, definition: FeatureDefinition, vault: Vault, guard: Guard, caches: Mapping[str, SharedCache]
    ) -> World:
        parts = self.parts
        signals = StoredSignals(parts.pool, claim, vault)
        return World(
            parts.clock,
            CallSteps(
                parts.means, parts.loader, parts.composer, calls=definition.calls, claim=claim, vault=vault, guard=guard
            ),
            signals,
            Family(parts.pool, claim, definition, vault, guard, signals, self.offer, parts.heard),
            StoredResults(parts.pool, claim.environment_id, caches),
        )

    async def _known(self, claim: Claim, vault: Vault) -> Mapping[StepKey, Known]:
        if claim.fence == 1 and claim.trigger != RESUMED:
            return {}
        rows = await unbroken(self.parts.pool, PROGRESS, {"run": claim.run_id, "runs": Uuids([claim.run_id])})
        return {StepKey.of(row["tag"], row["index"]): _known(row, vault) for row in rows}


def _known(row: dict[str, Any], vault: Vault) -> Known:
    """What a signal brought is kept sealed; the step has it as people may see it."""
    if row["kind"] == "wait_signal" and row["signal_id"] is not None and row["state"] == StepState.COMPLETED:
        text = vault.open("processors_runsignal", row["signal_id"], bytes(row["signal"]))
        row = {**row, "output": json.loads(text)}
    return Known(
        step_id=row["id"], state=StepState(row["state"]), attempts=row["attempts"], failures=row["failures"],
        lost=row["lost"], output=row["output"], error=stored_error(row["error"]), wake_at=row["wake_at"],
        child=row["child"], finished_at=row["finished_at"],
    )  # fmt: skip


def _stop(held: Held) -> StepError | None:
    claim = held.claim
    if claim.cancel_requested or held.stopped is Stop.CANCELLED:
        return CANCELLED
    if claim.stored_error is not None:
        return stored_error(claim.stored_error)
    return LOST if claim.lost >= MAX_LOST_CLAIMS else None


def _ends_by(claim: Claim) -> Any:
    if not claim.timeout_s or claim.started_at is None:
        return None
    return claim.started_at + timedelta(seconds=claim.timeout_s)


def _facts(claim: Claim, definition: FeatureDefinition, opened: Opened, guard: Guard, vault: Vault) -> Facts:
    text = vault.open("processors_runinput", claim.run_id, bytes(claim.sealed_input or b""))
    began = claim.started_at or claim.created_at
    run = {
        "id": str(claim.run_id), "environment": claim.environment, "feature": claim.target, "attempt": 1,
        "product": definition.product, "release": claim.release, "trigger": claim.trigger,
        "started_at": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "parent": str(claim.parent_id) if claim.parent_id else None,
    }  # fmt: skip
    roots = {"Input": seen_input(definition.feature.input, json.loads(text)), "Run": run, **opened.roots()}
    return Facts(roots, round(began.timestamp() * 1000), str(claim.run_id), guard.heard)
