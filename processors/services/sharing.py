"""Which runs of a feature share its concurrency limit: those with the same value of its key."""

from __future__ import annotations

from dataclasses import dataclass

from products.expressions import ExpressionError, ValuesScope, compile_template
from products.features import Feature, Surplus, seen_input
from products.lib.jsontypes import Json, JsonObject, content_hash

WAITS_ITS_TURN = "Waits for its turn: “{what}” runs only so often at once."
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Share:
    """One run's part: those with the same `key` in an environment are limited together."""

    key: str
    limit: int
    shown: str  # the value of the key, for people
    surplus: Surplus

    @property
    def places(self) -> str:
        """How many runs go at once, in words."""
        return "1 run" if self.limit == 1 else f"{self.limit} runs"


def share_of(feature: Feature, given: JsonObject, *, run: JsonObject | None = None) -> Share | None:
    """None for a feature without a limit. A key that cannot be evaluated counts as null: nothing is let through."""
    surplus = feature.options.surplus
    if surplus is None:
        return None
    value = _value(surplus.key, feature, given, run or {})
    shown = "" if surplus.key is None else str(value)[:_SHOWN]
    return Share(f"{feature.tag}:{content_hash(value)[:40]}", surplus.limit, shown, surplus)


def _value(key: Json, feature: Feature, given: JsonObject, run: JsonObject) -> Json:
    if key is None:
        return None
    try:
        return compile_template(key).evaluate(ValuesScope({"Input": seen_input(feature.input, given), "Run": run}))
    except ExpressionError:
        return None


def dropped_because(share: Share, target: str) -> str:
    """Why a run is not begun at all, for people."""
    of = f" for {share.shown}" if share.shown else ""
    return f"Dropped: {share.places} of “{target}”{of} may go at once, and so many are under way."
