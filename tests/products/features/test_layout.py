"""A feature is drawn left to right, and nothing lies on anything else."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from products.features import Feature, read_feature
from products.features.layout import Box, draw
from products.lib.jsontypes import JsonObject


def made(parents: dict[str, list[str]], sizes: dict[str, int] | None = None) -> Feature:
    """A feature whose sequences have these parents and so many events."""
    sequences: list[JsonObject] = [
        {
            "tag": tag,
            "parents": above,
            "events": [{"tag": f"e{n}", "type": "checkpoint"} for n in range((sizes or {}).get(tag, 1))],
        }
        for tag, above in parents.items()
    ]
    feature, problems = read_feature({"name": "F", "sequences": sequences}, available=())
    assert not problems
    return feature


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def test_children_stand_to_the_right_of_their_parents_and_branches_below_each_other() -> None:
    drawing = draw(made({"a": [], "b": [], "c": ["a", "b"], "d": ["a"]}, {"b": 3}))
    groups = drawing.groups
    assert groups["a"].x == groups["b"].x < groups["c"].x == groups["d"].x
    assert groups["b"].y > groups["a"].y
    assert {(line.source, line.target) for line in drawing.lines} == {
        ("", "a"), ("", "b"), ("a", "c"), ("b", "c"), ("a", "d"),
    }  # fmt: skip


def test_lines_that_need_not_cross_do_not() -> None:
    drawing = draw(made({"a": [], "b": [], "c": ["b"], "d": ["a"]}))
    assert drawing.groups["d"].y < drawing.groups["c"].y


@pytest.mark.parametrize("seed", range(20))
def test_nothing_lies_on_anything_else_or_outside(seed: int) -> None:
    chance = random.Random(seed)
    tags = [f"s{n}" for n in range(chance.randint(1, 14))]
    parents = {tag: [above for above in tags[:place] if chance.random() < 0.3] for place, tag in enumerate(tags)}
    drawing = draw(made(parents, {tag: chance.randint(1, 5) for tag in tags}))
    assert not [pair for pair in combinations([drawing.input, *drawing.groups.values()], 2) if overlap(*pair)]
    assert not [pair for pair in combinations(drawing.cards.values(), 2) if overlap(*pair)]
    for box in [drawing.input, *drawing.groups.values(), *drawing.cards.values()]:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    for name, card in drawing.cards.items():
        assert overlap(card, drawing.groups[name.sequence])
