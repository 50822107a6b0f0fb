"""What operations of databases, storages and caches give, as far as it is known before they are made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from products.expressions import Shape
from products.features.definition import Call

_ANY: Final = Shape()
_TEXT: Final = Shape(frozenset({"text"}))
_NUMBER: Final = Shape(frozenset({"number"}))
_FLAG: Final = Shape(frozenset({"boolean"}))
_OBJECT: Final = frozenset({"object"})


def _list(items: Shape) -> Shape:
    return Shape(frozenset({"list"}), items=items)


_FILE: Final = {"key": _TEXT, "size": _NUMBER, "modified_at": _TEXT}
_ROWS: Final = {
    "rows": _list(Shape(_OBJECT, open=True)), "count": _NUMBER, "changed": _NUMBER, "truncated": _FLAG,
}  # fmt: skip
# Of a database every action gives the same.
FIELDS: Final[Mapping[tuple[str, str], Mapping[str, Shape]]] = MappingProxyType({
    ("db_action", ""): _ROWS,
    ("storage", "save"): {"key": _TEXT, "size": _NUMBER, "content_type": _TEXT, "etag": _TEXT},
    ("storage", "read"): {
        **_FILE, "content_type": _TEXT, "content": _TEXT, "json": _ANY, "base64": _TEXT, "file": _TEXT,
    },
    ("storage", "list"): {
        "files": _list(Shape(_OBJECT, _FILE, open=True)), "folders": _list(_TEXT), "next": _TEXT.or_null(),
    },
    ("storage", "delete"): {"key": _TEXT, "existed": _FLAG},
    ("storage", "copy"): {"key": _TEXT, "to": _TEXT},
    ("storage", "sign"): {"url": _TEXT, "expires_at": _TEXT},
    ("cache", "get"): {"value": _ANY, "found": _FLAG, "age_s": _NUMBER.or_null()},
    ("cache", "set"): {"key": _TEXT},
    ("cache", "delete"): {"key": _TEXT, "existed": _FLAG},
    ("cache", "increment"): {"value": _NUMBER},
})  # fmt: skip


def result_of(call: Call) -> Shape:
    """Of what is not known here, anything. More keys than these may be there."""
    operation = "" if call.type == "db_action" else call.event.partition(":")[2]
    fields = FIELDS.get((call.type, operation))
    return Shape() if fields is None else Shape(_OBJECT, dict(fields), open=True)
