"""Nothing large is ever made, nothing deep overflows, nothing takes long: sizes are counted before, work on the way."""

from __future__ import annotations

import resource
import sys
import threading
from typing import Any

import pytest

from products.expressions import ExpressionError, ValuesScope, compile_condition, compile_template
from products.expressions.errors import BadValue, OverLimit
from products.expressions.limits import MAX_RESULT, MAX_SOURCE
from tests.products.expressions.evaluating import holds, value_of

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "source",
    [
        "$Concat(['" + "a" * MAX_SOURCE + "'])",
        "$Input{" + "a" * MAX_SOURCE + "}",
        "é" * (MAX_SOURCE // 2) + "$Now()",
    ],
)
def test_source_is_at_most_64_kib(source: str) -> None:
    with pytest.raises(OverLimit, match="at most 64 KiB"):
        compile_template(source)
    with pytest.raises(OverLimit, match="at most 64 KiB"):
        compile_condition(source)


def test_long_text_without_expressions_is_only_text() -> None:
    text = "costs $5 " * 100_000
    assert value_of(text) == text


def nested(levels: int, opening: str = "$Concat([", closing: str = "])") -> str:
    return opening * levels + closing * levels


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [
        ("$Trim(", ")", 1000),
        ("$Concat([", "])", 33),
        ("$Length{", "}", 65),
        ("$If(1, 2, ", ")", 65),
        ("$Stringify({a: ", "})", 33),
        ("$Boolean(" + "!" * 70 + "1", ")", 1),
        ("$Boolean(" + "(" * 1000 + "1" + ")" * 1000, ")", 1),
    ],
)
def test_nesting_is_at_most_64(opening: str, closing: str, levels: int) -> None:
    with pytest.raises(OverLimit, match="deeper than 64"):
        compile_template(opening * levels + "'x'" + closing * levels)


def test_64_levels_fit_into_a_stack_that_is_half_full() -> None:
    source = "$Default(" * 31 + "$If((1 == (2 == 1)), !(!(true)), 'x')" + ")" * 31
    deepest = "$Trim(" * 63 + "$Input{a}" + ")" * 63

    def below(levels: int) -> Any:
        return below(levels - 1) if levels else (value_of(source), value_of(deepest, Input={"a": "x"}))

    assert below(sys.getrecursionlimit() // 2 - 100) == ("x", "x")


def test_deep_documents_and_deep_data_are_refused_and_crash_nothing() -> None:
    deep: Any = "$Now"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(OverLimit, match="deeper than 100"):
        compile_template(deep)
    data: Any = []
    for _ in range(50_000):
        data = [data]
    for source in ("$Input{d}", "x$Input{d}", "$Unique($Input{d})", "$Stringify($Input{d})", "$Length($Input{d})"):
        try:
            value_of(source, Input={"d": data})
        except OverLimit:
            continue
        assert source.startswith("$Length")
    with pytest.raises(OverLimit):
        holds("$Input{d} == $Input{d}", Input={"d": data})


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


BIG = "a" * (3 * MIB)
GROWING = [
    "$Concat([$Input{t}, $Input{t}])",
    "$Input{t}$Input{t}",
    "$Concat([" + ", ".join(["$Concat([$Input{s}, $Input{s}, $Input{s}])"] * 60) + "])",
    "$Replace($Input{t}, 'a', 'bbbb')",
    "$Replace($Input{t}, '', 'bbbb')",
    "$Split($Input{t}, '')",
    "$Split($Input{t}, 'a')",
    "$Base64($Base64($Input{t}))",
    "$UrlEncode($Replace($Input{t}, 'a', ' '))",
    "$Stringify([$Input{t}, $Input{t}])",
    "$Stringify($Stringify($Replace($Input{t}, 'aa', '\"')))",
    "$Join([" + ", ".join(["$Input{l}"] * 2000) + "])",
    "$Flatten([" + ", ".join(["$Input{l}"] * 2000) + "])",
    "[" + ", ".join(["$Uppercase($Input{t})"] * 2000) + "]",
    "$Length([" + ", ".join(["$Uppercase($Input{t})"] * 2000) + "])",
    "$Dateformat(0, $Input{t})",
    "$Concat($Input{l}, $Input{s})",
]


@pytest.mark.parametrize("source", GROWING, ids=lambda source: source[:40])
def test_nothing_large_is_made(source: str) -> None:
    source = source if source.startswith("$") else f"$Length({source})"
    before = memory_mb()
    with pytest.raises(OverLimit):
        value_of(source, Input={"t": BIG, "s": "s" * 60_000, "l": [1] * 100_000})
    assert memory_mb() - before < 150


def test_a_result_is_at_most_4_mib() -> None:
    assert len(value_of("$Input{t}$Input{t}", Input={"t": "a" * (2 * MIB - 10)})) == 4 * MIB - 20
    for source in ("$Input{t}", ["$Input{t}"], {"k": {"l": "$Input{t}"}}):
        with pytest.raises(OverLimit, match="larger than 4 MiB"):
            value_of(source, Input={"t": "é" * (MAX_RESULT // 2)})
    with pytest.raises(OverLimit, match="larger than 4 MiB"):
        value_of(["$Input{t}"] * 100, Input={"t": ["x" * 1000] * 50})


WORKING = [
    "$Concat([" + ", ".join(["$String($Length($Uppercase($Input{t})))"] * 1000) + "])",
    "$Concat([" + ", ".join(["$String($Contains($Input{l}, 2))"] * 1500) + "])",
    "$Filter($Input{l}, 'in', $Input{t})",
    "$Concat([" + ", ".join(["$String($Length($Filter($Input{l}, 'in', $Input{l})))"] * 100) + "])",
    "$Concat([" + ", ".join(["$String($Sum($Input{l}))"] * 100) + "])",
    "$Concat([" + ", ".join(["$String($Matches($Input{s}, '(.{0,30}a){9}c'))"] * 1000) + "])",
    "$Concat([" + ", ".join(["$String($Hash('sha256', $Input{t}))"] * 1000) + "])",
    "$Concat([" + ", ".join(["$String($Length($Sort($Input{l})))"] * 1000) + "])",
]


@pytest.mark.parametrize("source", WORKING, ids=lambda source: source[:60])
def test_work_is_bounded(source: str) -> None:
    with pytest.raises(OverLimit):
        value_of(source, Input={"t": BIG, "s": "b" * 5_000, "l": [1] * 100_000})


def test_comparing_large_values_again_and_again_is_bounded() -> None:
    big = [{"k": str(number)} for number in range(50_000)]
    with pytest.raises(OverLimit, match="too much work"):
        holds(" || ".join(["$Input{a} != $Input{b}"] * 1000), Input={"a": big, "b": [dict(each) for each in big]})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1 << 5000, 10**1000])
def test_no_number_that_json_does_not_have_comes_out(number: float) -> None:
    for source in ("$Input{x}", "x$Input{x}", ["$Input{x}"], "$Stringify([$Input{x}])", "$Sort([$Input{x}])"):
        with pytest.raises(ExpressionError):
            value_of(source, Input={"x": number})
    for operator in ("Add", "Multiply", "Abs", "Round", "Floor", "Max", "Number"):
        with pytest.raises(ExpressionError):
            value_of(f"${operator}($Input{{x}})", Input={"x": number})


@pytest.mark.parametrize("source", ["$Add($Input{x}, 1)", "$Multiply($Input{x}, 2)", "$Subtract($Input{x}, 0.5, -1)"])
def test_integers_are_bounded(source: str) -> None:
    edge = (1 << 1024) - 1
    try:
        value = value_of(source, Input={"x": edge})
    except OverLimit:
        return
    assert isinstance(value, float)
    assert value < float("inf")


def test_a_chain_of_products_ends() -> None:
    source = "$Multiply(" + ", ".join(["9999999999"] * 200) + ")"
    with pytest.raises(OverLimit, match="number is too large"):
        value_of(source)


class Other:
    """Something that is not data."""

    secret = "value"

    def __str__(self) -> str:
        return "never"


@pytest.mark.parametrize("value", [Other(), (1, 2), {1, 2}, b"x", 1j, {3: 4}, len])
def test_what_is_not_json_does_not_come_out(value: Any) -> None:
    for source in ("$Input{x}", "x$Input{x}", ["$Input{x}"], "$Stringify($Input{x})"):
        with pytest.raises(BadValue, match=r"not data|must be text"):
            value_of(source, Input={"x": value})
    with pytest.raises(ExpressionError):
        value_of("$Input{x}{secret}", Input={"x": value})


def test_one_compiled_document_serves_many_threads() -> None:
    compiled = compile_template({"a": "$Add($Input{n}, 1)", "b": ["$Uuid()", "$Concat([$Input{n}, 'x'], '-')"]})
    wrong = []

    def work(number: int) -> None:
        for _ in range(300):
            made = compiled.evaluate(ValuesScope({"Input": {"n": number}}, seed=str(number)))
            if made["a"] != number + 1 or made["b"][1] != f"{number}-x":
                wrong.append(made)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_is_too_large_as_a_whole_says_where_it_stands() -> None:
    made = compile_template(["$Input{t}", "$Input{t}", "$Input{t}"], pointer="/output")
    with pytest.raises(ExpressionError) as caught:
        made.evaluate(ValuesScope({"Input": {"t": "x" * (2 * 1024 * 1024)}}))
    assert (caught.value.code, caught.value.pointer) == ("expression_limit", "/output")
