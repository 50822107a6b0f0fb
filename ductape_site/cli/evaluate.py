"""`ductape evaluate`: one expression, or a file of cases, over a file of values; needs neither servers nor Django."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from pathlib import Path

from ductape_site.cli.errors import CommandFailedError, Exit
from products.expressions import ExpressionError, ValuesScope, compile_condition, compile_template
from products.expressions.conformance import differences
from products.lib.jsontypes import JsonError, JsonObject, parse_json

MAX_FILE = 64 * 1024 * 1024
PARTS = {"values": {"expression", "expected"}, "conditions": {"condition", "expected"}, "errors": {"expression"}}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the command understands."""
    command.add_argument("expression", nargs="?", help="a text with expressions, or a condition")
    command.add_argument(
        "--context", type=Path, metavar="FILE", help="JSON: an object with Input, Sequence, Variable, …"
    )
    command.add_argument("--condition", action="store_true", help="read it as a condition")
    command.add_argument(
        "--cases", type=Path, metavar="FILE", help="JSON: values, conditions and errors to compare, and their context"
    )


def run_evaluate(options: argparse.Namespace) -> int:
    """Prints the value as JSON, or what differs. Raises CommandFailedError for a file that cannot be used."""
    if (options.expression is None) == (options.cases is None):
        raise CommandFailedError("Give an expression, or --cases FILE.")
    cases = _object(options.cases) if options.cases else {}
    context = _object(options.context) if options.context else cases.get("context", {})
    if not isinstance(context, dict):
        raise CommandFailedError("The context is not an object.")
    scope = ValuesScope(context, now=time.time_ns() // 1_000_000, seed=str(uuid.uuid4()))
    return (
        _compare(cases, scope) if options.cases else _evaluate(options.expression, scope, condition=options.condition)
    )


def _evaluate(expression: str, scope: ValuesScope, *, condition: bool) -> int:
    try:
        compiled = compile_condition(expression) if condition else compile_template(expression)
        value = compiled.evaluate(scope)
    except ExpressionError as error:
        sys.stderr.write(f"{error}\n{error.caret()}\n")
        return Exit.FAILED
    sys.stdout.write(f"{json.dumps(value, ensure_ascii=False, indent=1)}\n")
    return Exit.DONE


def _compare(cases: JsonObject, scope: ValuesScope) -> int:
    count = sum(len(_listed(cases, part, fields)) for part, fields in PARTS.items())
    found = [str(difference) for difference in differences(cases, scope)]
    sys.stdout.write("".join(f"{line}\n" for line in found) + f"{count - len(found)} of {count} cases as expected.\n")
    return Exit.FAILED if found else Exit.DONE


def _listed(cases: JsonObject, part: str, fields: set[str]) -> list[JsonObject]:
    listed = cases.get(part, [])
    if not isinstance(listed, list) or not all(isinstance(case, dict) and fields <= case.keys() for case in listed):
        raise CommandFailedError(f"“{part}” is not a list of objects with {' and '.join(sorted(fields))}.")
    return listed


def _object(path: Path) -> JsonObject:
    try:
        value = parse_json(path.read_bytes(), max_bytes=MAX_FILE)
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror}.") from None
    except JsonError as error:
        raise CommandFailedError(f"{path}, line {error.line}, column {error.column}: {error}") from None
    if not isinstance(value, dict):
        raise CommandFailedError(f"{path} does not hold an object.")
    return value
