"""A feature as it stands in the editor: its unsaved document, what is selected, and what a person did to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from products.features import RUNNABLE, Feature, StepName, World, read_feature
from products.features import editing as edit
from products.features.types import keys_of
from products.forms.event_panel import event_panel
from products.forms.feature_order import as_written
from products.forms.feature_panels import feature_panel, sequence_panel
from products.forms.input_rows import read_rows
from products.forms.panels import Panel, Sent, changed_row, changes_in, kept_row
from products.lib.errors import Invalid
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json

MAX_BYTES = 5_000_000  # of the text, which has more white space than what is stored
MOST_OPENED = 20
MOST_HINTS = 100


@dataclass(slots=True)
class Draft:
    """The editor's state. ``document`` is None while the text is no JSON object; ``broken`` says why."""

    text: str
    document: JsonObject | None
    world: World
    broken: str = ""
    selected: str = ""
    opened: set[str] = field(default_factory=set)
    stamp: str = ""
    said: str = ""  # why something that was asked for was not done
    errors: dict[str, str] = field(default_factory=dict)  # of the panel, by key
    hints: list[str] = field(default_factory=list)  # fields that the input of the selected event lacks
    rewritten: bool = False  # the text in the browser is older than this one
    redraw: bool = True  # the panel in the browser is

    def panel(self) -> Panel | None:
        """The fields of what is selected; of the feature when that is gone."""
        document = self.document
        if document is None:
            return None
        sequence, _, event = self.selected.partition("/")
        try:
            found = edit.sequence_at(document, sequence) if sequence else None
            one = edit.event_at(document, StepName(sequence, event)) if event else None
        except edit.EditError:
            found = one = None
        if found is None:
            return feature_panel(document)
        rows = edit.sequences_of(document)
        pointer = f"/sequences/{_place(document.get('sequences'), found)}"
        if one is None:
            return sequence_panel(found, follow=edit.may_follow(document, sequence), pointer=pointer)
        tags = [str(row.get("tag")) for row in rows]
        pointer = f"{pointer}/events/{_place(found.get('events'), one)}"
        return event_panel(one, self.world, sequences=tags, sequence=sequence, pointer=pointer)

    def read(self) -> Feature:
        """The parts of the document, as far as they can be read."""
        return read_feature(self.document or {}, available=RUNNABLE)[0]

    def pointer_of(self, key: str) -> str:
        """Where the value of a field of the panel stands in the document."""
        panel = self.panel()
        return f"{panel.pointer}/{key[:100]}" if panel else ""

    def event(self) -> JsonObject | None:
        """The selected event; None when a sequence or the feature is selected."""
        try:
            return edit.event_at(self.document or {}, step_name(self.selected))
        except edit.EditError:
            return None

    def replace(self, document: JsonObject) -> None:
        """Another document: the browser gets its text."""
        if document != self.document:
            self.document, self.text, self.rewritten = document, pretty(document), True


def read_draft(sent: Sent, world: World) -> Draft:
    """What the browser has."""
    text = sent.get("document", "").replace("\r\n", "\n")
    draft = Draft(text=text, document=None, world=world, selected=sent.get("selected", "")[:130])
    draft.opened = set(sent.get("opened", "").split(",")[:MOST_OPENED]) - {""}
    draft.hints = [name[:200] for name in sent.getlist("hint")[:MOST_HINTS]]
    draft.stamp = sent.get("stamp", "")[:60]
    try:
        given = parse_json(text, max_bytes=MAX_BYTES, twins=False)
    except JsonError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        draft.broken = f"{error.message}{place}"
        return draft
    if isinstance(given, dict):
        draft.document = given
    else:
        draft.broken = "A feature is a JSON object."
    return draft


def stored_draft(row: Any, world: World) -> Draft:
    """A stored feature, unchanged."""
    document = {"tag": row.tag, "name": row.name, "description": row.description, **row.definition}
    document = as_written(document)
    return Draft(pretty(document), document, world, stamp=row.updated_at.isoformat())


def apply_panel(draft: Draft, sent: Sent) -> None:
    """What was typed into the panel goes into the document, unless the panel shows something older than that."""
    panel = draft.panel()
    draft.redraw = False
    if panel is None or draft.document is None or sent.get("was", "") != panel.was:
        draft.redraw = True
        return
    found = changes_in(panel, sent)
    draft.errors, draft.redraw = found.errors, found.redraw
    rows = read_rows(draft.document, sent) if panel.kind == "feature" else None
    if rows is not None:
        found.values["input"] = rows
    if found.values:
        try:
            _write(draft, panel, found.values)
        except edit.EditError as error:
            draft.said, draft.redraw = str(error), True


def pretty(document: Json) -> str:
    """The text of a document."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def definition_of(document: JsonObject) -> JsonObject:
    """What is stored as the definition: the document without what stands beside it."""
    return {key: value for key, value in document.items() if key not in {"tag", "name", "description"}}


def beside_of(document: JsonObject) -> dict[str, str]:
    """What is stored beside the definition. Raises Invalid for what is no text."""
    found = {"name": "", "description": ""}
    for key in ("tag", "name", "description"):
        value = document.get(key)
        if isinstance(value, str):
            found[key] = value
        elif value is not None:
            raise Invalid.field(key, "This must be text.", code="type")
    return found


def differs(draft: Draft, row: Any) -> bool:
    """Whether the draft says something else than what is stored."""
    document = draft.document
    if document is None or definition_of(document) != row.definition:
        return True
    beside = [str(document.get(key) or "").strip() for key in ("name", "description")]
    return beside != [row.name, row.description.strip()] or document.get("tag", row.tag) != row.tag


def _write(draft: Draft, panel: Panel, values: dict[str, Json]) -> None:
    document = cast(JsonObject, draft.document)
    if panel.kind == "feature":
        draft.replace(changed_row(document, values))
    elif panel.kind == "sequence":
        row = edit.sequence_at(document, draft.selected)
        changed, draft.selected = edit.change_sequence(document, draft.selected, _difference(row, values))
        draft.replace(changed)
    else:
        name = step_name(draft.selected)
        row = edit.event_at(document, name)
        changed, name = edit.change_event(document, name, _difference(row, values))
        if values.get("@sequence"):
            changed, name = edit.regroup_event(changed, name, str(values["@sequence"]))
        draft.selected = str(name)
        draft.replace(changed)


def _difference(row: JsonObject, values: dict[str, Json]) -> JsonObject:
    """What changes of a row, None for what goes; another type takes along what only the old one knew."""
    after = changed_row(kept_row(row), values)
    if values.get("type") and values["type"] != row.get("type"):
        known = keys_of(str(values["type"]))
        own = {"app", "event"} & set(row)
        after = {key: value for key, value in after.items() if key in known and key not in own}
    return {**dict.fromkeys(set(row) - set(after)), **after}


def step_name(name: str) -> StepName:
    """The event that "sequence/event" stands for."""
    sequence, _, event = name.partition("/")
    return StepName(sequence, event)


def _place(rows: Json, row: JsonObject) -> int:
    return next((place for place, one in enumerate(rows) if one is row), 0) if isinstance(rows, list) else 0
