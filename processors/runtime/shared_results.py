"""Results in a product's caches: what was fetched once is given again, and equal calls at one moment make one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from processors.connectors.caches.connector import CacheConnector
from processors.connectors.caches.results import Bypass, Follow, Found, Lead, cache_key
from processors.engine.ports import Once, Steps
from processors.engine.step import Say, StepCall, StepFailed, StepResult
from processors.runtime.resource_definition import ResourceDefinition
from processors.runtime.resources import OpenPlace
from products.lib.jsontypes import Json

PATIENCE_S = 60.0  # that a call waits for another that is just being made


class _Fetch(Protocol):
    def __call__(self) -> Awaitable[Json]: ...


@dataclass(frozen=True, slots=True)
class SharedCache:
    """One cache as one environment has it."""

    connector: CacheConnector
    definition: ResourceDefinition
    opened: OpenPlace

    async def once(self, key: str, fetch: Callable[[], Awaitable[Json]], *, wait_s: float = PATIENCE_S) -> Once:
        """The kept result, or what `fetch` gives. Raises what `fetch` raises; a cache that is away fails nothing."""
        answer = await self.ask(key, wait_s=wait_s)
        if isinstance(answer, Found):
            return Once(answer.value, kept=said(self.definition.tag, answer))
        if isinstance(answer, Bypass):
            return Once(await fetch(), notice=answer.notice)
        return await self._fetched(answer, fetch)

    async def ask(self, key: str, *, wait_s: float = PATIENCE_S) -> Found | Lead | Bypass:
        """What to do about a result. A Lead has to be stored or given up. Raises nothing for a cache that is away."""
        place, shared = self.opened.place, self.definition.shared
        whole = cache_key("run", self.definition.tag, "", self.definition.environment, key)
        answer = await self.connector.lookup(place, shared, whole)
        if isinstance(answer, Follow):
            return await self.connector.wait(place, shared, whole, deadline_s=wait_s)
        return answer

    async def _fetched(self, lead: Lead, fetch: _Fetch) -> Once:
        place = self.opened.place
        try:
            value = await fetch()
        except StepFailed as failed:
            await self.connector.give_up(place, lead.token)
            if lead.old is None or failed.error.outcome_unknown:
                raise
            return Once(lead.old.value, kept=f"The call failed. {said(self.definition.tag, lead.old)}")
        except BaseException:
            await self.connector.give_up(place, lead.token)
            raise
        notices = await self.connector.store(place, lead.token, value)
        return Once(value, notice=" ".join(notices))


@dataclass(frozen=True, slots=True)
class CachedSteps:
    """The step port of a run that names a cache: around the one that makes the call."""

    inner: Steps
    cache: SharedCache
    key: str

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """The kept result, or one try. Raises StepFailed."""
        made: list[StepResult] = []

        async def fetch() -> Json:
            made.append(await self.inner.call(call, say))
            return made[0].output

        once = await self.cache.once(self.key, fetch, wait_s=min(PATIENCE_S, call.spec.timeout_s / 2))
        if not made:
            return StepResult(output=once.value, summary=once.kept)
        return replace(made[0], notices=(*made[0].notices, once.notice)) if once.notice else made[0]


def said(name: str, found: Found) -> str:
    """Where a result came from, in words."""
    stale = ", past its time" if found.is_stale else ""
    return f"A result of the cache “{name}”, {found.age_s:.0f} s old{stale}. Nothing was called."
