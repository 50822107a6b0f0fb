"""What is found before anything runs, with its place and a suggestion."""

from __future__ import annotations

import json
from typing import Any

import pytest

from products.expressions import (
    Events,
    Shape,
    Surroundings,
    analyse,
    analyse_condition,
    compile_template,
    known,
    named,
    of_schema,
    surroundings,
)
from products.expressions.errors import ExpressionError
from products.expressions.kinds import BOOLEAN, LIST, NUMBER, OBJECT, TEXT

ITEMS = Shape(LIST, items=known({"sku": Shape(TEXT), "qty": Shape(NUMBER)}))
AROUND = surroundings(
    inputs={
        "amount": Shape(NUMBER),
        "email": Shape(TEXT),
        "note": Shape(TEXT).or_null(),
        "flag": Shape(BOOLEAN),
        "items": ITEMS,
        "user": known({"id": Shape(TEXT), "address": known({"city": Shape(TEXT)}).or_null()}),
        "any": Shape(),
    },
    events=Events(
        before={
            "charge": {"payment": Shape(OBJECT, {"id": Shape(TEXT)}, open=True), "audit": Shape()},
            "other": {"audit": Shape()},
        },
        others={("tell", "mail"): "runs later", ("charge", "self"): "is this event itself"},
    ),
    variables={"stripe-us": ["api_version"]},
    constants={"stripe": ["currency"]},
    secrets=["STRIPE_KEY"],
    more={"Auth": Shape()},
)


def messages(source: Any, around: Surroundings = AROUND, severity: str = "error") -> list[str]:
    return [found.message for found in analyse(source, around).findings if found.severity == severity]


@pytest.mark.parametrize(
    "source",
    [
        "$Input{amount} and $Input{user.id}",
        "$Input{items}{0}{sku}",
        "$Input{items.-1.qty}",
        "$Input{any}{x}{0}",
        "$Sequence{charge}{payment}{id}",
        "$Sequence{charge}{payment}{something}{else}",
        "$Sequence{charge.payment.id}",
        "$Step{payment}{id}",
        "$Variable{stripe-us}{api_version}$Constant{stripe}{currency}",
        "$Secret{STRIPE_KEY}",
        "$Auth{shop}{headers}{X}",
        "$Run{id} $Run{environment} $Run{product} $Run{feature} $Run{trigger} $Run{started_at}",
        "$Run{release} $Run{parent} $Add($Run{attempt}, 1) $Stringify($Run)",
        "$Default($Input{note}, '')",
        "$Default($Input{user}{address}{city}, '')",
        "$Add($Input{email}, 1)",
        "$Concat([$Input{note}], ',')",
        "$Filter($Input{items}, 'qty', '>', 1)",
        "$Uppercase($Default($Input{note}, 'x'))",
        "$Uppercase($Pick($Pluck($Input{items}, 'sku'), 0))",
        "$If($Input{flag}, $Divide(1, 0), 'x')",
        "$$Input is text",
    ],
)
def test_what_is_right_is_left_alone(source: str) -> None:
    assert analyse(source, AROUND).findings == ()


@pytest.mark.parametrize(
    ("source", "words", "position"),
    [
        ("$Inptu{amount}", "Did you mean $Input{field}…?", 0),
        ("$Input{amout}", "Did you mean “amount”?", 7),
        ("x $Input{user.nme}", "$Input{user} has no “nme”. There is: address, id.", 9),
        ("$Input{amount}{x}", "$Input{amount} is a number and has no keys.", 15),
        ("$Input{items}{sku}", "$Input{items} is a list", 14),
        ("$Input{items}{0}{skuu}", "Did you mean “sku”?", 17),
        ("$Sequence{tell}{mail}{id}", "$Sequence{tell} runs later.", 10),
        ("$Sequence{charge}{self}", "$Sequence{charge}{self} is this event itself.", 18),
        ("$Step{mail}{id}", "$Step{mail} runs later.", 6),
        ("$Step{audit}", "$Step{audit} is the tag of several events", 6),
        ("$Sequence{charge}", "Write $Sequence{sequence}{event}{key}….", 0),
        ("$Variable{stripe-us}{api}", "There is: api_version.", 21),
        ("$Constant{strip}{currency}", "Did you mean “stripe”?", 10),
        ("$Secret{STRIPE_KEI}", "Did you mean “STRIPE_KEY”?", 8),
        ("$Item{sku}", "$Item means nothing here. There is: ", 0),
        ("$Run{enviroment}", "Did you mean “environment”?", 5),
        ("$Default($Run{user}, '')", "$Run has no “user”. There is: attempt, environment, feature, id, parent, pr", 14),
        ("$Uppercase(5)", "argument 1 (text) must be a text, and a number is given.", 11),
        ("$Uppercase($Input{amount})", "must be a text, and a number is given.", 11),
        ("$Add(1, 'x')", "must be a number, and a text is given.", 8),
        ("$Add(1, $Input{items})", "must be a number, and a list is given.", 8),
        ("$Length($Add(1, 2))", "must be a text or a list, and a number is given.", 8),
        ("$Pick($Input{items}, 1.5)", "a whole number", 21),
        ("$If(true, 1)", "needs 3 arguments, and 2 were given", 0),
        ("$Add(1,,2)", "where a value is expected", 7),
        ("$DateAdd($Now, 1, 'day')$DateDiff(0, 1, 'dais')", "Did you mean 'days'?", 40),
        ("$Hash('sha265', 'x')", "Did you mean 'sha256'?", 6),
        ("$Matches('x', '(')", "pattern of RE2", 14),
        ("$Dateformat($Now, 'YYYY', 'Europe/Pariss')", "Did you mean 'Europe/Paris'?", 26),
        ("$Filter($Input{items}, 'qty', '~', 1)", "unknown comparison", 30),
        ("$Find($Input{items}, '=>', 1)", "unknown comparison", 21),
        ("$If($Input{items} > 3, 1, 2)", "A list cannot be compared with >", 4),
    ],
)
def test_what_is_wrong_is_found(source: str, words: str, position: int) -> None:
    report = analyse({"a": [source]}, AROUND, pointer="/input")
    (found,) = report.errors
    assert words in found.message
    record = found.as_record()
    assert (record["pointer"], record["position"]) == ("/input/a/0", position)
    assert json.loads(json.dumps(record)) == record
    assert record["caret"]


def test_everything_is_found_at_once() -> None:
    report = analyse({"a": "$Input{x} $Input{y}", "b": ["$Foo(1)", "$Upper('x')"], "c": "$Input{amount"}, AROUND)
    assert [found.pointer for found in report.errors] == ["/a", "/a", "/b/0", "/b/1", "/c"]


def test_what_may_be_null_is_a_warning() -> None:
    assert "may be null" in messages("$Uppercase($Input{note})", severity="warning")[0]
    assert "$Input{user}{address} may be null" in messages("$Input{user}{address}{city}", severity="warning")[0]
    assert messages("$Uppercase($Input{note})") == []


def test_a_bare_name_is_a_warning() -> None:
    assert messages("pay $Input now", severity="warning") == [
        "“$Input” is only text here. Write $Input{field}…, or $$Input for the text."
    ]


def test_conditions() -> None:
    assert analyse_condition("$Input{amount} > 3 && $Input{flag}", AROUND).findings == ()
    assert analyse_condition(True, AROUND).findings == ()
    (found,) = analyse_condition("$Input{amount} = 3", AROUND, pointer="/condition").errors
    assert (found.pointer, found.record["column"]) == ("/condition", 16)
    (found,) = analyse_condition("$Input{flag} > 3", AROUND).errors
    assert found.message.startswith("A boolean cannot be compared with >")


def test_what_a_place_has_besides_and_what_nobody_knows() -> None:
    around = surroundings(more={"Item": ITEMS.items or Shape(), "Index": Shape(NUMBER)})
    assert analyse("$Item{sku} $Index $Input{x} $Secret{x} $Sequence{a}{b}", around).findings == ()
    assert messages("$Item{skuu}", around) == ["$Item has no “skuu”. There is: qty, sku. Did you mean “sku”?"]
    reasons = Surroundings({"Response": named(["data"])}, {("Error",): "is only there in rollbacks and fallbacks"})
    assert messages("$Error{message}", reasons) == [
        "$Error is only there in rollbacks and fallbacks. There is: $Response."
    ]


def test_the_shape_of_a_document_is_known_where_it_can_be() -> None:
    shape = analyse(
        {"a": "$Input{amount}", "b": "x$Input{amount}", "c": ["$Input{flag}"], "d": "$If(true, 1, 'x')", "e": 1}, AROUND
    ).shape
    assert shape.fields is not None
    assert {key: inner.types for key, inner in shape.fields.items()} == {
        "a": NUMBER, "b": TEXT, "c": LIST, "d": NUMBER | TEXT, "e": NUMBER,
    }  # fmt: skip
    assert shape.fields["c"].items == Shape(BOOLEAN)


def test_a_schema_becomes_a_shape() -> None:
    schema = {
        "type": ["object", "null"],
        "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": False,
    }
    shape = of_schema(schema)
    assert shape.optional
    assert shape.fields == {
        "id": Shape(NUMBER, open=True),
        "tags": Shape(LIST, None, Shape(TEXT, open=True), open=True),
    }
    assert not shape.open
    around = surroundings(more={"Response": shape})
    assert "Did you mean “tags”" in messages("$Response{tag}", around)[0]
    for odd in ({}, {"type": "odd"}, {"type": 5}, None, [], {"anyOf": [{"type": "string"}]}, {"type": []}):
        assert of_schema(odd) == Shape()


@pytest.mark.parametrize("source", ["$Foo(1)", "$Add()", "$Input{a", "$Concat([1 2])"])
def test_analysis_and_compiling_say_the_same(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(source, pointer="/x")
    (found,) = analyse(source, AROUND, pointer="/x").findings
    assert found.record == caught.value.as_record()
