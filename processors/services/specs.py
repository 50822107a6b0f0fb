"""What a call is by today's configuration: put together once, and again only when one of its rows has changed.

Whether it has is asked of the database for every run, in one statement: the versions (`xmin` and `ctid`) of all rows
that the definition is made of. So nothing has to tell this cache of a change, and it is never stale.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from products import access
from products.access import Actor
from products.lib.actions import ActionSpec, action_from_json
from products.lib.errors import NotFound
from products.lib.jsontypes import JsonObject, content_hash
from products.models import Environment
from products.queries.callable_actions import callable_action
from products.queries.callable_resources import Wanted, callable_operation
from products.queries.prepared import fetch

KEPT = 1_000
# What workers note of a connection's health changes its row all the time, and nothing of what is called.
HEALTH = ["last_success_at", "last_failure_at", "last_failure", "updated_at"]
_VERSIONS = """
SELECT concat_ws(' ', (p.xmin, p.ctid), (e.xmin, e.ctid), (c.xmin, c.ctid), to_jsonb(ce) - %s::text[],
    (app.xmin, app.ctid), (ae.xmin, ae.ctid), (auth.xmin, auth.ctid), (a.xmin, a.ctid),
    (SELECT string_agg(concat(l.xmin, l.ctid), ',' ORDER BY l.id) FROM products_action l
        WHERE l.app_id = app.id AND l.tag = auth.spec #>> '{login,action}'),
    (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_connectionvalue v
        WHERE v.connection_environment_id = ce.id),
    (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_appvariable v WHERE v.app_id = app.id),
    (SELECT string_agg(concat(v.xmin, v.ctid), ',' ORDER BY v.id) FROM products_appconstant v WHERE v.app_id = app.id),
    (SELECT string_agg(s.key, ',' ORDER BY s.key) FROM products_secret s WHERE s.workspace_id = p.workspace_id))
FROM products_product p
JOIN products_environment e ON e.product_id = p.id AND e.slug = %s
JOIN products_connection c ON c.product_id = p.id AND c.tag = %s
JOIN products_connectionenvironment ce ON ce.connection_id = c.id AND ce.environment_id = e.id
JOIN products_app app ON app.id = c.app_id
JOIN products_appenvironment ae ON ae.id = ce.app_environment_id
JOIN products_action a ON a.app_id = app.id AND a.tag = %s
LEFT JOIN products_appauth auth ON auth.id = ce.auth_id
WHERE p.workspace_id = %s AND p.tag = %s
"""

Key = TypeVar("Key")
Value = TypeVar("Value")
Place: TypeAlias = "tuple[UUID, str, str, str, str]"  # workspace, product, environment, connection, action


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that may be made: its immutable definition, addressed by `hash`, and where it runs."""

    environment: Environment
    composition: JsonObject
    hash: str
    spec: ActionSpec
    target: str

    def cached(self, composition: JsonObject) -> Prepared:
        """The same call, whose result a cache may have."""
        return replace(self, composition=composition, hash=content_hash(composition))


class Recent(Generic[Key, Value]):
    """The most recently used values, for many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """None when it is not there."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: Key, value: Value) -> None:
        """The least recently used one makes room."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > KEPT:
                self._values.popitem(last=False)


_prepared: Recent[Place, tuple[str, Prepared]] = Recent()
_specs: Recent[str, ActionSpec] = Recent()


def prepared(actor: Actor, place: tuple[str, str, str, str]) -> Prepared:
    """The call at `place`: product, environment, access tag, action. Raises NotFound, Forbidden, Conflict."""
    product, environment, app, action = place
    if any("\x00" in tag for tag in place):
        raise NotFound("There is nothing of that name.")
    versions = _versions(actor, place)
    key = (actor.workspace.pk, *place)
    known = _prepared.get(key)
    is_mine = not actor.product_scope or product in actor.product_scope
    if known is not None and is_mine and known[0] == versions:
        return known[1]
    product_row = access.product(actor, product)
    row = access.environment(actor, product_row, environment)
    actor.need_run_in(row)
    call = callable_action(actor, product_row, row, access_tag=app, action_tag=action)
    content = call.composition
    made = Prepared(row, content, content_hash(content), _spec(content), f"{app}:{action}")
    if versions:  # read before what it describes: a change in between leads to another look, not to a stale one
        _prepared.put(key, (versions, made))
    return made


def with_cache(actor: Actor, environment: Environment, composition: JsonObject, tag: str) -> JsonObject:
    """The composition with the cache that its runs name. Raises NotFound, Conflict."""
    cache = callable_operation(actor, environment.product, environment, Wanted("cache", tag, "get"))
    return {**composition, "cache": cache}


def _versions(actor: Actor, place: tuple[str, str, str, str]) -> str:
    """Empty when something on the way is not there."""
    product, environment, app, action = place
    rows = fetch(_VERSIONS, [HEALTH, environment, app, action, actor.workspace.pk, product])
    return rows[0][0] if rows else ""


def _spec(content: JsonObject) -> ActionSpec:
    """The very same object for the same action: what is compiled from it is found again by its identity."""
    key = content_hash(content["action"])
    known = _specs.get(key)
    if known is None:
        known = action_from_json(content["action"])
        _specs.put(key, known)
    return known
