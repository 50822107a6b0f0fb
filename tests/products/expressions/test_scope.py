"""What the engine hooks into: lazy values, secrets that are read, what a document refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from products.expressions import Use, ValuesScope, compile_condition, compile_template
from products.expressions.errors import Absent
from tests.products.expressions.evaluating import value_of


class Fetched(Mapping[str, Any]):
    """Remembers which keys were asked for."""

    def __init__(self, values: dict[str, Any], asked: list[str]) -> None:
        self._values = values
        self._asked = asked

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        self._asked.append(key)
        return Fetched(value, self._asked) if isinstance(value, dict) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def test_only_what_is_asked_for_is_fetched() -> None:
    asked: list[str] = []
    lazily = Fetched({"main": {"a": {"id": [7]}, "b": {"id": 8}}}, asked)
    assert value_of("$Sequence{main}{a}{id}{0}", Sequence=lazily) == 7
    assert asked == ["main", "a", "id"]
    assert value_of("$Sequence{main.b.id}", Sequence=lazily) == 8
    assert value_of("$Sequence{a.b}{c.d.e}", Sequence=Fetched({"a.b": {"c.d": 0, "c": {"d": {"e": 9}}}}, [])) == 9
    asked.clear()
    assert value_of("$Default($Sequence{main}{c}{id}, $Sequence{main}{a})", Sequence=lazily) == {"id": [7]}
    with pytest.raises(Absent, match=r"There is: a, b.*|Did you mean"):
        value_of("$Sequence{main}{c}", Sequence=lazily)


def test_a_root_is_asked_for_once_in_an_evaluation() -> None:
    class Counting(ValuesScope):
        asked = 0

        def root(self, name: str) -> Any:
            self.asked += 1
            return super().root(name)

    scope = Counting({"Input": {"a": 1}})
    assert compile_template({"x": "$Input{a}", "y": "$Input{a}$Input{a}"}).evaluate(scope) == {"x": 1, "y": "11"}
    assert scope.asked == 1


def test_a_step_is_found_by_its_tag_where_that_is_unique() -> None:
    sequences = {"a": {"one": {"v": 1}, "two": {"v": 2}}, "b": {"two": {"v": 3}}}
    assert value_of("$Step{one}{v}", Sequence=sequences) == 1
    with pytest.raises(Absent):
        value_of("$Step{two}{v}", Sequence=sequences)


def told(source: Any) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []
    values = {"Secret": {"K": "s3cret", "U": "ada"}, "Auth": {"shop": {"headers": {"X": "t0ken"}}}, "Input": {"n": 1}}
    compile_template(source).evaluate(ValuesScope(values, on_secret=lambda name, value: seen.append((name, value))))
    return seen


def test_every_secret_that_is_read_is_told() -> None:
    assert told("$Input{n}") == []
    assert told(["$Secret{K}", "Bearer $Auth{shop}{headers}{X}"]) == [
        ("$Secret{K}", "s3cret"),
        ("$Auth{shop}{headers}{X}", "t0ken"),
    ]
    assert told("$If($Secret{K} == 's3cret', 1, $Secret{U})") == [("$Secret{K}", "s3cret")]
    assert told("$Default($Secret{Z}, $Secret{U})") == [("$Secret{U}", "ada")]


def test_what_is_made_of_a_secret_is_told_and_what_does_not_show_it_is_not() -> None:
    made = [value for _, value in told("$Base64($Concat([$Secret{U}, ':', $Secret{K}]))")]
    assert made == ["ada", "s3cret", "ada:s3cret", "YWRhOnMzY3JldA=="]
    assert [value for _, value in told("$Uppercase($If(true, $Secret{K}, 'x'))")] == ["s3cret", "S3CRET"]
    assert [value for _, value in told("$Length($Secret{K})")] == ["s3cret"]
    assert [value for _, value in told("$StartsWith($Secret{K}, 's')")] == ["s3cret"]


def test_the_texts_with_secrets_and_all_references_are_known_before_a_run() -> None:
    compiled = compile_template({
        "a": "$Secret{K}",
        "b/c": ["x", "$Length($Auth{shop}{headers}{X})$Secret{K}"],
        "d": "$Input{n.m} $Now",
    })
    assert compiled.sensitive == ("/a", "/b~1c/1")
    assert compiled.uses == (
        Use("Secret", ("K",), "/a", 0),
        Use("Auth", ("shop", "headers", "X"), "/b~1c/1", 8),
        Use("Secret", ("K",), "/b~1c/1", 32),
        Use("Input", ("n.m",), "/d", 0),
    )
    assert not compiled.is_constant
    assert compile_template({"a": ["b", 1, None]}).is_constant
    condition = compile_condition("$Input{a} == $Step{b}{c}", pointer="/events/0/condition")
    assert [(use.root, use.pointer) for use in condition.uses] == [
        ("Input", "/events/0/condition"),
        ("Step", "/events/0/condition"),
    ]
