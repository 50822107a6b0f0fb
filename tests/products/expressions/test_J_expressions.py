"""J4: no expression becomes code. J5: data is never evaluated again. J10: no pattern is slow."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from products.expressions import ExpressionError, ValuesScope, compile_condition, compile_template
from tests.patience import ends
from tests.products.expressions.evaluating import holds, value_of

JSON_TYPES = (type(None), bool, int, float, str, list, dict)
PAYLOADS = [
    "{{constructor.constructor('return process')()}}",
    "{{''.__class__.__mro__}}",
    "{{x|attr('__class__')}}",
    "{0.__globals__}",
    "{0.__class__.__init__.__globals__[sys]}",
    "%(x)s %s %d {x!r:>{y}}",
    "{% import os %}{{ os.popen('id').read() }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{% endfor %}",
    "__import__('os').system('id')",
    "$__import__('os')",
    "$eval('1')",
    "$exec{x}",
    "$getattr($Input, '__class__')",
    "$Get($Input, '__class__.__mro__')",
    "$Get('', '__class__')",
    "$Get([], 'append')",
    "$Pluck([{}], '__class__')",
    "$Input{__class__}",
    "$Input{__class__.__mro__.1.__subclasses__}",
    "$Input{name}{__len__}",
    "$Input{name.__class__}",
    "$Input{constructor}{constructor}",
    "$Input{__proto__}",
    "$Sort([{a: 1}], '__class__')",
    "$Filter([{}], '__class__', '!=', null)",
    "$Merge({__proto__: {polluted: true}}, {constructor: 1})",
    "$Concat([...$Input{items}])",
    "$Stringify({...$Input})",
    "$Stringify({[$Input{name}]: 1})",
    "$If((() => 1)(), 1, 2)",
    "$If(class extends Object {}, 1, 2)",
    "$If(switch(1){case 1: 1}, 1, 2)",
    "$Add(1, 2).constructor",
    "$Add(1, 2)['constructor']",
    "$Add(1, 2)(3)",
    "$Add`1`",
    "$Number(9**9**9)",
    "$Number('9**9**9')",
    "$Concat('a'*1000000000)",
    "$Concat(['a'*10**9])",
    "range(1000000000)",
    "$range(1000000000)",
    "$Length(range(1000000000))",
    "$Matches('x', '(?{print 1})')",
    "$Dateformat('2024-01-01', '{0.__class__}')",
    "$Dateformat('2024-01-01', '%Y %c %n')",
    "$Dateformat('2024-01-01', '[${x}]')",
    "$Hash('sha256; import os', 'x')",
    "$ParseJson('{\"__class__\": 1}')",
    "$Secret{..}{..}",
    "$Input{../../etc/passwd}",
    "$Run{id.__class__}",
    "\\u0024Input{name}",
    "$\u200bInput{name}",
    "\uff04Input{name}",
    "$Input\x00{name}",
    "$Input{" + "a." * 5_000 + "}",
    "$Concat(" + "[" * 1_000 + "]" * 1_000 + ")",
    "$Add(" * 1_000 + "1" + ")" * 1_000,
    "(" * 1_000 + ")" * 1_000,
    "!" * 10_000 + "true",
    "$Concat(['" + "x" * 10_000 + "'])",
    "$Concat(['" + "\\\\" * 5_000,
    "$Input{" * 2_000,
    "$" * 10_001 + "Add(",
    "1" * 10_000,
    "-" * 10_000,
    "'" * 9_999,
    "true" + " && true" * 1_200,
    "$Add(1" + ", 1" * 3_000 + ")",
]
CONTEXT: dict[str, Any] = {
    "Input": {"name": "Ada", "items": [1, 2]},
    "Run": {"id": "run-1"},
    "Secret": {"KEY": "sk_live_1"},
}


def only_json(value: Any) -> bool:
    """Whether there is nothing but data in it, checked without recursion."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if type(found) not in JSON_TYPES:
            return False
        if type(found) is dict:
            waiting += [*found, *found.values()]
        if type(found) is list:
            waiting += found
    return True


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload[:40])
@pytest.mark.parametrize("way", [compile_template, compile_condition], ids=["template", "condition"])
def test_J4_an_expression_is_data_or_an_error_and_ends(payload: str, way: Any) -> None:
    loaded = set(sys.modules)
    try:
        with ends():
            value = way(payload).evaluate(ValuesScope(CONTEXT))
    except ExpressionError as error:
        value = error.as_record()
    assert only_json(value)
    assert json.loads(json.dumps(value)) == value
    for leak in ("<class", "<built-in", "<function", "object at 0x", "root:", "uid=", "sk_live"):
        assert leak not in json.dumps(value)
    assert not {"os.popen", "subprocess"} & (set(sys.modules) - loaded)


@pytest.mark.parametrize(
    "payload",
    [
        "{{constructor.constructor('return 1')()}}",
        "{{''.__class__.__mro__}}",
        "{0.__globals__}",
        "{% import os %}",
        "__import__('os')",
        "$5.00",
        "$(id)",
        "${KEY}",
    ],
)
def test_J4_other_languages_are_plain_text(payload: str) -> None:
    assert value_of(payload) == payload


HOSTILE = [
    "$Secret{KEY}",
    "$Input{name}",
    "{{secret.x}}",
    "$$",
    "$$Secret{KEY}",
    "$Concat(['a'])",
    "'); $Secret{KEY}",
    "x' || true || '",
    "$Uuid() $Now $Item",
    "\\u0024Secret{KEY}",
    "{0}",
    "}",
]


@pytest.mark.parametrize("data", HOSTILE)
def test_J5_data_is_never_evaluated_again(data: str) -> None:
    roots: dict[str, Any] = {**CONTEXT, "Input": {"x": data, data: 1}, "Event": {"body": [data]}, "Item": data}
    same = [
        "$Input{x}", "$Event{body}{0}", "$Item", "$Concat([$Input{x}])", "$Default(null, $Input{x})", "$String($Item)",
        "$If(true, $Input{x}, 1)", "$Pick($Keys($Input), 1)", "$ParseJson($Stringify($Input{x}))", "$Get($Input, 'x')",
        "$Replace('#', '#', $Input{x})", "$Find([$Input{x}], '==', $Input{x})",
        "$Base64Decode($Base64($Input{x}))", "$Pick($Values({a: $Input{x}}), 0)",
    ]  # fmt: skip
    for source in same:
        assert value_of(source, **roots) == data, source
    assert value_of("<$Input{x}>", **roots) == f"<{data}>"
    assert value_of({"$Input{x}": "$Input{x}"}, **roots) == {"$Input{x}": data}
    # What came out goes in again as the next step's data, never as its definition.
    once = value_of({"a": "$Input{x}"}, **roots)
    assert value_of("$Input{a}", Input=once, Secret=CONTEXT["Secret"]) == data
    assert holds("$Input{x} == $Event{body}{0}", **roots) is True


def test_J5_a_secret_that_looks_like_an_expression_stays_one() -> None:
    seen: list[tuple[str, Any]] = []
    scope = ValuesScope({"Secret": {"A": "$Secret{B}", "B": "never"}}, on_secret=lambda *told: seen.append(told))
    assert compile_template("Bearer $Secret{A}").evaluate(scope) == "Bearer $Secret{B}"
    assert seen == [("$Secret{A}", "$Secret{B}")]


PATTERNS = [
    "(a+)+$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(x+x+)+y",
    "(.*)*b",
    "(a|a)*b",
    "(a|aa)+$",
    "([a-zA-Z]+)*b",
    "^(a?){30}a{30}b$",
    "((a{0,30}){0,30})b",
    "(.{0,300}a.{0,300}){2}c",
    "(a|b)*a(a|b){200}c",
    "\\pL{0,200}z",
    "((((a*)*)*)*)*b",
    "(?i)(ä|ö|ü|ß)+$",
    "a{1000}",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("length", [30, 1_000, 50_000, 3_000_000])
def test_J10_no_pattern_is_slow(pattern: str, length: int) -> None:
    try:
        with ends():
            value = value_of("$Matches($Input{t}, $Input{p})", Input={"t": "a" * length + "!", "p": pattern})
    except ExpressionError as error:
        assert error.code in {"expression_limit", "expression_value"}  # noqa: PT017
    else:
        assert type(value) is bool


@pytest.mark.parametrize("pattern", ["(", "[", "a{1001}", "(?=a)", "\\1", "((a{100}){100}){100}", "x" * 1001, "*"])
def test_J10_bad_patterns_are_errors(pattern: str) -> None:
    with pytest.raises(ExpressionError, match=r"RE2|longer than"):
        value_of("$Matches('x', $Input{p})", Input={"p": pattern})


def test_J10_a_pattern_that_could_be_slow_for_the_text_is_refused_before_it_is_tried() -> None:
    source = "$Matches($Input{t}, '((a{0,30}){0,30})b')"
    assert value_of(source, Input={"t": "a" * 1_000}) is False
    with pytest.raises(ExpressionError, match="too costly for a text of this length"):
        value_of(source, Input={"t": "a" * 5_000})
    assert value_of("$Matches($Input{t}, 'b$')", Input={"t": "a" * 200_000 + "b"}) is True
