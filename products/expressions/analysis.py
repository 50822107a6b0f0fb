"""Looks at expressions when a definition is saved: what can be known to be wrong without a run, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from products.expressions.compiled import Use, condition_of, template_of
from products.expressions.errors import ExpressionError, SyntaxFault
from products.expressions.inference import Inference, Problem
from products.expressions.kinds import BOOLEAN, LIST, NULL, NUMBER, OBJECT, TEXT
from products.expressions.limits import MAX_DEPTH
from products.expressions.nodes import Node, Reference, Template, walk
from products.expressions.references import REFERENCES
from products.expressions.shapes import Shape, either
from products.expressions.surroundings import Surroundings
from products.lib.jsontypes import Json, escape_pointer

Severity = Literal["error", "warning"]
MAX_FINDINGS: Final = 200
_BARE = re.compile(r"(?<!\$)\$(?P<name>[A-Za-z]+)(?![A-Za-z0-9_({])")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (`error`) or may go wrong (`warning`); places as in ExpressionError.as_record."""

    severity: Severity
    record: dict[str, Any]

    @property
    def pointer(self) -> str:
        """Where its text stands in the document."""
        return str(self.record["pointer"])

    @property
    def message(self) -> str:
        """What is wrong, with the suggestion."""
        return f"{self.record['message']} {self.record['suggestion']}".rstrip()

    def as_record(self) -> dict[str, Any]:
        """JSON for machines and pages."""
        return {"severity": self.severity, **self.record}


@dataclass(frozen=True, slots=True)
class Report:
    """What analysis found: findings in the order of the document, all references, and what the value will be."""

    findings: tuple[Finding, ...] = ()
    uses: tuple[Use, ...] = ()
    shape: Shape = field(default_factory=Shape)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that must be put right before the definition can be saved."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def analyse(value: Json, around: Surroundings, *, pointer: str = "") -> Report:
    """A JSON document whose texts may hold expressions; `pointer` is where it stands itself. Raises nothing."""
    analyst = _Analyst(around)
    shape = analyst.document(value, pointer, 0)
    return analyst.report(shape)


def analyse_condition(condition: str | bool, around: Surroundings, *, pointer: str = "") -> Report:
    """A condition. Raises nothing."""
    analyst = _Analyst(around)
    if isinstance(condition, str):
        node = analyst.parsed(condition, pointer, condition_of)
        if node is not None:
            analyst.node(node, condition, pointer)
    return analyst.report(Shape(BOOLEAN))


class _Analyst:
    """Walks a document and gathers."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._findings: list[Finding] = []
        self._uses: list[Use] = []

    def report(self, shape: Shape) -> Report:
        return Report(tuple(self._findings[:MAX_FINDINGS]), tuple(self._uses), shape)

    def document(self, value: Json, pointer: str, depth: int) -> Shape:
        """Every text in it."""
        if depth > MAX_DEPTH:
            return Shape()
        if isinstance(value, str):
            return self._text(value, pointer)
        if isinstance(value, dict):
            places = ((key, f"{pointer}/{escape_pointer(key)}", inner) for key, inner in value.items())
            return Shape(OBJECT, {key: self.document(inner, place, depth + 1) for key, place, inner in places})
        if isinstance(value, list):
            shapes = [self.document(inner, f"{pointer}/{index}", depth + 1) for index, inner in enumerate(value)]
            return Shape(LIST, items=either(shapes))
        return Shape(NULL if value is None else BOOLEAN if isinstance(value, bool) else NUMBER)

    def parsed(self, source: str, pointer: str, parse: Callable[[str], Any]) -> Any:
        """What is parsed, None after noting why it cannot be."""
        try:
            return parse(source)
        except ExpressionError as error:
            error.source = None
            self._note("error", error, source, pointer)
            return None

    def node(self, node: Node, source: str, pointer: str) -> Shape:
        """One expression."""
        self._uses += [Use(e.root, e.segments, pointer, e.start) for e in walk(node) if isinstance(e, Reference)]
        inference = Inference(self._around)
        shape = inference.of(node)
        for problem in inference.problems:
            self._note(problem.severity, problem.error, source, pointer)
        return shape

    def _text(self, source: str, pointer: str) -> Shape:
        template: Template | None = self.parsed(source, pointer, template_of)
        if template is None:
            return Shape()
        shapes = [self.node(part, source, pointer) for part in template.expressions]
        for problem in _bare_names(source, template):
            self._note(problem.severity, problem.error, source, pointer)
        return shapes[0] if len(template.parts) == 1 and shapes else Shape(TEXT)

    def _note(self, severity: Severity, error: ExpressionError, source: str, pointer: str) -> None:
        error.within(source, pointer)
        self._findings.append(Finding(severity, error.as_record()))


def _bare_names(source: str, template: Template) -> Iterator[Problem]:
    """`$Input` in a text looks like a reference and is none."""
    inside = [(node.start, node.end) for node in template.expressions]
    for found in _BARE.finditer(source):
        kind = REFERENCES.get(found["name"])
        if kind is None or any(start <= found.start() < end for start, end in inside):
            continue
        hint = f"Write {kind.form}, or $${kind.name} for the text."
        words = f"“${kind.name}” is only text here."
        yield Problem("warning", SyntaxFault(words, start=found.start(), end=found.end(), suggestion=hint))
