"""How an operator is declared: one declaration serves the parser, the evaluator, analysis, the help and the editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from products.expressions.kinds import Kind, Types
from products.expressions.limits import ELEMENT_WORK
from products.lib.jsontypes import Json


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: its name, what it accepts, and the text of its default ("" where it must be given).

    `check` raises ExpressionError for a value that can never be right, so that literals are found when one saves.
    """

    name: str
    kind: Kind
    default: str = ""
    repeats: bool = False
    check: Callable[[Any], object] | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An expression over nothing but literals, and its value; the tests evaluate every one."""

    source: str
    value: Json


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator.

    `function` takes the checked arguments; None where the evaluator itself does the work. `deep` arguments are looked
    through as a whole, which counts as work; `cost` counts what goes beyond reading the arguments. `carries` says that
    a secret in an argument shows in the result, `braces` that the only argument may stand in braces.
    """

    name: str
    group: str
    forms: tuple[str, ...]
    text: str
    parameters: tuple[Parameter, ...]
    returns: Types
    examples: tuple[Example, ...]
    function: Callable[..., Json] | None = None
    cost: Callable[..., int] | None = None
    deep: bool = False
    carries: bool = True
    braces: bool = False

    @property
    def least(self) -> int:
        """How many arguments there must be."""
        return sum(not parameter.default for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """How many there may be; None for any number."""
        return None if self.parameters and self.parameters[-1].repeats else len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        """That of the argument at an index."""
        return self.parameters[min(index, len(self.parameters) - 1)]


OPERATORS: Final[dict[str, Operator]] = {}


def p(
    name: str,
    kind: Kind,
    *,
    default: str = "",
    repeats: bool = False,
    check: Callable[[Any], object] | None = None,
) -> Parameter:
    """A parameter."""
    return Parameter(name, kind, default, repeats, check)


def operator(
    name: str,
    group: str,
    text: str,
    *parameters: Parameter,
    returns: Types,
    examples: dict[str, Json],
    forms: tuple[str, ...] = (),
    **flags: Any,
) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
    """Declares the decorated function as an operator; `forms` replaces how it is shown."""

    def register(function: Callable[..., Json]) -> Callable[..., Json]:
        builtin = flags.pop("builtin", False)
        OPERATORS[name] = Operator(
            name=name,
            group=group,
            forms=forms or (form(name, parameters),),
            text=text,
            parameters=parameters,
            returns=returns,
            examples=tuple(Example(source, value) for source, value in examples.items()),
            function=None if builtin else function,
            **flags,
        )
        return function

    return register


def form(name: str, parameters: tuple[Parameter, ...]) -> str:
    """`$Name(a, b=default, c, …)`."""
    shown = [
        f"{each.name}={each.default}" if each.default else f"{each.name}, …" if each.repeats else each.name
        for each in parameters
    ]
    return f"${name}({', '.join(shown)})"


def looked_at(given: Json, *_rest: Json) -> int:
    """The cost of going through the elements of a list one by one."""
    return ELEMENT_WORK * len(given) if type(given) is list else 0
