"""Files of cases: expressions and conditions with the values they must have, or that they must be refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from products.expressions.compiled import compile_condition, compile_template
from products.expressions.errors import ExpressionError
from products.expressions.scope import Scope
from products.expressions.values import same
from products.lib.jsontypes import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that came out otherwise; `error` where it was refused, else `value` is what came."""

    source: Json
    expected: Json
    value: Json = None
    error: str = ""

    def __str__(self) -> str:
        came = f"refused: {self.error}" if self.error else f"gave {self.value!r}"
        return f"{self.source!r} {came}; expected {self.expected!r}"


def differences(cases: JsonObject, scope: Scope) -> Iterator[Difference]:
    """Of `{"values": [{"expression", "expected"}], "conditions": [{"condition", "expected"}], "errors": […]}`."""
    for case in cases.get("values", ()):
        yield from _value(case["expression"], case["expected"], compile_template, scope)
    for case in cases.get("conditions", ()):
        yield from _value(case["condition"], case["expected"], compile_condition, scope)
    for case in cases.get("errors", ()):
        try:
            value = compile_template(case["expression"]).evaluate(scope)
        except ExpressionError:
            continue
        yield Difference(case["expression"], f"an error: {case.get('error', '')}", value)


def _value(source: Json, expected: Json, compiler: Any, scope: Scope) -> Iterator[Difference]:
    try:
        value = compiler(source).evaluate(scope)
    except ExpressionError as error:
        yield Difference(source, expected, error=str(error))
        return
    if not same(value, expected):
        yield Difference(source, expected, value)
