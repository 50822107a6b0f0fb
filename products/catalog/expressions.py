"""The expression language for the help: its own declarations, with the examples' values as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from products.expressions.operators import GROUPS, Operator
from products.expressions.references import REFERENCES, ReferenceKind


@dataclass(frozen=True, slots=True)
class OperatorHelp:
    """One operator: how it is written, what it does, examples with their values as JSON."""

    name: str
    forms: tuple[str, ...]
    text: str
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OperatorGroupHelp:
    """Operators under one heading."""

    title: str
    operators: tuple[OperatorHelp, ...]


def _help(declared: Operator) -> OperatorHelp:
    examples = tuple((each.source, json.dumps(each.value, ensure_ascii=False)) for each in declared.examples)
    return OperatorHelp(declared.name, declared.forms, declared.text, examples)


OPERATOR_GROUPS: Final[tuple[OperatorGroupHelp, ...]] = tuple(
    OperatorGroupHelp(title, tuple(map(_help, declared))) for title, declared in GROUPS.items()
)
REFERENCE_KINDS: Final[tuple[ReferenceKind, ...]] = tuple(REFERENCES.values())
