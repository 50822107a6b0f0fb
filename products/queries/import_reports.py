"""What an import did or would do, as JSON: the report of a document, and the difference to an app."""

from __future__ import annotations

from collections import Counter
from typing import Any

from products.importers import AppDraft
from products.lib.actions import ActionSpec
from products.lib.jsontypes import JsonObject, content_hash

LISTED_AT_MOST = 5_000


def report_json(draft: AppDraft) -> JsonObject:
    """Format, title, how much of what came in, and every notice: what did not, or came in otherwise, and why."""
    notices = [
        {"level": each.level, "code": each.code, "place": each.place, "message": each.message} for each in draft.notices
    ]
    return {
        "format": draft.format,
        "version": draft.version,
        "title": draft.title,
        "actions": len(draft.actions),
        "counts": {
            "actions": len(draft.actions),
            "auths": len(draft.auths),
            "environments": len(draft.environments),
            "variables": len(draft.variables),
            "folders": len(draft.folders),
            "samples": sum(len(each.samples) for each in draft.actions),
        },
        "notices": notices,
        "levels": dict(Counter(each["level"] for each in notices)),
    }


def difference_json(found: Any) -> JsonObject:
    """Added, changed and removed actions by name (`services.comparing.Comparison`), and the app's other parts.

    `digest` is another one as soon as the app, or what would change in it, is.
    """
    actions = found.actions
    shown: JsonObject = {
        "added": [_call(each.spec) for each in actions.added[:LISTED_AT_MOST]],
        "changed": [
            {**_call(change.new.spec), "tag": change.tag, "fields": list(change.fields)}
            for change in actions.changed[:LISTED_AT_MOST]
        ],
        "removed": [_call(spec) for spec in actions.removed[:LISTED_AT_MOST]],
        "counts": {
            "added": len(actions.added),
            "changed": len(actions.changed),
            "removed": len(actions.removed),
            "same": len(actions.same),
        },
        "parts": {name: part.as_json() for name, part in found.parts.items()},
    }
    return {**shown, "digest": content_hash({"app": found.state, "shown": shown})}


def _call(spec: ActionSpec) -> JsonObject:
    return {"tag": spec.tag, "name": spec.name, "method": spec.method, "path": spec.path}
