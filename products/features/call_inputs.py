"""What calls are given, as far as it is written out: checked against the fields that their targets ask for."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from products.features.literals import is_given, is_open, wrong_literals
from products.lib.actions import Parameter
from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json, JsonObject, escape_pointer


def wrong_fields(given: JsonObject, fields: tuple[Parameter, ...], pointer: str, word: str) -> Iterator[FieldProblem]:
    """Of an input by name; `word` is what one of its fields is called."""
    names = [each.name for each in fields]
    for key in given:
        if key not in names:
            near = get_close_matches(key, names, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            at = f"{pointer}/{escape_pointer(key)}"
            yield FieldProblem(at, "unknown_field", f"There is no {word} “{key[:63]}” here.{hint}")
    for each in fields:
        if each.required and each.default is None and not is_given(given, each):
            yield FieldProblem(f"{pointer}/{escape_pointer(each.name)}", "required", f"“{each.name}” is missing.")
    yield from wrong_literals(given, fields, pointer)


def wrong_child_input(given: Json, fields: tuple[Parameter, ...], pointer: str) -> Iterator[FieldProblem]:
    """Of a feature that another starts; null is no input at all."""
    if isinstance(given, dict | None):
        yield from wrong_fields(given or {}, fields, pointer, "field")
    elif not isinstance(given, str) or not is_open(given):
        yield FieldProblem(pointer, "type", "The input of a feature is an object.")
