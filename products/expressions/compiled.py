"""Whole documents: compiled once, evaluated often, with the place of every error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from products.expressions.errors import ExpressionError, OverLimit
from products.expressions.evaluator import compile_node
from products.expressions.limits import MAX_DEPTH, MAX_RESULT
from products.expressions.nodes import Node, Reference, Template, walk
from products.expressions.parser import parse_condition, parse_template
from products.expressions.run import Evaluate, Run
from products.expressions.scope import Scope
from products.expressions.taint import is_sensitive
from products.expressions.values import reserve, size_of, text_of, truth
from products.lib.jsontypes import Json, escape_pointer

_T = TypeVar("_T")
_SURELY_SMALL = MAX_RESULT // 4 - 2  # characters that are small enough whatever they are
_CACHED_LENGTH = 2048  # longer texts are not worth the memory


@dataclass(frozen=True, slots=True)
class Use:
    """A reference as it stands in a document: its root, its segments, and where (pointer and offset)."""

    root: str
    segments: tuple[str, ...]
    pointer: str
    position: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document or condition, ready to be evaluated any number of times, by any number of threads.

    `uses` are all references in it, `sensitive` the pointers of the texts that refer to secrets: their values are to be
    masked as a whole where they are stored. `is_constant`: there is no expression in it.
    """

    _evaluate: Evaluate = field(repr=False)
    pointer: str = ""  # where it stands itself
    uses: tuple[Use, ...] = ()
    sensitive: tuple[str, ...] = ()
    is_constant: bool = False

    def evaluate(self, scope: Scope) -> Json:
        """The value: JSON within the limits, sharing what it took from the scope, so not to be changed.

        Raises ExpressionError, and what the scope raises.
        """
        run = Run(scope)
        try:
            value = self._evaluate(run)
            if not self.is_constant and not (type(value) is str and len(value) < _SURELY_SMALL):
                size_of(value)
        except RecursionError:
            error = OverLimit("This is nested too deeply.")
            error.pointer = self.pointer
            raise error from None
        except ExpressionError as error:
            error.pointer = error.pointer or self.pointer  # what is too large as a whole stands in no text of it
            raise
        return value


def compile_template(value: Json, *, pointer: str = "") -> Compiled:
    """A JSON document whose texts may hold expressions; `pointer` is where it stands itself. Raises ExpressionError."""
    maker = _Maker()
    made = maker.document(value, pointer, 0)
    evaluate = made if made is not None else lambda _run: value
    return Compiled(evaluate, pointer, tuple(maker.uses), tuple(maker.sensitive), made is None)


def compile_condition(condition: str | bool, *, pointer: str = "") -> Compiled:
    """A condition, whose value is true or false. Raises ExpressionError."""
    if isinstance(condition, bool):
        return Compiled(lambda _run: condition, pointer, is_constant=True)
    maker = _Maker()
    node = _parsed(condition, pointer, condition_of)
    decide = maker.node(node, condition, pointer)
    return Compiled(lambda run: truth(decide(run)), pointer, tuple(maker.uses), tuple(maker.sensitive))


def template_of(source: str) -> Template:
    """The parsed text, from the cache where it is there. Raises ExpressionError."""
    return _template(source) if len(source) <= _CACHED_LENGTH else parse_template(source)


def condition_of(source: str) -> Node:
    """The parsed condition, from the cache where it is there. Raises ExpressionError."""
    return _condition(source) if len(source) <= _CACHED_LENGTH else parse_condition(source)


_template = lru_cache(maxsize=4096)(parse_template)
_condition = lru_cache(maxsize=1024)(parse_condition)


def _parsed(source: str, pointer: str, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(source)
    except ExpressionError as error:
        error.pointer = pointer
        raise


class _Maker:
    """Compiles a document and notes what it refers to."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.sensitive: list[str] = []

    def document(self, value: Json, pointer: str, depth: int) -> Evaluate | None:
        """None where there is nothing to evaluate."""
        if depth > MAX_DEPTH:
            error = OverLimit(f"This is nested deeper than {MAX_DEPTH} levels.")
            error.pointer = pointer
            raise error
        if isinstance(value, str):
            return self._text(value, pointer)
        if isinstance(value, dict):
            return self._object(value, pointer, depth)
        if isinstance(value, list):
            return self._list(value, pointer, depth)
        return None

    def node(self, node: Node, source: str, pointer: str) -> Evaluate:
        """One expression, with its place in its errors."""
        for each in walk(node):
            if isinstance(each, Reference):
                self.uses.append(Use(each.root, each.segments, pointer, each.start))
        if is_sensitive(node) and pointer not in self.sensitive[-1:]:
            self.sensitive.append(pointer)
        compute = compile_node(node, pointer)

        def evaluate(run: Run) -> Json:
            try:
                return compute(run)
            except ExpressionError as error:
                error.at(node.start, node.end)
                error.within(source, pointer)
                raise

        return evaluate

    def _text(self, source: str, pointer: str) -> Evaluate | None:
        template = _parsed(source, pointer, template_of)
        if not template.expressions:
            text = "".join(part for part in template.parts if isinstance(part, str))
            return None if text == source else lambda _run: text
        parts = [part if isinstance(part, str) else self.node(part, source, pointer) for part in template.parts]
        only = parts[0]
        return only if len(parts) == 1 and not isinstance(only, str) else _joined(parts)

    def _object(self, value: dict[str, Json], pointer: str, depth: int) -> Evaluate | None:
        made = {
            key: self.document(inner, f"{pointer}/{escape_pointer(key)}", depth + 1) for key, inner in value.items()
        }
        dynamic = tuple((key, part) for key, part in made.items() if part is not None)
        if not dynamic:
            return None

        def evaluate(run: Run) -> Json:
            result = value.copy()
            for key, part in dynamic:
                result[key] = part(run)
            return result

        return evaluate

    def _list(self, value: list[Json], pointer: str, depth: int) -> Evaluate | None:
        made = [self.document(inner, f"{pointer}/{index}", depth + 1) for index, inner in enumerate(value)]
        dynamic = tuple((index, part) for index, part in enumerate(made) if part is not None)
        if not dynamic:
            return None

        def evaluate(run: Run) -> Json:
            result = value.copy()
            for index, part in dynamic:
                result[index] = part(run)
            return result

        return evaluate


def _joined(parts: list[str | Evaluate]) -> Evaluate:
    def evaluate(run: Run) -> str:
        size, texts = 0, []
        for part in parts:
            text = part if isinstance(part, str) else text_of(part(run))
            size += len(text)
            reserve(size)
            texts.append(text)
        made = "".join(texts)
        if size > 256:
            run.work(size)
        return made

    return evaluate
