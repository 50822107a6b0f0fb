"""Two runs step by step; whether bodies differ is found out by the database, which does not send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from processors.models import Run, Step
from processors.queries.feature_progress import feature_of
from processors.queries.run_pages import find_run
from products.access import Actor
from products.lib.errors import Invalid
from products.models import Product

MOST_STEPS = 4_200
_TOOK = "extract(epoch FROM {0}.finished_at - {0}.started_at) * 1000"
_STEPS = f"""
WITH a AS (SELECT * FROM processors_step WHERE run_id = %(a)s AND index = 0),
     b AS (SELECT * FROM processors_step WHERE run_id = %(b)s AND index = 0),
items AS (
    SELECT coalesce(x.tag, y.tag) AS tag, count(*) FILTER (
        WHERE x.state IS DISTINCT FROM y.state OR x.output IS DISTINCT FROM y.output) AS n
    FROM (SELECT * FROM processors_step WHERE run_id = %(a)s AND index > 0) x
    FULL JOIN (SELECT * FROM processors_step WHERE run_id = %(b)s AND index > 0) y
        ON x.tag = y.tag AND x.index = y.index
    GROUP BY 1
)
SELECT coalesce(a.tag, b.tag), coalesce(a.kind, b.kind), a.state, b.state, {_TOOK.format("a")}, {_TOOK.format("b")},
    coalesce(a.attempts, 0), coalesce(b.attempts, 0), a.input IS DISTINCT FROM b.input,
    a.output IS DISTINCT FROM b.output, coalesce(items.n, 0)
FROM a FULL JOIN b ON a.tag = b.tag LEFT JOIN items ON items.tag = coalesce(a.tag, b.tag)
LIMIT %(most)s
"""  # noqa: S608 - put together from our own words


@dataclass(frozen=True, slots=True)
class StepPair:
    """A step in both runs. The state is empty where a run has not come to it."""

    tag: str
    kind: str
    a_state: str
    b_state: str
    a_took: float | None
    b_took: float | None
    a_attempts: int
    b_attempts: int
    other_input: bool
    other_output: bool
    other_items: int

    @property
    def differs(self) -> bool:
        """In how it ended, or in what came of it."""
        return self.a_state != self.b_state or self.other_output or self.other_items > 0

    @property
    def slower_ms(self) -> float | None:
        """How much longer the second took."""
        return None if self.a_took is None or self.b_took is None else self.b_took - self.a_took

    @property
    def faster_ms(self) -> float | None:
        """How much less time the second took."""
        return None if self.slower_ms is None else -self.slower_ms


@dataclass(frozen=True, slots=True)
class RunPair:
    """Two runs of one product, and their steps in the order of the feature."""

    a: Run
    b: Run
    steps: list[StepPair]

    @property
    def differing(self) -> int:
        """How many steps differ."""
        return sum(one.differs for one in self.steps)


def pair_of(actor: Actor, product: Product, ids: list[str]) -> RunPair:
    """Both runs. Raises Invalid unless two are named, NotFound for one of another product or workspace."""
    if len(ids) != 2 or ids[0] == ids[1]:
        raise Invalid.field("run", "Choose two runs to compare.")
    a, b = (find_run(actor, product, _id(text)) for text in ids)
    return RunPair(a, b, _steps(a, b))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid.field("run", "That is no run's id.") from None


def _steps(a: Run, b: Run) -> list[StepPair]:
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"a": a.pk, "b": b.pk, "most": MOST_STEPS})
        rows = cursor.fetchall()
    found = [StepPair(row[0], row[1], row[2] or "", row[3] or "", _ms(row[4]), _ms(row[5]), *row[6:]) for row in rows]
    order = {tag: place for place, tag in enumerate(_order(b) + _order(a))}
    return sorted(found, key=lambda one: (order.get(one.tag.removesuffix("~undo"), 0), one.tag))


def _order(run: Run) -> list[str]:
    return [str(event.name) for event in feature_of(run).events()] if run.kind == "feature" else []


def _ms(value: Any) -> float | None:
    return None if value is None else float(value)


def steps_named(pair: RunPair, tag: str) -> tuple[Step | None, Step | None]:
    """One step with its bodies, in both runs."""
    rows = {row.run_id: row for row in Step.objects.filter(run__in=[pair.a, pair.b], tag=tag, index=0)}
    return rows.get(pair.a.pk), rows.get(pair.b.pk)
