"""How text becomes expressions, and what is said when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from products.expressions import ExpressionError, compile_condition, compile_template
from products.expressions.errors import Absent, SyntaxFault, UnknownName, WrongType
from products.expressions.parser import parse_condition, parse_template
from products.expressions.printing import printed, printed_template
from tests.products.expressions.evaluating import holds, value_of

INPUT = {"n": 5, "s": "text", "o": {"a": {"b": 1}, "a.b": 2, "": 3, "k": None}, "l": [1, {"x": 2}], "__class__": 7}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("$$", "$"),
        ("$$$$", "$$"),
        ("$$$Input{n}", "$5"),
        ("a$Input{n}$Input{n}b", "a55b"),
        (" $Input{n} ", " 5 "),
        ("$Input {n}", "$Input {n}"),
        ("${n} $(n) $5 $é{x}", "${n} $(n) $5 $é{x}"),
        ("$Input", "$Input"),
        ("$Secret", "$Secret"),
        ("cost: $Input.n", "cost: $Input.n"),
        ("$Input{n}.", "5."),
        ("$Input{o}", INPUT["o"]),
        ("v: $Input{l}", 'v: [1,{"x":2}]'),
        ("$Input{o.a.b}", 1),
        ("$Input{o}{a.b}", 2),
        ("$Input{l.1.x}$Input{l}{-1}{x}", "22"),
        ("$Input{__class__}", 7),
        ("$Keys($Input)", list(INPUT)),
        ("$Add( 1 ,\n\t2 )", 3),
        ("$Concat(['a\nb', \"\\u00e9\\ud83d\\ude80\\t\"])", "a\nbé🚀\t"),
        ("$Stringify({a: 1, a: 2, 'b c': [], true: {}})", '{"a":2,"b c":[],"true":{}}'),
        ("$Length{$Concat(['a'])}{x}", "1{x}"),
    ],
)
def test_templates(source: str, expected: Any) -> None:
    assert value_of(source, Input=INPUT) == expected


def test_item_index_and_now_may_stand_alone() -> None:
    assert value_of("$Item", Item={"a": 1}) == {"a": 1}
    assert value_of("$Item{a}", Item={"a": 1}) == 1
    assert value_of("row $Index: $Item.", Item=2, Index=0) == "row 0: 2."
    assert value_of("$Items and $Indexed", Item=2, Index=0) == "$Items and $Indexed"


def test_objects_and_lists_are_walked_and_keys_stay() -> None:
    document = {"$Input{n}": ["$Input{n}", {"$$": "$$"}, 1, None, True], "order": "x"}
    made = value_of(document, Input=INPUT)
    assert made == {"$Input{n}": [5, {"$$": "$"}, 1, None, True], "order": "x"}
    assert list(made) == list(document)
    assert document["$Input{n}"][0] == "$Input{n}"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 < 2 == true", True),
        ("!$Input{n} == false", True),
        ("!(true && false) || false", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("'10' < '9'", False),
        ("'b' > 'a'", True),
        ("'a' < 'B'", False),
        ("5 >= '5'", True),
        ("true == 1", False),
        ("1 === 1.0", True),
        ("'1.0' == '1'", False),
        ("null == 0", False),
        ("null === null", True),
        ("[1] == ['1']", False),
        ("{a: 1} === {a: 1.0}", True),
        ("[true] == [1]", False),
        ("'' || null || 0.0 || [] || {}", False),
        ("!!'x'", True),
        ("$Input{s} != 'other' && $Input{n} !== '5'", True),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    assert holds(condition, Input=INPUT) is expected


def test_a_condition_may_be_a_boolean_already() -> None:
    assert compile_condition(True).is_constant


@pytest.mark.parametrize(
    ("source", "kind", "words", "column"),
    [
        ("$Input{n", SyntaxFault, "never closed", 7),
        ("$Input{}", SyntaxFault, "between the braces", 7),
        ("$Input{a{b}}", SyntaxFault, r"Braces cannot .*\$Get", 9),
        ("$Add(1, 2", SyntaxFault, "“\\(” is never closed", 5),
        ("$Add(1 2)", SyntaxFault, "a comma or “\\)”", 8),
        ("$Add(1, [2}", SyntaxFault, "a comma or “]”", 11),
        ("$Add(1,)", SyntaxFault, "where a value is expected", 8),
        ("$Add('a)", SyntaxFault, "never closed with '", 6),
        ("$Add(007, 1)", SyntaxFault, "“007” is not a number", 6),
        ("$Concat(['\\x'])", SyntaxFault, r"not an escape\. Write \\\\x", 11),
        ("$Concat(['\\ud83d'])", SyntaxFault, "half a character", 10),
        ("$Concat(['\\u0000'])", SyntaxFault, "NUL", 10),
        ("$Stringify({1: 2})", SyntaxFault, "a key is expected", 13),
        ("$Stringify({a 2})", SyntaxFault, "colon", 15),
        ("$Uppercase{x}", SyntaxFault, r"brackets, not braces\. Write \$Uppercase\(text\)", 1),
        ("$Input(n)", SyntaxFault, "takes braces", 1),
        ("$Keys($Secret)", SyntaxFault, "alone is nothing", 7),
        ("$Inptu{n}", UnknownName, r"Did you mean \$Input\{field\}", 1),
        ("$uppercase('a')", UnknownName, r"Did you mean \$Uppercase\(text\)", 1),
        ("$Zzzzz(1)", UnknownName, r"Write \$\$Zzzzz", 1),
        ("$Add(True, 1)", UnknownName, "Write true", 6),
        ("a\n $Add(x, 1)", UnknownName, "text stands in quotes", 7),
        ("$Input{nn}", Absent, "Did you mean “n”", 8),
        ("$Input{n.x}", Absent, "in a number", 8),
        ("$Input{l}{$Index}", Absent, "not an index", 11),
        ("$Error{message}", Absent, r"\$Error means nothing here\. There is: Input", 1),
    ],
)
def test_errors_say_what_and_where(source: str, kind: type[ExpressionError], words: str, column: int) -> None:
    with pytest.raises(kind, match=words) as caught:
        value_of({"a": [source]}, Input=INPUT)
    error = caught.value
    assert (error.column, error.pointer, error.source) == (column, "/a/0", source)
    assert error.caret().split("\n")[1].index("^") == column - 1


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("", "The end comes"),
        ("true &&", "The end comes"),
        ("1 < 2 < 3", "cannot be chained"),
        ("1 == 1 == 1", "cannot be chained"),
        ("$Input{n} = 5", "Write =="),
        ("$Input{n} and 1", "Write &&"),
        ("1 + 1", r"\$Add"),
        ("9**9**9", r"\$Multiply"),
        ("$Input{n} 5", "not expected"),
        ("(true", "never closed"),
        ("“x” == 1", "typographic"),
        ("a ? b : c", "a"),
    ],
)
def test_bad_conditions(condition: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        compile_condition(condition)


@pytest.mark.parametrize("condition", ["null < 1", "true > false", "[1] < [2]", "'a' < 1", "{} >= {}"])
def test_only_numbers_and_texts_have_an_order(condition: str) -> None:
    with pytest.raises(WrongType, match="cannot be compared"):
        holds(condition)


def test_and_and_or_stop_early_and_only_one_branch_is_evaluated() -> None:
    assert holds("false && $Divide(1, 0) > 0") is False
    assert holds("'x' || $Divide(1, 0) > 0") is True
    assert value_of("$If(true, 1, $Divide(1, 0))") == 1


def test_a_long_line_is_shortened_around_the_carets() -> None:
    with pytest.raises(SyntaxFault) as caught:
        compile_template("x" * 1000 + "$Add(1,,2)" + "y" * 1000)
    line, carets = caught.value.caret().split("\n")
    assert len(line) <= 120
    assert line[carets.index("^")] == ","
    assert caught.value.start == 1007


@pytest.mark.parametrize(
    "source",
    [
        "a || b && !c", "(a || b) && c", "!(a == b)", "1 < 2 == 3 < 4", "!(a && b) || c", "(1 == 2) != (3 === 4)",
    ],
)  # fmt: skip
def test_what_is_printed_reads_the_same(source: str) -> None:
    for letter in "abc":
        source = source.replace(letter, f"$Input{{{letter}}}")
    node = parse_condition(source)
    assert parse_condition(printed(node)) == node
    assert printed(node) == source


def test_a_printed_template_reads_the_same() -> None:
    source = "$$5 for $Concat(['a\\'b\\\\\"', -1.5e10, {k: null, \"x y\": [true]}], $Input{o.a}{-1})!"
    template = parse_template(source)
    assert parse_template(printed_template(template)) == template
