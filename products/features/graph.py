"""Puts sequences so that each stands after its parents."""

from __future__ import annotations

from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from products.features.definition import Sequence
from products.lib.fields import Problems


def in_order(sequences: list[Sequence], problems: Problems) -> tuple[Sequence, ...]:
    """The sequences, each after its parents and else as they are; notes unknown parents and circles."""
    places = {sequence.tag: place for place, sequence in enumerate(sequences)}
    before = len(problems.found)
    for place, sequence in enumerate(sequences):
        for number, parent in enumerate(sequence.parents):
            if parent not in places:
                problems.add(f"/sequences/{place}/parents/{number}", _unknown(parent, places), "unknown")
    if len(places) < len(sequences) or len(problems.found) > before:
        return ()
    sorter = TopologicalSorter({sequence.tag: sequence.parents for sequence in sequences})
    try:
        sorter.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        detail = f"These sequences wait for each other: {' → '.join(reversed(circle))}."
        problems.add(f"/sequences/{places[circle[0]]}/parents", detail, "circle")
        return ()
    ordered: list[Sequence] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        ordered += (sequences[places[tag]] for tag in ready)
        sorter.done(*ready)
    return tuple(ordered)


def _unknown(parent: str, known: dict[str, int]) -> str:
    near = get_close_matches(parent, known, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    return f"There is no sequence “{parent[:63]}”.{hint}"
