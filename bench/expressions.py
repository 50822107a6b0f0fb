"""How fast compiled expressions are, in this process alone: `python -m bench.expressions`."""

from __future__ import annotations

import sys
import time
from typing import Any

from bench.figures import Figure, figure, table
from products.expressions import ValuesScope, compile_condition, compile_template

ROUNDS = 5
VALUES: dict[str, Any] = {"Input": {"a": "text", "b": [{"c": "x"}], "n": 82, "role": "admin"}}
SMALL = "$Concat([$Uppercase($Input{a}), $Input{b}{0}{c}], '-')"
CONDITION = "$Input{n} >= 80 && $Input{role} != 'guest'"
DOCUMENT = {"to": ["$Input{a}@example.com"], "order": {"id": SMALL, "count": "$Length{$Input{b}}", "kind": "fixed"}}


def of_expressions(*, quick: bool) -> list[Figure]:
    """Evaluations a second of one core, and compilations."""
    scope, count = ValuesScope(VALUES), 5_000 if quick else 50_000
    small, condition, document = compile_template(SMALL), compile_condition(CONDITION), compile_template(DOCUMENT)
    return [
        _rate("expression of two operators, evaluated", lambda: small.evaluate(scope), count),
        _rate("condition of two comparisons, evaluated", lambda: condition.evaluate(scope), count),
        _rate("document of three expressions, evaluated", lambda: document.evaluate(scope), count),
        _rate("document of three expressions, compiled again", lambda: compile_template(DOCUMENT), count // 10),
    ]


def _rate(name: str, call: Any, count: int) -> Figure:
    """Counts processor time, so that a busy machine does not count."""
    rates = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(count):
            call()
        rates.append(count / (time.process_time() - began))
    return figure(name, "/s", rates, note="one core")


if __name__ == "__main__":
    sys.stdout.write(f"{table(of_expressions(quick='--quick' in sys.argv))}\n")
