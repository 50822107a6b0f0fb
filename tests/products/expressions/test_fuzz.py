"""D5: whatever is written and whatever the data, an evaluation gives JSON or its own error, and soon."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products.expressions import (
    ExpressionError,
    ValuesScope,
    analyse,
    compile_condition,
    compile_template,
    surroundings,
)
from products.expressions.nodes import (
    Call,
    Compare,
    ListOf,
    Literal,
    Logic,
    Node,
    Not,
    ObjectOf,
    Reference,
    Template,
)
from products.expressions.operators import OPERATORS
from products.expressions.parser import parse_condition, parse_template
from products.expressions.printing import printed, printed_template
from products.expressions.references import REFERENCES
from products.expressions.values import equal, identity, ordered, same, size_of
from products.lib.jsontypes import clean_text
from tests.patience import ends
from tests.products.expressions.test_J_expressions import only_json

# By the hundred in the suite; EXAMPLES=100000 asks for more.
QUICK = settings(
    max_examples=int(os.environ.get("EXAMPLES", "300")), deadline=None, suppress_health_check=list(HealthCheck)
)
# Half characters and NUL may come in with data, though not with a definition.
TEXTS = st.text(max_size=12) | st.sampled_from([
    "a",
    "b",
    "a.b",
    "0",
    "-1",
    "12",
    "1.5",
    "2024-02-29",
    "days",
    "sha256",
    "UTC",
    ">",
    "==",
    "in",
    "$Input{a}",
    "{}",
])
NUMBERS = (
    st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, -1])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
ROOTS = st.fixed_dictionaries({"Input": st.dictionaries(st.sampled_from("abc"), DATA), "Item": DATA, "Index": NUMBERS})
SEGMENTS = st.sampled_from(["a", "b", "c", "a.b", "0", "-1", "0.a"]) | st.text(
    st.characters(exclude_characters="{}\x00", exclude_categories=["Cs"]), min_size=1, max_size=5
)


def literals() -> st.SearchStrategy[Node]:
    """As they are written: no negative zero, which is written as zero is."""
    storable = SCALARS.filter(lambda value: not isinstance(value, str) or clean_text(value) == value)
    return storable.filter(lambda value: value != 0 or type(value) is int).map(Literal)


def references() -> st.SearchStrategy[Node]:
    def of(root: str) -> st.SearchStrategy[Node]:
        least = 0 if REFERENCES[root].whole else 1
        return st.lists(SEGMENTS, min_size=least, max_size=3).map(lambda found: Reference(root, tuple(found)))

    return st.sampled_from(["Input", "Input", "Item", "Index", "Secret"]).flatmap(of)


def calls(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def of(name: str) -> st.SearchStrategy[Node]:
        declared = OPERATORS[name]
        most = declared.most if declared.most is not None else 3
        arguments = st.lists(inner, min_size=declared.least, max_size=most)
        return arguments.map(lambda found: Call(name, tuple(found)))

    return st.sampled_from(sorted(OPERATORS)).flatmap(of)


def branches(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    compares = st.builds(Compare, st.sampled_from(["==", "===", "!=", "!==", "<", ">", "<=", ">="]), inner, inner)
    logic = st.builds(Logic, st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3).map(tuple))
    objects = st.dictionaries(TEXTS.map(clean_text), inner, max_size=3).map(
        lambda found: ObjectOf(tuple(found.items()))
    )
    lists = st.lists(inner, max_size=4).map(lambda found: ListOf(tuple(found)))
    return calls(inner) | calls(inner) | lists | objects | compares | logic | inner.map(Not)


NODES: st.SearchStrategy[Node] = st.recursive(literals() | references(), branches, max_leaves=14)


def outcome(source: Any, roots: dict[str, Any], *, condition: bool = False) -> Any:
    """The value, checked, or the error's record."""
    scope = ValuesScope({**roots, "Secret": {"a": "s"}}, now=1_700_000_000_000)
    try:
        with ends():
            value = (compile_condition if condition else compile_template)(source).evaluate(scope)
    except ExpressionError as error:
        value = error.as_record()
        value["unplaced"] = error.source is None
    assert only_json(value)
    assert not (isinstance(value, dict) and value.get("unplaced"))
    text = json.dumps(value, allow_nan=False)
    assert same(json.loads(text), value)
    return value


@QUICK
@given(NODES, ROOTS)
def test_D5_every_expression_gives_json_or_its_own_error(node: Node, roots: dict[str, Any]) -> None:
    before = json.dumps(roots)
    source = printed(node)
    first = outcome(source, roots, condition=True)
    assert outcome(source, roots, condition=True) == first
    outcome({"k": [f"x{source}"]}, roots)
    assert json.dumps(roots) == before


@QUICK
@given(NODES)
def test_D5_what_is_printed_reads_the_same(node: Node) -> None:
    again = parse_condition(printed(node))
    assert parse_condition(printed(again)) == again
    assert printed(again) == printed(node)


@QUICK
@given(calls(literals() | references()), TEXTS.map(clean_text), references())
def test_D5_a_printed_template_reads_the_same(call: Node, text: str, reference: Node) -> None:
    parts = tuple(part for part in (text, call, f"{text} ", reference) if part)
    if reference.segments and not text.startswith(("{", "(")):
        template = parse_template(printed_template(Template(parts)))
        assert parse_template(printed_template(template)) == template
        assert len(template.expressions) == 2


SIGNS = """$ $$ $Input { } ( ) [ ] , : ' " \\ a . -1 1e9 && || ! == === < >= = null true
    $Now $Item $Uuid() $Input{a} $Length{"""
PIECES = st.sampled_from([*SIGNS.split(), *" \n\x00é🚀", *(f"${name}(" for name in sorted(OPERATORS))])


@QUICK
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60), ROOTS)
def test_D5_any_text_gives_json_or_its_own_error(source: str, roots: dict[str, Any]) -> None:
    outcome(source, roots)
    outcome(source, roots, condition=True)
    around = surroundings(inputs={}, secrets=[])
    for found in analyse({"a": source}, around).findings:
        json.dumps(found.as_record())


@QUICK
@given(st.sampled_from(sorted(OPERATORS)), st.lists(DATA, max_size=4))
def test_D5_every_operator_takes_anything(name: str, given_: list[Any]) -> None:
    source = f"${name}({', '.join(f'$Item{{{index}}}' for index in range(len(given_)))})"
    outcome(source, {"Item": given_})


@QUICK
@given(DATA, DATA)
def test_equality_is_one_and_the_same(left: Any, right: Any) -> None:
    assert same(left, left)
    assert same(left, right) == same(right, left) == (identity(left) == identity(right))
    assert equal(left, right) == equal(right, left)
    assert not same(left, right) or equal(left, right)
    assert (ordered(left, right) is None) == (ordered(right, left) is None)


@QUICK
@given(DATA)
def test_sizes_are_about_those_of_json(value: Any) -> None:
    real = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    escapes = 6 * json.dumps(value).count("\\")
    assert size_of(value) <= 4 * real + 16
    assert real <= 3 * size_of(value) + escapes + 16
