"""What operators do at their edges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from products.expressions import ExpressionError
from products.expressions.errors import BadValue, OverLimit, WrongCount, WrongType
from products.expressions.values import same
from tests.products.expressions.evaluating import NOW, value_of

INPUT = {
    "z": None,
    "half": 1.0,
    "rows": [{"n": "b", "v": 2}, {"n": "a", "v": None}, {"v": 1}],
    "deep": {"a": {"b": [10, {"c": 1}]}, "x.y": {"z": 1}},
}

VALUES: list[tuple[str, Any]] = [
    # numbers
    ("$Add(' 12 ', 1)", 13),
    ("$Add('1e2', 1)", 101.0),
    ("$Subtract(5)", 5),
    ("$Divide(10, 5)", 2),
    ("$Divide('10', '4')", 2.5),
    ("$Divide(-7, 2)", -3.5),
    ("$Divide(100000000000000000000000, 10)", 10**22),
    ("$Modulo(-7, 3)", -1),
    ("$Modulo(7, -3)", 1),
    ("$Modulo(7.5, 2)", 1.5),
    ("$Round(0.5)", 1),
    ("$Round(-0.5)", -1),
    ("$Round(2.675, 2)", 2.68),
    ("$Round(-1.005, 2)", -1.01),
    ("$Round(25, -1)", 30),
    ("$Round(5, 2)", 5),
    ("$Round('2.5')", 3),
    ("$Floor(-2.1)", -3),
    ("$Ceil(-2.9)", -2),
    ("$Abs('-3.5')", 3.5),
    ("$Multiply(-1, 0.0)", 0.0),
    ("$Multiply(99999999999999999999, 99999999999999999999)", 99999999999999999999**2),
    ("$Min(['3', 2.5])", 2.5),
    ("$Max('3', 2)", 3),
    ("$Sum([])", 0),
    ("$Average([2, 4])", 3),
    # text
    ("$Concat([])", ""),
    ("$Concat([null, [1, 'a'], {k: null}, 2.5, false], '|')", '|[1,"a"]|{"k":null}|2.5|false'),
    ("$Join([[1], [2]], ',')", "[1],[2]"),
    ("$Substring('abc', 3)", ""),
    ("$Substring('abc', 2, 1)", ""),
    ("$Substring('abc', 0, 99)", "abc"),
    ("$Substring('🚀ab', 1, 2)", "a"),
    ("$Capitalize('')", ""),
    ("$Uppercase('straße')", "STRASSE"),
    ("$Split('', ',')", [""]),
    ("$Split('', '')", []),
    ("$Split('Zoë 🚀', '')", ["Z", "o", "ë", " ", "🚀"]),
    ("$Split('a--b', '--')", ["a", "b"]),
    ("$Replace('a$1a', 'a', '$1')", "$1$1$1"),
    ("$Length('Zoë 🚀')", 5),
    ("$Reverse('a🚀')", "🚀a"),
    # lists
    ("$Pick([1, 2, 3], -3)", 1),
    ("$Pick('abc', '1')", "b"),
    ("$Pick('abc', 1.0)", "b"),
    ("$Slice([1, 2, 3], 1)", [2, 3]),
    ("$Slice([1, 2, 3], -2, 99)", [2, 3]),
    ("$Slice([1, 2, 3], 5, 9)", []),
    ("$Unique([1, 1.0, true, '1', null, null, {a: 1}, {a: 1.0}])", [1, True, "1", None, {"a": 1}]),
    ("$Flatten([1, [2, [3]]])", [1, 2, [3]]),
    ("$Join([])", []),
    ("$Sort(['10', '9', 'a'])", ["10", "9", "a"]),
    ("$Sort([true, null, false])", [False, True, None]),
    ("$Pluck($Sort($Input{rows}, 'v'), 'v')", [1, 2, None]),
    ("$Pluck($Sort($Input{rows}, 'v', 'desc'), 'v')", [2, 1, None]),
    ("$Pluck($Sort([{k: 1, n: 'x'}, {k: 0}, {k: 1, n: 'y'}], 'k', 'desc'), 'n')", ["x", "y", None]),
    ("$Filter([1, null, '3', 2], '>', 1)", ["3", 2]),
    ("$Filter($Input{rows}, 'n', '==', null)", [{"v": 1}]),
    ("$Filter(['abc', 'xyz', null], 'contains', 'b')", ["abc"]),
    ("$Filter([[1], [2]], 'contains', 2)", [[2]]),
    ("$Filter([1, '1'], 'in', ['1'])", ["1"]),
    ("$Filter([1, '1'], '!==', 1)", ["1"]),
    ("$Find($Input{rows}, 'v', '>', 99)", None),
    ("$Pluck([1, {a: {b: 2}}], 'a.b')", [None, 2]),
    ("$Contains([[1]], [1.0])", True),
    ("$Contains([true], 1)", False),
    # objects
    ("$Size{$Input{deep}}", 2),
    ("$Get($Input{deep}, 'a.b.-1.c')", 1),
    ("$Get($Input{deep}, 'x.y')", {"z": 1}),
    ("$Get({a: null}, 'a', 5)", None),
    ("$Get(null, 'a', 5)", 5),
    ("$Get([1, 2], 1)", 2),
    ("$Keys($Merge({b: 1}, {a: 2}, {b: 3}))", ["b", "a"]),
    # choosing
    ("$Default($Input{z}{x}, 'd')", "d"),
    ("$Default($Uppercase($Input{missing}), 'd')", "d"),
    ("$Default($Step{never}{x}, 'd')", "d"),
    ("$Default(null, null)", None),
    ("$Default('', 'd')", ""),
    ("$If('0', 1, 2)", 1),
    ("$If(!$Input{z} && (1 > 2 || true), 1, 2)", 1),
    # conversions
    ("$Number('-7')", -7),
    ("$Number(false)", 0),
    ("$String(null)", ""),
    ("$String(1.0)", "1.0"),
    ("x$Input{half}", "x1.0"),
    ("$Boolean('false')", True),
    ("$Boolean(0.0)", False),
    ("$Stringify('é\\n')", '"é\\n"'),
    ("$ParseJson('[1, {\"a\": null}]')", [1, {"a": None}]),
    # dates
    ("$Now", NOW),
    ("$Dateformat($Now(), 'YYYY-MM-DD HH:mm:ss.SSS Z')", "2023-11-14 22:13:20.000 +00:00"),
    ("$Dateformat('2024-02-09T23:30:00+02:00', 'ddd dddd MMM MMMM D h:m:s a')", "Fri Friday Feb February 9 9:30:0 pm"),
    ("$Dateformat('2024-02-09T00:05', 'hh:mm A')", "12:05 AM"),
    ("$Dateformat('2024-W06-5', 'YYYY-MM-DD')", "2024-02-09"),
    ("$Dateformat('2020-W53-7', 'YYYY-MM-DD')", "2021-01-03"),
    ("$Dateformat('2024-060', 'YYYY-MM-DD')", "2024-02-29"),
    ("$Dateformat('20240209T153005,5Z', 'HH:mm:ss.SSS')", "15:30:05.500"),
    ("$Dateformat('2024-02-09T24:00:00', 'DD HH')", "10 00"),
    ("$Dateformat('2016-12-31T23:59:60Z', 'YYYY')", "2017"),
    ("$Dateformat(-1, 'YYYY SSS')", "1969 999"),
    ("$Dateformat('1700000000000', 'YY')", "23"),
    ("$Dateformat('2024-07-01', 'HH:mm Z', 'America/St_Johns')", "21:30 -02:30"),
    ("$Dateformat('2024-03-31T01:00:00Z', 'HH:mm', 'Europe/Amsterdam')", "03:00"),
    ("$Dateformat('2024-01-01', 'H', '+05:30')", "5"),
    ("$Dateformat('0099-01-01', 'YYYY YY')", "0099 99"),
    ("$DateAdd('2024-03-31', -1, 'month')", "2024-02-29T00:00:00Z"),
    ("$DateAdd('2024-02-29', 1, 'year')", "2025-02-28T00:00:00Z"),
    ("$DateAdd('2024-02-09T00:00:00.500Z', '1.25', 'seconds')", "2024-02-09T00:00:01.750Z"),
    ("$DateAdd('2024-02-09T12:00:00+02:00', 0, 'days')", "2024-02-09T10:00:00Z"),
    ("$DateDiff('2024-02-12', '2024-02-09T12:00:00Z', 'days')", -2),
    ("$DateDiff('2024-01-31', '2024-02-29', 'months')", 1),
    ("$DateDiff('2024-01-31', '2024-02-28', 'months')", 0),
    ("$DateDiff('2024-02-29', '2024-01-31', 'month')", -1),
    ("$DateDiff('2020-02-29', '2024-02-28', 'years')", 3),
    ("$DateDiff(0, 1999, 'second')", 1),
    # codes
    ("$Base64('Zoë')", "Wm/Dqw=="),
    ("$Base64Decode('Wm_Dqw')", "Zoë"),
    ('$UrlEncode("a b+c~!*\'()")', "a%20b%2Bc~!*'()"),
    ("$Hash('md5', '')", "d41d8cd98f00b204e9800998ecf8427e"),
    ("$Matches('abc', 'B')", False),
    ("$Matches('abc', '(?i)B')", True),
]

ERRORS: list[tuple[str, type[ExpressionError], str]] = [
    ("$Add(1, true)", WrongType, r"\$Add: argument 2 \(n\) must be a number, and a boolean was given"),
    ("$Add(null, 1)", WrongType, "null was given"),
    ("$Add('', 1)", WrongType, "spells no such number"),
    ("$Number('0x10')", BadValue, "not a number"),
    ("$Number('١٢')", BadValue, "not a number"),
    ("$Number('Infinity')", BadValue, "not a number"),
    ("$Number(null)", WrongType, "null was given"),
    ("$Multiply(1e308, 10)", OverLimit, "too large"),
    ("$Modulo(1, 0)", BadValue, "division by zero"),
    ("$Divide(1, 0.0)", BadValue, "division by zero"),
    ("$Round(1, 1e9)", BadValue, "digits"),
    ("$Min([])", BadValue, "empty"),
    ("$Average([])", BadValue, "empty"),
    ("$Min(1, [2])", WrongType, "stands alone"),
    ("$Sum([1, null])", WrongType, "element 1"),
    ("$Concat([1], 2)", WrongType, r"argument 2 \(delimiter\) must be a text"),
    ("$Join(['a'])", WrongType, "element 0 must be a list"),
    ("$Substring('abc', 4)", BadValue, "out of bounds"),
    ("$Substring('abc', -1)", BadValue, "out of bounds"),
    ("$Substring('abc', 0, -1)", BadValue, "out of bounds"),
    ("$Pick('abc', 3)", BadValue, "out of bounds"),
    ("$Pick('abc', -4)", BadValue, "out of bounds"),
    ("$Pick('abc', 1.5)", WrongType, "a whole number"),
    ("$Slice('abc', 1)", WrongType, "must be a list, and a text was given"),
    ("$Sort([[1], [2]])", WrongType, "has no order"),
    ("$Sort([1, 'a'], 'k')", WrongType, "element 0 has no keys"),
    ("$Sort([{k: 1}], 'k', 'down')", BadValue, "direction"),
    ("$Filter([1, 'a'], '>', 1)", WrongType, "element 1: a text and a number cannot be compared with >"),
    ("$Filter([1], '>')", WrongCount, r"3 to 4 arguments, and 2 were given"),
    ("$Filter([1], 'k', '>')", BadValue, "unknown comparison"),
    ("$Filter([1], 5, 1)", WrongType, "operator must be a text"),
    ("$Merge({a: 1}, null)", WrongType, "an object"),
    ("$Contains('abc', 1)", WrongType, "value must be a text"),
    ("$Length(5)", WrongType, "a text or a list"),
    ("$Size([1])", WrongType, "an object"),
    ("$ParseJson('NaN')", BadValue, "invalid JSON"),
    ("$ParseJson('[1e400]')", BadValue, "invalid JSON"),
    ("$Dateformat('2024-02-30', 'YYYY')", BadValue, "“2024-02-30” is not a date that exists"),
    ("$Dateformat('2023-366', 'YYYY')", BadValue, "exists"),
    ("$Dateformat('2024-01-01T25:00', 'YYYY')", BadValue, "exists"),
    ("$Dateformat(1e20, 'YYYY')", BadValue, "out of range"),
    ("$Dateformat(null, 'YYYY')", WrongType, "a date"),
    ("$Dateformat('2024', 'H', 'Europe/Amsterdm')", BadValue, "Did you mean 'Europe/Amsterdam'"),
    ("$Dateformat('2024', 'H', '../../etc/passwd')", BadValue, "unknown time zone"),
    ("$Dateformat('2024', 'H', 'localtime')", BadValue, "unknown time zone"),
    ("$Dateformat('0001-01-01', 'H', '-05:00')", BadValue, "out of range"),
    ("$DateAdd('9999-12-31', 1, 'day')", BadValue, "out of range"),
    ("$DateAdd('2024', 1e308, 'days')", BadValue, "out of range"),
    ("$DateAdd('2024', 1e308, 'months')", BadValue, "out of range"),
    ("$DateAdd('2024', 1.5, 'months')", BadValue, "whole number"),
    ("$DateAdd('2024', 1, 'Days')", BadValue, "Did you mean 'days'"),
    ("$Base64Decode('!!')", BadValue, "not Base64"),
    ("$Base64Decode('/w==')", BadValue, "UTF-8"),
    ("$Base64Decode('AA==')", BadValue, "NUL"),
    ("$Hash('SHA256', 'x')", BadValue, "Did you mean 'sha256'"),
    ("$Matches('a', '(?=b)')", BadValue, "pattern of RE2"),
    ("$Default($Divide(1, 0), 'd')", BadValue, "division by zero"),
    ("$Default($Uppercase(5), 'd')", WrongType, "must be a text"),
    ("$Now(1)", WrongCount, "no arguments, and 1 was given"),
    ("$If(false, $Uppercase(), 1)", WrongCount, "none was given"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES)
def test_values(source: str, expected: Any) -> None:
    value = value_of(source, Input=INPUT)
    assert same(value, expected), value
    assert json.dumps(value) == json.dumps(expected)  # 3 and 3.0 are two things


@pytest.mark.parametrize(("source", "kind", "words"), ERRORS)
def test_errors(source: str, kind: type[ExpressionError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        value_of(source, Input=INPUT)
    assert 0 <= caught.value.start < caught.value.end <= len(source)


def test_uuids_are_the_same_for_the_same_place_of_the_same_run_and_no_other() -> None:
    twice = {"a": "$Uuid()$Uuid()", "b": "$Uuid()"}
    first, again, other = value_of(twice), value_of(twice), value_of(twice, seed="run-2")
    assert first == again
    made = {first["a"][:36], first["a"][36:], first["b"], other["a"][:36], other["a"][36:], other["b"]}
    assert len(made) == 6
    assert all(len(each) == 36 and each[14] == "4" for each in made)
