"""The expression language: `$Input{amount}` and `$Uppercase(…)` in definitions; pure data in, pure data out.

`compile_template` and `compile_condition` once, `Compiled.evaluate(scope)` often; `analyse` when a definition is saved.
"""

from products.expressions.analysis import Finding, Report, analyse, analyse_condition
from products.expressions.compiled import Compiled, Use, compile_condition, compile_template
from products.expressions.errors import ExpressionError
from products.expressions.scope import Scope, ValuesScope, run_uuid
from products.expressions.shapes import Shape, known, named, of_schema
from products.expressions.surroundings import Events, Surroundings, surroundings

__all__ = [
    "Compiled",
    "Events",
    "ExpressionError",
    "Finding",
    "Report",
    "Scope",
    "Shape",
    "Surroundings",
    "Use",
    "ValuesScope",
    "analyse",
    "analyse_condition",
    "compile_condition",
    "compile_template",
    "known",
    "named",
    "of_schema",
    "run_uuid",
    "surroundings",
]
