"""What an operation of a resource is by today's configuration; as `specs`, put together again when a row changed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from processors.services.specs import HEALTH, Recent
from products import access
from products.access import Actor
from products.catalog.resources.operations import input_fields
from products.lib.actions import Parameter
from products.lib.errors import NotFound
from products.lib.jsontypes import JsonObject, content_hash
from products.models import Environment
from products.queries.callable_resources import Wanted, callable_operation
from products.queries.prepared import fetch

_VERSIONS = """
SELECT concat_ws(' ', (p.xmin, p.ctid), (e.xmin, e.ctid), (r.xmin, r.ctid), to_jsonb(c) - %(health)s::text[],
    (SELECT string_agg(concat(s.xmin, s.ctid), ',' ORDER BY s.id) FROM products_resourcesecret s
        WHERE s.config_id = c.id),
    (SELECT concat(a.xmin, a.ctid) FROM products_databaseaction a
        WHERE a.resource_id = r.id AND a.tag = %(event)s),
    (SELECT string_agg(s.key, ',' ORDER BY s.key) FROM products_secret s WHERE s.workspace_id = p.workspace_id))
FROM products_product p
JOIN products_environment e ON e.product_id = p.id AND e.slug = %(environment)s
JOIN products_resource r ON r.product_id = p.id AND r.kind = %(kind)s AND r.tag = %(resource)s
JOIN products_resourceconfig c ON c.resource_id = r.id AND c.environment_id = e.id
WHERE p.workspace_id = %(workspace)s AND p.tag = %(product)s AND p.deleting_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """An operation that may be made: its immutable definition, addressed by `hash`, and where it runs."""

    environment: Environment
    composition: JsonObject
    hash: str
    fields: tuple[Parameter, ...]


_prepared: Recent[tuple[UUID, str, str, Wanted, bool], tuple[str, PreparedOperation]] = Recent()


def prepared_operation(
    actor: Actor, product: str, environment: str, wanted: Wanted, *, inner: bool = False
) -> PreparedOperation:
    """The operation as it would run there now. Raises NotFound, Conflict."""
    if any("\x00" in text for text in (product, environment, wanted.kind, wanted.resource, wanted.event)):
        raise NotFound("There is nothing of that name.")
    key = (actor.workspace.pk, product, environment, wanted, inner)
    versions = _versions(actor, product, environment, wanted)
    known = _prepared.get(key)
    is_mine = not actor.product_scope or product in actor.product_scope
    if known is not None and versions and is_mine and known[0] == versions:
        return known[1]
    product_row = access.product(actor, product)
    row = access.environment(actor, product_row, environment)
    content = callable_operation(actor, product_row, row, wanted, inner=inner)
    fields = input_fields(wanted.kind, content["operation"], content["definition"])
    made = PreparedOperation(row, content, content_hash(content), fields)
    if versions:
        _prepared.put(key, (versions, made))
    return made


def _versions(actor: Actor, product: str, environment: str, wanted: Wanted) -> str:
    """Empty when something on the way is not there."""
    rows = fetch(
        _VERSIONS,
        {
            "health": HEALTH,
            "event": wanted.event,
            "environment": environment,
            "kind": wanted.kind,
            "resource": wanted.resource,
            "workspace": actor.workspace.pk,
            "product": product,
        },
    )
    return rows[0][0] if rows else ""
