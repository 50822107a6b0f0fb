"""Who sent which statement of their own where: the first 500 characters, without what looks like a secret."""

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
    row = Resource.objects.get(pk=composition["resource"]["id"])
    changes = {
        "environment": composition["environment"],
        "query": masked_query(str(asked.get("text", ""))),
        "read_only": asked.get("read_only", True) is True,
    }
    audit.record(actor, "database.queried", row, changes=changes)


def masked_query(text: str) -> str:
    """Literals after the word password, secret or token are masked; then it is cut."""
    begin = text[: NOTED * 4]
    if begin.lstrip()[:1] not in {"{", "["}:  # an operation of MongoDB is JSON
        begin = _NAMED.sub(lambda found: f"{found[1]}'{MASK}'", begin)
    return mask_keys(begin)[:NOTED]
