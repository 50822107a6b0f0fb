"""What every text and definition must be, however odd: refused in words or understood, in time, and JSON either way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from processors.engine.compiling import compile_feature
from products.expressions import (
    Compiled,
    ExpressionError,
    Report,
    ValuesScope,
    analyse,
    analyse_condition,
    compile_condition,
    compile_template,
    surroundings,
)
from products.expressions.limits import MAX_RESULT
from products.expressions.parser import parse_condition
from products.expressions.printing import printed
from products.expressions.values import same, size_of
from products.features import RUNNABLE, Connected, World, check_feature, read_feature
from products.features.layout import draw
from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json, JsonError, check_json, clean_text

SLOWEST_S = 10.0  # of processor time: what may take a second takes several where every line is counted
VALUES: dict[str, Json] = {
    "Input": {
        "a": 1,
        "b": ["x", None, {"c": 2.5}],
        "a.b": "2024-02-29T12:00:00Z",
        "t": "text",
        "n": -0.5,
        "o": {},
        "big": "ab, c" * 20_000,
        "many": [{"k": number % 7, "t": f"t{number}"} for number in range(3_000)],
    },
    "Item": "{}",
    "Index": 3,
    "Run": {"id": "run-1"},
    "Sequence": {"main": {"e": {"id": "ch_1", "list": [3, 1, 2]}}},
    "Secret": {"K": "sk_live_1"},
}
AROUND = surroundings(inputs={}, secrets=["K"])
SHOP = World({"shop": Connected(frozenset({"pay", "ship"}))}, frozenset({"K"}), {"bill": ()})
AT = "/at"
_NOW = 1_700_000_000_000


def examine_template(source: Json) -> None:
    """A text with expressions, or a document of such. Raises AssertionError, or whatever else is wrong with us."""
    with _in_time():
        _report(analyse(source, AROUND))
        try:
            compiled = compile_template(source, pointer=AT)
        except ExpressionError as error:
            _refusal(error)
        else:
            _value(compiled)


def examine_condition(source: str) -> None:
    """A condition. Raises as `examine_template`."""
    with _in_time():
        _report(analyse_condition(source, AROUND))
        try:
            compiled, node = compile_condition(source, pointer=AT), parse_condition(source)
        except ExpressionError as error:
            _refusal(error)
        else:
            assert type(_value(compiled)) in {bool, dict}, source
            if clean_text(source) == source:  # no definition holds NUL or half a character
                again = parse_condition(printed(node))
                assert parse_condition(printed(again)) == again


def examine_feature(document: Json) -> bool:
    """A definition as it passed the door; whether it can be run. Raises as `examine_template`."""
    try:
        check_json(document)
    except JsonError:
        return False
    if not isinstance(document, dict):
        return False
    before = json.dumps(document)
    with _in_time():
        feature, problems = read_feature(document, available=RUNNABLE)
        assert read_feature(document, available=RUNNABLE) == (feature, problems)
        _problems(problems)
        draw(feature)  # what is wrong is shown too
        found = check_feature(feature, SHOP)
        _problems((*found.errors, *found.warnings))
        is_right = not problems and not found.errors
        if is_right:
            compile_feature(feature, lambda _call: {})
    assert json.dumps(document) == before
    return is_right


def _value(compiled: Compiled) -> Json:
    """The value, or the record of the error."""
    first, second = (_evaluated(compiled) for _ in range(2))
    assert same(first, second), "another value the second time"
    return first


def _evaluated(compiled: Compiled) -> Json:
    try:
        value = compiled.evaluate(ValuesScope(VALUES, now=_NOW, seed="1"))
    except ExpressionError as error:
        return _refusal(error)
    _only_json(value)
    assert size_of(value) <= MAX_RESULT or compiled.is_constant
    return value


def _refusal(error: ExpressionError) -> Json:
    record = error.as_record()
    assert 0 < len(record["message"]) < 2_000
    assert record["code"].startswith("expression_")
    assert record["pointer"].startswith(AT) or error.source is None, "it stands nowhere"
    assert record["pointer"] or record["caret"], "it stands nowhere"
    assert "object at 0x" not in record["message"]
    _only_json(record)
    return record


def _report(report: Report) -> None:
    for finding in report.findings:
        _only_json(finding.as_record())
        assert finding.message


def _problems(problems: tuple[FieldProblem, ...]) -> None:
    for one in problems:
        assert one.code
        assert 0 < len(one.detail) < 2_000
        assert not one.pointer or one.pointer.startswith("/")
        _only_json([one.pointer, one.code, one.detail, one.caret])


def _only_json(value: Json) -> None:
    """Nothing but data, as it comes back from its text."""
    assert same(json.loads(json.dumps(value, allow_nan=False)), value)


@contextmanager
def _in_time() -> Iterator[None]:
    began = time.process_time()
    yield
    taken = time.process_time() - began
    assert taken < SLOWEST_S, f"it took {taken:.1f} s"
