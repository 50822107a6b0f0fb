"""The names of the signals that a feature waits for: fixed texts, and what answers one event of a name answers each."""

from __future__ import annotations

from collections.abc import Iterator

from products.features.definition import Event, Feature, Wait
from products.lib.errors import FieldProblem


def wrong_signals(feature: Feature) -> Iterator[FieldProblem]:
    """Names that would be taken literally, and names of which nobody could say whose answer a signal is."""
    firsts: dict[str, Event] = {}
    for event in feature.events():
        if event.wait is None:
            continue
        pointer, name = f"{event.pointer}/event", event.wait.signal
        if "$" in name:
            yield FieldProblem(pointer, "not_allowed", _fixed(event))
        first = firsts.setdefault(name, event)
        unlike = differences(first.wait, event.wait)
        if unlike:
            detail = (
                f"{first.name} waits for “{name[:60]}” too, with other {' and '.join(unlike)}: a signal could answer"
                " either. Give each a name of its own, or make them alike."
            )
            yield FieldProblem(pointer, "ambiguous", detail)


def differences(one: Wait | None, other: Wait | None) -> list[str]:
    """In which fields two events differ that say who may answer and with what; as the document calls them."""
    if one is None or other is None:
        return []
    unlike = {
        "roles": frozenset(one.roles) != frozenset(other.roles),
        "schema": one.fields != other.fields,
        "approval": one.approval != other.approval,
    }
    return [name for name, differs in unlike.items() if differs]


def _fixed(event: Event) -> str:
    says = "The name of a signal is fixed text, “$” is not evaluated in it."
    return f"{says} Each item of for_each takes a signal of its own." if event.loop else says
