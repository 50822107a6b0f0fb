"""Calls of operators as functions: arguments evaluated, checked and counted, then the operator's own function."""

from __future__ import annotations

from typing import Final

from products.expressions.errors import Absent, ExpressionError, WrongType
from products.expressions.kinds import REFUSED, in_words
from products.expressions.limits import SLOT_WORK
from products.expressions.nodes import Call
from products.expressions.operators import OPERATORS, Operator
from products.expressions.printing import printed
from products.expressions.run import Evaluate, Run
from products.expressions.taint import shows_secret
from products.expressions.values import truth, work_in
from products.lib.jsontypes import Json

_WORTH_COUNTING: Final = 256


def compile_call(node: Call, arguments: tuple[Evaluate, ...], place: str) -> Evaluate:
    """The call; `place` names it among all of its document."""
    match node.name:
        case "If":
            return _if(*arguments)
        case "Default":
            return _default(arguments)
        case "Now":
            return lambda run: run.scope.now()
        case "Uuid":
            return lambda run: run.scope.uuid(place)
    call = _call(node, OPERATORS[node.name], arguments)
    return _told(node, call) if shows_secret(node) else call


def _if(condition: Evaluate, chosen: Evaluate, otherwise: Evaluate) -> Evaluate:
    return lambda run: chosen(run) if truth(condition(run)) else otherwise(run)


def _default(arguments: tuple[Evaluate, ...]) -> Evaluate:
    def first(run: Run) -> Json:
        for argument in arguments:
            try:
                value = argument(run)
            except Absent:
                continue
            if value is not None:
                return value
        return None

    return first


def _told(node: Call, call: Evaluate) -> Evaluate:
    """What is made of a secret is as secret, and does not look like it any more."""
    written = printed(node)

    def tell(run: Run) -> Json:
        value = call(run)
        run.scope.secret_read(written, value)
        return value

    return tell


def _call(node: Call, declared: Operator, arguments: tuple[Evaluate, ...]) -> Evaluate:  # noqa: C901 - in one frame, as it is called most
    function, cost, weigh = declared.function, declared.cost, work_in if declared.deep else _shallow
    assert function is not None  # noqa: S101 - the others are in compile_call
    kinds = [declared.parameter(index).kind for index in range(len(arguments))]
    checked = tuple((argument, kind.plain, kind.take) for argument, kind in zip(arguments, kinds, strict=True))

    def call(run: Run) -> Json:
        values: list[Json] = []
        work = 0
        for argument, plain, take in checked:
            value = argument(run)
            kind = type(value)
            if kind is not plain:
                given, value = value, take(value)
                if value is REFUSED:
                    raise _refused(node, declared, len(values), given)
                kind = type(value)
            values.append(value)
            if kind is str:
                work += len(value)
            elif kind is list or kind is dict:
                work += weigh(value)
        try:
            if cost is not None:
                work += cost(*values)
            if work > _WORTH_COUNTING:
                run.work(work)
            result = function(*values)
            kind = type(result)
            if (kind is str or kind is list or kind is dict) and len(result) > _WORTH_COUNTING:
                run.work(_made(result))
        except ExpressionError as error:
            raise _placed(error, node) from None
        return result

    return call


def _shallow(value: Json) -> int:
    return len(value) * SLOT_WORK


def _made(result: Json) -> int:
    if type(result) is str:
        return len(result) if result.isascii() else 4 * len(result)
    return _shallow(result)


def _refused(node: Call, declared: Operator, index: int, given: Json) -> WrongType:
    parameter, argument = declared.parameter(index), node.arguments[index]
    what = (
        "a text that spells no such number"
        if type(given) is str and "number" in parameter.kind.types
        else in_words(given)
    )
    words = (
        f"${node.name}: argument {index + 1} ({parameter.name}) must be {parameter.kind.words}, and {what} was given."
    )
    return WrongType(words, start=argument.start, end=argument.end, argument=index)


def _placed(error: ExpressionError, node: Call) -> ExpressionError:
    if error.start < 0:
        error.message = f"${node.name}: {error.message}"
        about = node.arguments[error.argument] if 0 <= error.argument < len(node.arguments) else node
        error.at(about.start, about.end)
    return error
