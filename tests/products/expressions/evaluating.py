"""Evaluates for the tests."""

from __future__ import annotations

from typing import Any

from products.expressions import ValuesScope, compile_condition, compile_template

NOW = 1_700_000_000_000


def value_of(source: Any, /, *, now: int = NOW, seed: str = "run-1", **roots: Any) -> Any:
    """The value of a template."""
    return compile_template(source).evaluate(ValuesScope(roots, now=now, seed=seed))


def holds(condition: str, **roots: Any) -> Any:
    """The value of a condition."""
    return compile_condition(condition).evaluate(ValuesScope(roots, now=NOW))
