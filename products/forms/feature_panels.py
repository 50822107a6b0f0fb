"""The fields of a sequence, and of the feature as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from products.features.definition import STRATEGIES
from products.forms.panels import Panel, PanelField, Part, field_for
from products.lib.jsontypes import JsonObject

_STRATEGIES = {
    "reverse_all": "Undo everything, last first",
    "critical_only": "Undo what is critical",
    "to_checkpoint": "Undo back to the last checkpoint",
    "none": "Undo nothing",
}
_SURPLUS = [("wait", "Wait for their turn"), ("drop", "Are refused"), ("cancel_older", "Cancel the older ones")]


def sequence_panel(sequence: JsonObject, *, follow: Sequence[str], pointer: str) -> Panel:
    """The panel of one sequence; ``follow`` are those that it may wait for."""
    modes = [("ordered", "One after the other"), ("concurrent", "Side by side")]
    parents = sequence.get("parents")
    others = [str(one) for one in parents if one not in follow] if isinstance(parents, list) else []
    fields = [
        field_for(sequence, "tag", "Tag", "text", says="Expressions follow when you change it.", redraw=True),
        field_for(sequence, "name", "Name", "text"),
        field_for(sequence, "mode", "Its events run", "choice", choices=modes, usual="ordered"),
        field_for(sequence, "parents", "It waits for", "choices", choices=[(tag, tag) for tag in (*follow, *others)],
                  says="None ticked: it begins with the run."),
    ]  # fmt: skip
    return Panel("sequence", str(sequence.get("tag", "")), [Part("", fields)], pointer, "Sequence", "route")


def feature_panel(document: JsonObject) -> Panel:
    """The panel of the feature: what it is called, what it gives back, what holds for a whole run."""
    strategies = [(one, _STRATEGIES[one]) for one in STRATEGIES]
    first: list[PanelField] = [
        field_for(document, "name", "Name", "text"),
        field_for(document, "description", "Description", "lines", says="Markdown."),
    ]
    rest = [
        field_for(
            document, "options/timeout", "A run may take", "text", says="5m, 2h, 3d. Empty: as long as it takes."
        ),
        field_for(document, "options/rollback", "When it fails", "choice", choices=strategies, usual="reverse_all"),
        field_for(document, "options/concurrency/limit", "Runs at once", "whole", says="Empty: as many as there are."),
        field_for(document, "options/concurrency/key", "Counted for each", "value", says="$Input{customer}, say."),
        field_for(document, "options/concurrency/surplus", "More than that", "choice", choices=_SURPLUS, usual="wait"),
    ]
    output = [field_for(document, "output", "Output", "value", says="An expression, or an object of them.")]
    parts = [Part("", first), Part("Output", output), Part("Options", rest)]
    return Panel("feature", str(document.get("name") or "Feature"), parts, "", "Feature", "route")
