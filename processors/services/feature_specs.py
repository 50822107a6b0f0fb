"""What a run of a feature executes by today's configuration; as `specs`, put together again only when a row changed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from processors.services.specs import HEALTH, Recent
from products import access, features
from products.access import Actor
from products.lib.errors import NotFound
from products.lib.jsontypes import JsonObject, content_hash
from products.models import Environment, Product
from products.queries.callable_features import Draft, callable_feature, draft_of
from products.queries.prepared import fetch

# The versions of every row that the composition is made of. Where all features of the draft are looked at, those of a
# release need none: a release never changes, and the environment's own row says which one it is.
_VERSIONS = """
SELECT concat_ws(' ', (p.xmin, p.ctid), (e.xmin, e.ctid),
    (SELECT string_agg(concat(f.xmin, f.ctid), ',' ORDER BY f.id) FROM products_feature f
        WHERE f.product_id = p.id AND f.tag = ANY(%(features)s::text[])),
    (SELECT string_agg(concat_ws(' ', c.xmin, c.ctid, to_jsonb(ce) - %(health)s::text[], app.xmin, app.ctid, ae.xmin,
            ae.ctid, auth.xmin, auth.ctid,
            (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_connectionvalue v
                WHERE v.connection_environment_id = ce.id),
            (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_appvariable v
                WHERE v.app_id = app.id),
            (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_appconstant v
                WHERE v.app_id = app.id),
            (SELECT string_agg(concat(l.xmin, l.ctid), ',' ORDER BY l.id) FROM products_action l
                WHERE l.app_id = app.id AND l.tag = auth.spec #>> '{login,action}')), ';' ORDER BY c.id)
        FROM products_connection c
        JOIN products_connectionenvironment ce ON ce.connection_id = c.id AND ce.environment_id = e.id
        JOIN products_app app ON app.id = c.app_id
        JOIN products_appenvironment ae ON ae.id = ce.app_environment_id
        LEFT JOIN products_appauth auth ON auth.id = ce.auth_id
        WHERE c.product_id = p.id AND c.tag = ANY(%(connections)s::text[])),
    (SELECT string_agg(concat(a.xmin, a.ctid), ',' ORDER BY c.id, a.id)
        FROM unnest(%(apps)s::text[], %(actions)s::text[]) AS w(app, tag)
        JOIN products_connection c ON c.product_id = p.id AND c.tag = w.app
        JOIN products_action a ON a.app_id = c.app_id AND a.tag = w.tag),
    (SELECT string_agg(concat_ws(' ', r.xmin, r.ctid, to_jsonb(rc) - %(health)s::text[],
            (SELECT string_agg(concat(s.xmin, s.ctid), ',' ORDER BY s.id) FROM products_resourcesecret s
                WHERE s.config_id = rc.id)), ';' ORDER BY r.id)
        FROM products_resource r
        LEFT JOIN products_resourceconfig rc ON rc.resource_id = r.id AND rc.environment_id = e.id
        WHERE r.product_id = p.id AND r.tag = ANY(%(resources)s::text[])),
    (SELECT string_agg(concat(a.xmin, a.ctid), ',' ORDER BY a.id) FROM products_databaseaction a
        JOIN products_resource r ON r.id = a.resource_id
        WHERE r.product_id = p.id AND concat(r.tag, ':', a.tag) = ANY(%(operations)s::text[])),
    (SELECT string_agg(s.key, ',' ORDER BY s.key) FROM products_secret s WHERE s.workspace_id = p.workspace_id))
FROM products_product p
JOIN products_environment e ON e.product_id = p.id AND e.slug = %(environment)s
WHERE p.workspace_id = %(workspace)s AND p.tag = %(product)s
"""


@dataclass(frozen=True, slots=True)
class PreparedFeature:
    """A feature that may be run: its immutable definition, addressed by `hash`, and where it runs."""

    environment: Environment
    composition: JsonObject
    hash: str
    draft: Draft

    @property
    def feature(self) -> features.Feature:
        """The one that runs."""
        return self.draft.feature


_prepared: Recent[tuple[UUID, str, str, str], tuple[str, PreparedFeature]] = Recent()


def prepared_feature(actor: Actor, product: str, environment: str, tag: str) -> PreparedFeature:
    """The feature as it would run there now. Raises NotFound, Forbidden, Conflict."""
    if any("\x00" in text for text in (product, environment, tag)):
        raise NotFound("There is nothing of that name.")
    key = (actor.workspace.pk, product, environment, tag)
    known = _prepared.get(key)
    is_mine = not actor.product_scope or product in actor.product_scope
    if known is not None and is_mine and known[0] == _versions(actor, product, environment, known[1].draft):
        return known[1]
    product_row = access.product(actor, product)
    row = access.environment(actor, product_row, environment)
    actor.need_run_in(row)
    draft = draft_of(product_row, row, tag)
    versions = _versions(actor, product, environment, draft)  # before what they are of: a change between is seen later
    made = composed(actor, product_row, row, draft)
    if versions:
        _prepared.put(key, (versions, made))
    return made


def composed(actor: Actor, product: Product, environment: Environment, draft: Draft) -> PreparedFeature:
    """The draft with everything it calls there. Raises NotFound, Conflict."""
    content = callable_feature(actor, product, environment, draft)
    return PreparedFeature(environment, content, content_hash(content), draft)


def _versions(actor: Actor, product: str, environment: str, draft: Draft) -> str:
    """Empty when something on the way is not there."""
    calls = draft.calls
    rows = fetch(
        _VERSIONS,
        {
            "health": HEALTH,
            "features": list(draft.documents),
            "connections": list({*(app for app, _ in calls), *draft.connections}),
            "apps": [app for app, _ in calls],
            "resources": [*(wanted.resource for _, wanted in draft.operations), *draft.caches],
            "operations": [wanted.target for _, wanted in draft.operations],
            "actions": [action for _, action in calls],
            "environment": environment,
            "workspace": actor.workspace.pk,
            "product": product,
        },
    )
    return rows[0][0] if rows else ""
