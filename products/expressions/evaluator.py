"""Turns parsed expressions into functions over a run: built once, called often."""

from __future__ import annotations

from typing import Final

from products.expressions.calls import compile_call
from products.expressions.comparisons import COMPARISONS
from products.expressions.errors import Absent, ExpressionError
from products.expressions.nodes import Call, Compare, ListOf, Literal, Logic, Node, Not, ObjectOf, Reference, inside
from products.expressions.printing import printed
from products.expressions.references import REFERENCES
from products.expressions.run import Evaluate, Run, plain
from products.expressions.values import follow, index_in, truth, work_in
from products.lib.jsontypes import Json

_NOTHING: Final = object()
_JSON: Final = frozenset({type(None), bool, int, float, str, list, dict})
_WORTH_COUNTING: Final = 256


def compile_node(node: Node, place: str) -> Evaluate:
    """The expression as a function; `place` names its text among all of the document."""
    match node:
        case Literal(value=value):
            return lambda _run: value
        case Reference():
            return _reference(node)
        case Call(arguments=arguments):
            made = tuple(compile_node(argument, place) for argument in arguments)
            return compile_call(node, made, f"{place}:{node.start}")
        case ListOf(items=items):
            parts = tuple(compile_node(item, place) for item in items)
            return lambda run: [part(run) for part in parts]
        case ObjectOf(entries=entries):
            pairs = tuple((key, compile_node(value, place)) for key, value in entries)
            return lambda run: {key: part(run) for key, part in pairs}
        case Compare():
            return _compare(node, place)
        case Logic(operator=operator):
            return _logic(operator, tuple(compile_node(item, place) for item in inside(node)))
        case Not(item=item):
            negated = compile_node(item, place)
            return lambda run: not truth(negated(run))


def _logic(operator: str, parts: tuple[Evaluate, ...]) -> Evaluate:
    if operator == "&&":
        return lambda run: all(truth(part(run)) for part in parts)
    return lambda run: any(truth(part(run)) for part in parts)


def _compare(node: Compare, place: str) -> Evaluate:
    first, second = compile_node(node.left, place), compile_node(node.right, place)
    decide = COMPARISONS[node.operator]

    def compare(run: Run) -> bool:
        left, right = first(run), second(run)
        kind = type(left)
        if kind is type(right) and (kind is str or kind is list or kind is dict) and len(left) > 0:
            work = len(left) if kind is str else work_in(left)
            if work > _WORTH_COUNTING:
                run.work(work)
        try:
            return decide(left, right)
        except ExpressionError as error:
            error.at(node.start, node.end)
            raise

    return compare


def _reference(node: Reference) -> Evaluate:
    root, steps = node.root, tuple((segment, index_in(segment)) for segment in node.segments)

    def resolve(run: Run) -> Json:
        value = run.roots.get(root, _NOTHING)
        try:
            if value is _NOTHING:
                value = run.fetch(root)
            for segment, index in steps:
                if type(value) is dict and segment in value:
                    value = value[segment]
                elif index is not None and type(value) is list and -len(value) <= index < len(value):
                    value = value[index]
                else:
                    value = follow(value, segment)
        except Absent as error:
            error.at(*_failed_place(node, run))
            raise
        return value if type(value) in _JSON else plain(value)

    return _told(node, resolve) if REFERENCES[root].sensitive else resolve


def _told(node: Reference, resolve: Evaluate) -> Evaluate:
    written = printed(node)

    def tell(run: Run) -> Json:
        value = resolve(run)
        run.scope.secret_read(written, value)
        return value

    return tell


def _failed_place(node: Reference, run: Run) -> tuple[int, int]:
    """The segment that led nowhere, found by going the way once more."""
    value = run.roots.get(node.root, _NOTHING)
    if value is not _NOTHING:
        for segment, place in zip(node.segments, node.places, strict=True):
            try:
                value = follow(value, segment)
            except Absent:
                return place
    return node.start, node.end
