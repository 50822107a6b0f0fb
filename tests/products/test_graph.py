"""The graph of a feature as pages draw it."""

from __future__ import annotations

import re

from django.template import engines

from products.features import Feature, read_feature
from products.lib.jsontypes import Json
from products.ui.graph import Graph, Links, StepView, graph_of

HOSTILE = '"><script>alert(1)</script>'


def feature(*counts: int, **more: Json) -> Feature:
    """Sequences s0, s1, … in a row, with so many events each; `more` goes into every event."""
    sequences: list[Json] = [
        {
            "tag": f"s{place}",
            "parents": [f"s{place - 1}"] if place else [],
            "events": [{"tag": f"e{n}", "type": "action", "app": "shop", "event": "pay", **more} for n in range(count)],
        }
        for place, count in enumerate(counts)
    ]
    found, problems = read_feature({"name": "Pay", "sequences": sequences}, available={"action"})
    assert not problems
    return found


def html(drawing: Graph) -> str:
    return engines["django"].from_string("{% load ui %}{% graph g %}").render({"g": drawing})


def test_every_event_is_a_card_that_leads_to_its_step() -> None:
    drawn = html(graph_of(feature(2, 1), links=Links(step="?step=")))
    assert re.findall(r'href="(\?step=[^"]+)"', drawn) == ["?step=s0/e0", "?step=s0/e1", "?step=s1/e0"]
    assert drawn.count("shop \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} pay") == 3


def test_a_long_sequence_is_folded_and_opens_as_a_whole() -> None:
    names = [card.label for card in graph_of(feature(200, 1)).groups[0].cards]
    assert names == [*(f"e{n}" for n in range(6)), "191 more", "e197", "e198", "e199"]
    graph = graph_of(feature(1_000, 1))
    assert [card.label for card in graph.groups[0].cards] == ["e0", "e1", "997 more", "e999"]
    assert 'href="?open=s0"' in html(graph)
    assert len(graph_of(feature(1_000, 1), opened={"s0"}).groups[0].cards) == 1_000


def test_J_a_large_feature_is_folded_tightly_but_around_what_is_selected() -> None:
    graph = graph_of(feature(*[10] * 100), selected="s7/e5")
    assert {len(group.cards) for group in graph.groups} == {4, 10}
    assert [card.selected for card in graph.groups[7].cards].count(True) == 1
    assert len(graph_of(feature(1_000), selected="s0/e500").groups[0].cards) == 4
    assert {len(group.cards) for group in graph_of(feature(*[10] * 20)).groups} == {10}


def test_a_second_fold_keeps_the_first_one_open() -> None:
    drawn = html(graph_of(feature(20, 20), opened={"s0"}))
    assert re.findall(r'href="(\?open=[^"]+)"', drawn) == ["?open=s0,s1"]


def test_a_fold_says_what_happened_inside_it() -> None:
    states = {f"s0/e{n}": StepView("failed" if n == 10 else "completed") for n in range(30)}
    fold = next(card for card in graph_of(feature(30), states=states).groups[0].cards if card.folded)
    assert (fold.target, fold.tone) == ("1 failed, 20 completed", "bad")


def test_states_are_a_dot_and_a_word_with_tries_and_time() -> None:
    drawn = html(graph_of(feature(1), states={"s0/e0": StepView("failed", "2 s", 3, "HTTP 503")}))
    assert '<span class="state state-bad">Failed</span>' in drawn
    assert "2 s, try 3" in drawn


def test_lines_from_a_sequence_that_is_done_are_marked() -> None:
    states = {"s0/e0": StepView("completed"), "s1/e0": StepView("running")}
    done = {strand.done for strand in graph_of(feature(1, 1, 1), states=states).lines[:2]}
    assert done == {True}
    assert not graph_of(feature(1, 1, 1), states=states).lines[2].done


def test_X1_nothing_of_a_definition_becomes_markup() -> None:
    hostile = feature(1, condition=f"$Input{{{HOSTILE}}} == 1", name=HOSTILE)
    drawn = html(graph_of(hostile, states={"s0/e0": StepView("failed", HOSTILE, 2, HOSTILE)}, links=Links(HOSTILE)))
    assert "<script" not in drawn


def test_a_graph_knows_what_was_unfolded_in_it() -> None:
    assert 'data-opened="s0,s1"' in html(graph_of(feature(20, 20), opened={"s1", "s0"}))
    assert "data-opened" not in html(graph_of(feature(20)))
