"""What the buttons of a feature's editor do to its draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, cast

from products.features import World
from products.features import editing as edit
from products.forms.event_panel import OFFERED
from products.forms.feature_draft import Draft, apply_panel, read_draft, step_name
from products.forms.panels import Sent
from products.lib.jsontypes import JsonObject


def edited_draft(sent: Sent, world: World) -> Draft:
    """What the browser has, with what was typed into the panel and what the pressed button does."""
    draft = read_draft(sent, world)
    if sent.get("do", "") != "examine":
        apply_panel(draft, sent)
        act(draft, sent)
    return draft


def act(draft: Draft, sent: Sent) -> None:
    """Does what the pressed button says: `do` is "name" or "name:argument", `select` and `open` what was clicked."""
    if draft.errors and (sent.get("do", "") or sent.get("select", "")):
        draft.said = "A field of the panel needs a correction first."
        return
    if "select" in sent:
        draft.selected, draft.redraw = sent.get("select", "").replace("@input", "")[:130], True
    if sent.get("open", ""):
        draft.opened.add(sent.get("open", "")[:63])
    name, _, argument = sent.get("do", "").partition(":")
    if name in _ACTS and draft.document is not None:
        try:
            _ACTS[name](draft, argument[:130])
        except edit.EditError as error:
            draft.said = str(error)
        draft.redraw = True


def _add_event(draft: Draft, kind: str) -> None:
    document = cast(JsonObject, draft.document)
    kind, _, where = kind.partition("@")
    sequence, _, event = (where or draft.selected).partition("/")
    tags = [str(one.get("tag")) for one in edit.sequences_of(document)]
    if kind not in OFFERED:
        raise edit.EditError(f"There is no type of event “{kind[:40]}”.")
    if not tags:
        changed, name = edit.add_sequence(document, kind)
    else:
        target = sequence if sequence in tags else tags[-1]
        changed, name = edit.add_event(document, target, kind, after=event)
    draft.selected = str(name)
    draft.replace(changed)


def _add_sequence(draft: Draft, kind: str) -> None:
    if kind not in OFFERED:
        raise edit.EditError(f"There is no type of event “{kind[:40]}”.")
    document = cast(JsonObject, draft.document)
    changed, name = edit.add_sequence(document, kind, after=draft.selected.partition("/")[0])
    draft.selected = str(name)
    draft.replace(changed)


def _move(draft: Draft, argument: str, *, way: Literal["up", "down"]) -> None:
    document, name = cast(JsonObject, draft.document), argument or draft.selected
    if "/" in name:
        draft.replace(edit.move_event(document, step_name(name), way))
    else:
        draft.replace(edit.move_sequence(document, name, way))


def _remove(draft: Draft, argument: str) -> None:
    document, name = cast(JsonObject, draft.document), argument or draft.selected
    if "/" in name:
        draft.replace(edit.remove_event(document, step_name(name)))
    else:
        draft.replace(edit.remove_sequence(document, name))
    draft.selected = name.partition("/")[0] if "/" in name else ""


def _fill(draft: Draft, argument: str) -> None:
    """The fields that the target asks for: from the run's input where it has one of the name, else empty."""
    document, event = cast(JsonObject, draft.document), draft.event()
    given = (event or {}).get("input") or {}
    if event is None or not isinstance(given, dict):
        raise edit.EditError("Select an event whose input is an object.")
    declared = document.get("input")
    known = declared if isinstance(declared, dict) else {}
    more = {name: f"$Input{{{name}}}" if name in known else None for name in draft.hints}
    changed, _ = edit.change_event(document, step_name(draft.selected), {"input": {**more, **given}})
    draft.replace(changed)


def _draw_again(draft: Draft, argument: str) -> None:
    """The panel, with an empty row for another field of the input."""


def _toggle_mode(draft: Draft, argument: str) -> None:
    document, tag = cast(JsonObject, draft.document), (argument or draft.selected).partition("/")[0]
    beside = edit.sequence_at(document, tag).get("mode") == "concurrent"
    draft.replace(edit.change_sequence(document, tag, {"mode": None if beside else "concurrent"})[0])


_ACTS: Mapping[str, Callable[[Draft, str], None]] = {
    "add-event": _add_event,
    "add-sequence": _add_sequence,
    "up": partial(_move, way="up"),
    "down": partial(_move, way="down"),
    "remove": _remove,
    "mode": _toggle_mode,
    "rows": _draw_again,
    "fill": _fill,
}
