"""What one expression will be, and what is certainly or possibly wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from products.expressions.errors import ExpressionError, UnknownName, WrongType
from products.expressions.kinds import ANY, BOOLEAN, LIST, OBJECT, REFUSED, in_words, type_name, types_in_words
from products.expressions.nodes import Call, Compare, ListOf, Logic, Node, Not, ObjectOf, Reference, inside
from products.expressions.nodes import Literal as LiteralNode
from products.expressions.operators import OPERATORS, Operator
from products.expressions.operators.choosing import comparison
from products.expressions.references import REFERENCES
from products.expressions.shapes import UNKNOWN, Shape, either
from products.expressions.suggestions import did_you_mean, listed, shortened
from products.expressions.surroundings import Surroundings
from products.expressions.values import index_in

_ORDERED: Final = frozenset({"number", "text"})
_ORDERING: Final = frozenset({"<", ">", "<=", ">="})


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that is certain, or one that may come."""

    severity: Literal["error", "warning"]
    error: ExpressionError


class Inference:
    """Goes through one expression; `problems` fill on the way."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._forgiving = 0  # inside $Default, where absence and null are expected
        self.problems: list[Problem] = []

    def of(self, node: Node) -> Shape:
        """The shape of the expression's value."""
        match node:
            case LiteralNode(value=value):
                return Shape(frozenset({type_name(value)}))
            case Reference():
                return self._reference(node)
            case Call():
                return self._call(node)
            case ListOf(items=items):
                return Shape(LIST, items=either([self.of(item) for item in items]))
            case ObjectOf(entries=entries):
                return Shape(OBJECT, {key: self.of(value) for key, value in entries})
            case Compare():
                self._compare(node)
            case Logic() | Not():
                for inner in inside(node):
                    self.of(inner)
        return Shape(BOOLEAN)

    def _note(self, severity: Literal["error", "warning"], error: ExpressionError) -> None:
        self.problems.append(Problem(severity, error))

    # Operators

    def _call(self, node: Call) -> Shape:
        self._forgiving += node.name == "Default"
        given = [self.of(argument) for argument in node.arguments]
        self._forgiving -= node.name == "Default"
        if node.name == "If":
            return either(given[1:])
        if node.name == "Default":
            return _without_null(either(given))
        declared = OPERATORS[node.name]
        for index, shape in enumerate(given):
            self._argument(node, declared, index, shape)
        self._comparison_of(node)
        if node.name == "Pick" and given[0].types == LIST:
            return given[0].items or UNKNOWN
        return Shape(declared.returns)

    def _argument(self, node: Call, declared: Operator, index: int, shape: Shape) -> None:
        argument, parameter = node.arguments[index], declared.parameter(index)
        wanted = f"${node.name}: argument {index + 1} ({parameter.name}) must be {parameter.kind.words}"
        if isinstance(argument, LiteralNode) and parameter.kind.take(argument.value) is REFUSED:
            words = f"{wanted}, and {in_words(argument.value)} is given."
        elif not shape.types & parameter.kind.types:
            words = f"{wanted}, and {types_in_words(shape.types)} is given."
        else:
            self._doubts(node, index, shape)
            return
        self._note("error", WrongType(words, start=argument.start, end=argument.end, argument=index))

    def _doubts(self, node: Call, index: int, shape: Shape) -> None:
        argument, parameter = node.arguments[index], OPERATORS[node.name].parameter(index)
        if isinstance(argument, LiteralNode) and parameter.check is not None:
            try:
                parameter.check(argument.value)
            except ExpressionError as error:
                error.message = f"${node.name}: {error.message}"
                error.at(argument.start, argument.end)
                self._note("error", error)
        if shape.optional and "null" not in parameter.kind.types and not self._forgiving:
            words = f"${node.name}: argument {index + 1} ({parameter.name}) may be null."
            hint = "$Default(…, …) gives another value then."
            self._note("warning", WrongType(words, start=argument.start, end=argument.end, suggestion=hint))

    def _comparison_of(self, node: Call) -> None:
        if node.name not in {"Filter", "Find"}:
            return
        argument = node.arguments[min(len(node.arguments), 4) - 2]
        if isinstance(argument, LiteralNode) and isinstance(argument.value, str):
            try:
                comparison(argument.value, 0)
            except ExpressionError as error:
                error.message = f"${node.name}: {error.message}"
                error.at(argument.start, argument.end)
                self._note("error", error)

    def _compare(self, node: Compare) -> None:
        for side in (node.left, node.right):
            shape = self.of(side)
            if node.operator in _ORDERING and not shape.types & _ORDERED:
                words = f"{types_in_words(shape.types)} cannot be compared with {node.operator}."
                hint = "It takes two numbers or two texts."
                self._note("error", WrongType(words.capitalize(), start=side.start, end=side.end, suggestion=hint))

    # References

    def _reference(self, node: Reference) -> Shape:
        shape = self._around.roots.get(node.root)
        if shape is None:
            there = listed([f"${name}" for name in self._around.roots], what="There is")
            reason = self._around.reasons.get((node.root,), "means nothing here")
            self._unknown(f"${node.root} {reason}. {there}", node.start, node.end)
            return UNKNOWN
        path: tuple[str, ...] = (node.root,)
        for segment, place in zip(node.segments, node.places, strict=True):
            for part in self._parts(shape, path, segment):
                step = self._step(shape, path, part, place)
                if step is None:
                    return UNKNOWN
                shape, path = step, (*path, part)
        needed = REFERENCES[node.root].segments
        if len(path) - 1 < len(needed) and node.segments:
            words = f"${node.root} needs {', '.join(needed)}: {len(path) - 1} of {len(needed)} are given."
            self._unknown(words, node.start, node.end, f"Write {REFERENCES[node.root].form}.")
        return shape

    def _parts(self, shape: Shape, path: tuple[str, ...], segment: str) -> tuple[str, ...]:
        is_key = shape.fields is not None and segment in shape.fields  # which may be long to count
        whole = is_key or (*path, segment) in self._around.reasons or "." not in segment
        return (segment,) if whole else tuple(segment.split("."))

    def _step(self, shape: Shape, path: tuple[str, ...], key: str, place: tuple[int, int]) -> Shape | None:
        """One segment deeper; None where there is nothing."""
        written = f"${path[0]}" + "".join(f"{{{segment}}}" for segment in path[1:])
        if not shape.types & (LIST | OBJECT):
            self._unknown(f"{written} is {types_in_words(shape.types)} and has no keys.", *place)
            return None
        if shape.optional and not self._forgiving:
            hint = "$Default(…, …) gives another value then."
            words = f"{written} may be null, and then “{shortened(key)}” is absent."
            self._note("warning", UnknownName(words, start=place[0], end=place[1], suggestion=hint))
        if shape.fields is not None and key in shape.fields:
            return shape.fields[key]
        if "list" in shape.types and index_in(key) is not None:
            return shape.items or UNKNOWN
        if shape.types - {"null"} == LIST:
            self._unknown(f"{written} is a list: its elements are {{0}}, {{1}}, … {{-1}}.", *place)
            return None
        if shape.fields is None or shape.open:
            return UNKNOWN
        self._missing(shape, path, key, place)
        return None

    def _missing(self, shape: Shape, path: tuple[str, ...], key: str, place: tuple[int, int]) -> None:
        written = f"${path[0]}" + "".join(f"{{{segment}}}" for segment in path[1:])
        reason = self._around.reasons.get((*path, key))
        names = sorted(shape.fields or ())
        if reason:
            self._unknown(f"{written}{{{shortened(key)}}} {reason}.", *place)
            return
        there = listed(names, what="There is") or "There is nothing in it."
        hint = did_you_mean(key, names, form="“{}”")
        self._unknown(f"{written} has no “{shortened(key)}”. {there}", *place, hint)

    def _unknown(self, words: str, start: int, end: int, hint: str = "") -> None:
        self._note("error", UnknownName(words, start=start, end=end, suggestion=hint))


def _without_null(shape: Shape) -> Shape:
    if shape.types == ANY or len(shape.types) == 1:
        return shape
    return Shape(shape.types - {"null"}, shape.fields, shape.items, shape.open)
