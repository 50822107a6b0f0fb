"""Reads of access keys: never the key itself, which nobody has."""

from __future__ import annotations

from django.db.models import QuerySet

from products.access import Actor, Permission, mine
from products.models import AccessKey, Workspace
from products.queries.prepared import Columns, fetch

_KEY, _HOME = Columns(AccessKey, "k"), Columns(Workspace, "w")
_BY_PREFIX = f"""
SELECT {_KEY.sql}, {_HOME.sql} FROM products_accesskey k JOIN products_workspace w ON w.id = k.workspace_id
WHERE k.prefix = %s
"""  # noqa: S608 - our own names


def keys_of(actor: Actor) -> QuerySet[AccessKey]:
    """All of the workspace, the newest first, revoked ones too. Raises Forbidden."""
    actor.need(Permission.MANAGE_KEYS)
    return AccessKey.objects.filter(workspace=actor.workspace).select_related("created_by").order_by("-id")


def key_by_id(actor: Actor, key_id: object) -> AccessKey:
    """Raises NotFound, Forbidden."""
    return mine(actor, keys_of(actor), "access key", id=key_id)


def key_by_prefix(prefix: str) -> AccessKey | None:
    """The key with its workspace, valid or not: asked for every request of a program, so without the ORM's detour."""
    row = next(iter(fetch(_BY_PREFIX, [prefix])), None)
    if row is None:
        return None
    key: AccessKey = _KEY.object_of(row[: len(_KEY)])
    key.workspace = _HOME.object_of(row[len(_KEY) :])
    return key
