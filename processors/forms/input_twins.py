"""The two ways in which an input is typed, kept in step: fields by name, and one JSON object. Nothing typed is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from processors.forms.parameters import MAX_TEXT, PREFIX, shown_text, value_of
from products.lib.actions import Parameter
from products.lib.jsontypes import JsonError, JsonObject, parse_json

KEPT = "The JSON is left as it is, because it cannot be read"
NO_FIELDS = "The fields still show what they did, because the JSON cannot be read"


def in_step(declared: Sequence[Parameter], sent: Mapping[str, str], to: str) -> JsonObject:
    """What has to be shown after a change to the tab `to`, "json" or "fields", and what to say where that cannot be."""
    texts = {one.name: sent.get(PREFIX + one.name, "").replace("\r\n", "\n") for one in declared}
    try:
        whole = _object(sent.get("json", ""))
    except JsonError as error:
        return {"said": f"{KEPT if to == 'json' else NO_FIELDS}: {error.message}"}
    if to == "json":
        return {"json": json.dumps(_merged(declared, texts, whole), indent=2, ensure_ascii=False)}
    return {"fields": {PREFIX + one.name: _text(one, texts[one.name], whole) for one in declared}}


def _object(text: str) -> JsonObject:
    whole = parse_json(text, max_bytes=MAX_TEXT) if text.strip() else {}
    if not isinstance(whole, dict):
        raise JsonError("an input is an object: { … }")
    return whole


def _merged(declared: Sequence[Parameter], texts: Mapping[str, str], whole: JsonObject) -> JsonObject:
    """The object with what the fields say otherwise; what no field is for stays."""
    found = dict(whole)
    for one in declared:
        text = texts[one.name]
        if text == shown_text(one, whole.get(one.name)):
            continue
        if text:
            found[one.name] = value_of(one, text)
        else:
            found.pop(one.name, None)
    return found


def _text(one: Parameter, text: str, whole: JsonObject) -> str:
    """As it was typed, where that means the same."""
    same = bool(text) and one.name in whole and value_of(one, text) == whole[one.name]
    return text if same else shown_text(one, whole.get(one.name))
