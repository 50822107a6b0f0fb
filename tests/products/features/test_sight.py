"""What a place sees is looked up one by one; written out it is what the rules say, for every place of any feature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.expressions import Events, Shape
from products.features import StepName, World, check_feature, read_feature
from products.features.definition import Feature
from products.features.places import Place, places
from products.features.sight import BESIDE, ELSEWHERE, ITSELF, LATER, UNCOUNTED, Sight
from products.lib.jsontypes import JsonObject


@st.composite
def documents(draw: st.DrawFn) -> JsonObject:
    """Up to five sequences with parents among those before them, whose events may share tags."""
    count = draw(st.integers(1, 5))
    sequences = []
    for at in range(count):
        tags = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True))
        parents = draw(st.lists(st.sampled_from(range(at)), max_size=2, unique=True)) if at else []
        sequences.append({
            "tag": f"s{at}",
            "mode": draw(st.sampled_from(["ordered", "concurrent"])),
            "parents": [f"s{parent}" for parent in parents],
            "events": [{"tag": tag, **_CALL, "rollback": _CALL, "for_each": [1]} for tag in tags],
        })
    return {
        "name": "F",
        "sequences": draw(st.permutations(sequences)),
        "output": 1,
        "options": {"concurrency": {"limit": 1, "key": "x"}},
    }


_CALL = {"type": "action", "app": "shop", "event": "pay"}


@given(documents())
def test_every_place_sees_what_has_run_before_it_and_the_reason_of_everything_else(document: JsonObject) -> None:
    feature, problems = read_feature(document, available=("action",))
    assert not problems
    for place in places(feature):
        named = _written_out(feature, place)
        roots, reasons = place.sight.roots(), place.sight.reasons({("Auth",): "no"})
        sequences = {tag: dict(shape.fields or {}) for tag, shape in (roots["Sequence"].fields or {}).items()}
        expected = named.roots()
        assert sequences == {tag: dict(one.fields or {}) for tag, one in (expected["Sequence"].fields or {}).items()}
        assert dict(roots["Step"].fields or {}) == expected["Step"].fields
        plain = {path: why for path, why in reasons.items() if len(path) > 2 or path[0] == "Step"}
        assert plain == {path: why for path, why in named.reasons().items() if len(path) > 2 or path[0] == "Step"}
        assert {path for path in reasons if path[0] == "Sequence"} == {
            path for path in named.reasons() if path[0] == "Sequence"
        }
        assert reasons["Auth",] == "no"
        assert len(reasons) == len(named.reasons()) + 1


def _written_out(feature: Feature, place: Place) -> Events:
    """The table of one place, by the rules: parents first, then what stands before in an ordered sequence."""
    before: dict[str, dict[str, Shape]] = {}
    others: dict[tuple[str, str], str] = {}
    at = next((one for one in feature.events() if place.pointer.startswith(f"{one.pointer}/")), None)
    for event in feature.events():
        why = UNCOUNTED if place.is_counting else "" if at is None else _why(feature, at.name, event.name)
        if why == ITSELF and place.in_undo:
            before.setdefault(event.name.sequence, {})[event.name.event] = Shape()
        elif why:
            others[event.name] = why
        else:
            before.setdefault(event.name.sequence, {})[event.name.event] = Shape(frozenset({"list"}), items=Shape())
    return Events(before, others)


def _why(feature: Feature, at: StepName, name: StepName) -> str:
    if name == at:
        return ITSELF
    if name.sequence in feature.ancestors()[at.sequence]:
        return ""
    if name.sequence != at.sequence:
        return ELSEWHERE
    sequence = next(one for one in feature.sequences if one.tag == at.sequence)
    if sequence.mode == "concurrent":
        return BESIDE
    order = [event.name for event in sequence.events]
    return "" if order.index(name) < order.index(at) else LATER


def test_a_feature_with_fifty_errors_is_looked_at_no_further() -> None:
    events = [{"tag": f"e{n}", **_CALL, "input": "$Step{nobody}"} for n in range(60)]
    feature, _ = read_feature({"name": "F", "sequences": [{"tag": "s", "events": events}]}, available=("action",))
    world = World()
    assert len(check_feature(feature, world).errors) == 50


def test_twice_the_events_are_twice_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    why_not = Sight.why_not

    def counted(self: Sight, name: StepName) -> str:
        nonlocal asked
        asked += 1
        return why_not(self, name)

    monkeypatch.setattr(Sight, "why_not", counted)
    found = []
    for count in (100, 200):
        asked = 0
        chain = [{"tag": f"e{n}", **_CALL, "input": f"$Step{{e{n - 1}}}" if n else "x"} for n in range(count)]
        feature, problems = read_feature(
            {"name": "F", "sequences": [{"tag": "s", "events": chain}, {"tag": "t", "events": chain[:1]}]},
            available=("action",),
        )
        assert not problems
        check_feature(feature, World())
        found.append(asked)
    assert found[0] <= found[1] <= 2 * found[0] + 10
