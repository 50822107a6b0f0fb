"""What a run of a feature asks of the database while it runs: signals, the runs of child features, kept results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from processors.engine.events import RunEnded
from processors.engine.limits import MAX_DEPTH
from processors.engine.ports import ChildEnd, Once, Signal
from processors.engine.states import RUN_ENDED, RunState
from processors.engine.step import Fault, StepError, StepFailed
from processors.models import NEVER
from processors.runtime import feature_statements as statements
from processors.runtime.arrays import Uuids
from processors.runtime.claims import Claim
from processors.runtime.database import Pool, unbroken
from processors.runtime.feature_definition import FeatureDefinition
from processors.runtime.feature_turns import Offer, check_turn, take_turn
from processors.runtime.feature_values import Guard
from processors.runtime.journal import Heard
from processors.runtime.masking import rejected
from processors.runtime.secrets import Vault
from processors.runtime.shared_results import SharedCache
from processors.services.sharing import WAITS_ITS_TURN, Share, share_of
from products.features import checked_input
from products.features.definition import Keep
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject, clean_json


class StoredSignals:
    """The signals of one run (`processors.engine.ports.Signals`)."""

    def __init__(self, pool: Pool, claim: Claim, vault: Vault) -> None:
        self._pool = pool
        self._run_id = claim.run_id
        self._vault = vault
        self.news = claim.news

    async def next(self, name: str, besides: Collection[UUID] = ()) -> Signal | None:
        """The oldest unused one, and none of `besides`. Raises psycopg.Error."""
        values = {"run": self._run_id, "name": name, "besides": Uuids(besides)}
        rows = await unbroken(self._pool, statements.SIGNAL, values)
        if not rows:
            return None
        row = rows[0]
        self.news = row["news"]
        if row["id"] is None:
            return None
        payload = json.loads(self._vault.open("processors_runsignal", row["id"], bytes(row["sealed"])))
        return Signal(row["id"], payload, row["at"], row["by"])


@dataclass(frozen=True, slots=True)
class Family:
    """The children of one run (`processors.engine.ports.Children`)."""

    pool: Pool
    claim: Claim
    definition: FeatureDefinition
    vault: Vault
    guard: Guard
    signals: StoredSignals
    offer: Offer
    heard: Heard

    async def start(self, step_id: UUID, feature: str, given: Json, *, again: int = 0) -> UUID:
        """The run of a child; the same for the same step and number. Raises StepFailed, psycopg.Error."""
        run_id = child_id(step_id, again)
        share, values = self._child(run_id, feature, given)
        above = await check_turn(self.pool, self.claim, share) if share else []
        await unbroken(
            self.pool,
            statements.START_CHILD,
            {
                "id": run_id, "parent": self.claim.run_id, "fence": self.claim.fence, "step": step_id,
                "target": feature, **values,
                "reason": WAITS_ITS_TURN.format(what=feature) if share else "",
                "wake_at": NEVER if share else None,
                "key": share.key if share else "", "limit": share.limit if share else None,
            },
        )  # fmt: skip
        if share is None:
            self.offer([run_id])
        else:
            ended = await take_turn(self.pool, self.claim, run_id, feature, share, above=above, offer=self.offer)
            self._tell(run_id, ended)
        return run_id

    def _tell(self, run_id: UUID, ended: RunEnded | None) -> None:
        """Pages hear of a child that no worker has: that it is there and waits, or that it was dropped."""
        child = replace(self.claim, run_id=run_id, parent_id=self.claim.run_id)
        self.heard(child, (ended,) if ended else (), 1 if ended else 0)

    def _child(self, run_id: UUID, tag: str, given: Json) -> tuple[Share | None, dict[str, object]]:
        if self.claim.depth + 1 >= MAX_DEPTH:
            message = f"Features may start features {MAX_DEPTH} deep; this would be deeper."
            raise StepFailed(StepError("too_deep", message, "configuration"))
        feature = self.definition.features[tag]
        try:
            checked = checked_input(feature.input, given, defs=feature.defs)
        except InputError as error:
            raise StepFailed(rejected(error)) from None
        run = {"environment": self.claim.environment, "product": self.definition.product}
        share = share_of(feature, checked, run=run)
        text = json.dumps(checked, ensure_ascii=False)
        return share, {
            "input": json.dumps(clean_json(self.guard.shown(checked)), ensure_ascii=False),
            "sealed": self.vault.seal("processors_runinput", run_id, text),
            "timeout_s": feature.options.timeout_s or 0.0,
        }

    async def end(self, run_id: UUID) -> ChildEnd | None:
        """How it ended, None while it goes on. Raises psycopg.Error."""
        rows = await unbroken(self.pool, statements.CHILD_END, {"run": self.claim.run_id, "child": run_id})
        if not rows:
            return None
        row = rows[0]
        self.signals.news = row["news"]
        if row["state"] is None:
            error = StepError("child_lost", "The run that this step had started is not there any more.", "platform")
            return ChildEnd(RunState.FAILED, error=error)
        if row["state"] not in RUN_ENDED:
            return None
        return ChildEnd(RunState(row["state"]), row["output"], stored_error(row["error"]))

    async def cancel(self, run_id: UUID) -> None:
        """Asks it to stop and roll back. Raises psycopg.Error."""
        if await unbroken(self.pool, statements.STOP_CHILD, {"child": run_id}):
            self.offer([run_id])


@dataclass(frozen=True, slots=True)
class StoredResults:
    """Kept results of one environment (`processors.engine.ports.Results`)."""

    pool: Pool
    environment_id: UUID | None

    caches: Mapping[str, SharedCache] = field(default_factory=dict)

    async def once(self, keep: Keep, key: str, fetch: Callable[[], Awaitable[Json]]) -> Once:
        """The kept result, or a new one. Raises what `fetch` raises, and psycopg.Error."""
        if keep.name:
            return await self.caches[keep.name].once(key, fetch)
        rows = await unbroken(self.pool, statements.KEPT, {"environment": self.environment_id, "key": key})
        if rows:
            return Once(rows[0]["value"], kept="A kept result, nothing was called.")
        value = await fetch()
        await self._keep(key, value, keep.seconds)
        return Once(value)

    async def _keep(self, key: str, value: Json, seconds: float) -> None:
        text = json.dumps(clean_json(value), ensure_ascii=False)
        values = {"environment": self.environment_id, "key": key, "value": text, "seconds": seconds}
        await unbroken(self.pool, statements.KEEP, values)


def child_id(step_id: UUID, again: int = 0) -> UUID:
    """A UUIDv7 of the step's moment (RFC 9562): the run lies in that day's partition."""
    digest = hashlib.sha256(b"child:" + step_id.bytes + (str(again).encode() if again else b"")).digest()
    number = (step_id.int >> 80) << 80 | int.from_bytes(digest[:10])
    number = number & ~(0xF000 << 64) | 0x7000 << 64
    return UUID(int=number & ~(0xC000 << 48) | 0x8000 << 48)


def stored_error(error: JsonObject | None) -> StepError | None:
    """The error of a row."""
    if error is None:
        return None
    return StepError(
        code=str(error.get("code", "")),
        message=str(error.get("message", "")),
        fault=cast(Fault, error.get("fault", "platform")),
        retryable=error.get("retryable") is True,
        outcome_unknown=error.get("outcome_unknown") is True,
        details=cast(JsonObject, error.get("details") or {}),
    )
