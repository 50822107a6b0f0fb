"""Who did what to a resource without a run: statements of their own, of which the first 500 characters are kept without
what looks like a secret, and values of a cache that were forgotten.
"""

from __future__ import annotations

import re
from typing import Final

from products.access import Actor
from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import MASK, mask_keys
from products.models import Resource
from products.services import audit

NOTED: Final = 500
_NAMED: Final = re.compile(
    r"(\b\w{0,60}(?:password|passwd|secret|token|api_?key|identified\s+(?:with\s+\w+\s+)?by)\w{0,60}\b"
    r"[\s=:,(<>!]*(?:as\s+|by\s+|like\s+)?)([enbx]?'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|\$\w*\$.*?(?:\$\w*\$|\Z))",
    re.IGNORECASE | re.DOTALL,
)


def note_query(actor: Actor, composition: JsonObject, given: Json) -> None:
    """Notes it before it is sent: what comes of it may never be known."""
    asked = given if isinstance(given, dict) else {}
    changes = {
        "query": masked_query(str(asked.get("text", ""))),
        "read_only": asked.get("read_only", True) is True,
    }
    _note(actor, "database.queried", composition, changes)


def note_purge(actor: Actor, composition: JsonObject, given: Json) -> None:
    """Notes which key, or that it is all of them, before it is asked for."""
    key = given.get("key") if isinstance(given, dict) else None
    _note(actor, "cache.purged", composition, {"key": mask_keys(str(key))[:NOTED]} if key else {"all": True})


def _note(actor: Actor, verb: str, composition: JsonObject, changes: JsonObject) -> None:
    row = Resource.objects.get(pk=composition["resource"]["id"])
    audit.record(actor, verb, row, changes={"environment": composition["environment"], **changes})


def masked_query(text: str) -> str:
    """Literals after the word password, secret or token are masked; then it is cut."""
    begin = text[: NOTED * 4]
    if begin.lstrip()[:1] not in {"{", "["}:  # an operation of MongoDB is JSON
        begin = _NAMED.sub(lambda found: f"{found[1]}'{MASK}'", begin)
    return mask_keys(begin)[:NOTED]
