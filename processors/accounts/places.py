"""A connection in one environment, put together as for a run but without an action: to get its token or test it."""

from __future__ import annotations

import json
from typing import Any

from processors.runtime import statements
from processors.runtime.at_once import compose
from processors.runtime.composition import Composed
from processors.runtime.loader import SealedValue, definition_of
from processors.runtime.secrets import Vault
from products import access
from products.access import Actor
from products.lib.actions import ActionSpec, to_json
from products.lib.errors import Conflict
from products.lib.jsontypes import JsonObject
from products.models import Action, Colour, Connection, ConnectionEnvironment, Environment, ValueKind
from products.queries.connection_values import references, with_app_parts
from products.queries.prepared import fetch

_NONE = ActionSpec("none", "None", "GET", "/")
_COLUMNS = ("kind", "name", "id", "sealed", "hosts", "given_for")


def find_place(actor: Actor, product_tag: str, connection_tag: str, slug: str) -> ConnectionEnvironment:
    """The mapped environment with all that `composed_place` needs. Raises NotFound, Conflict."""
    product = access.product(actor, product_tag)
    link = access.mine(actor, Connection.objects.filter(product=product), "connection", tag=connection_tag)
    environment: Environment = access.environment(actor, product, slug)
    rows = ConnectionEnvironment.objects.filter(connection=link, environment=environment)
    rows = rows.select_related("connection__app", "connection__product", "app_environment", "auth", "environment")
    found: ConnectionEnvironment | None = with_app_parts(rows).prefetch_related("values").first()
    if found is None:
        raise Conflict(f"The environment “{slug}” is not mapped yet.", code="not_mapped")
    return found


def composed_place(actor: Actor, place: ConnectionEnvironment) -> tuple[Composed, Vault]:
    """With its values opened. Raises NoToken, naming what is missing."""
    definition = definition_of("", _content(place))
    rows = fetch(
        statements.VALUES,
        {
            "values": list(definition.sealed_values),
            "secrets": list(definition.secrets),
            "connection_environment": place.pk,
            "workspace": actor.workspace.pk,
        },
    )
    values = tuple(_sealed(row) for row in rows)
    vault = Vault.of(actor.workspace.pk, bytes(actor.workspace.data_key))
    return compose(definition, values, vault), vault


def _sealed(row: tuple[Any, ...]) -> SealedValue:
    found = dict(zip(_COLUMNS, row, strict=True))
    for name in ("hosts", "given_for"):  # Django's connection gives JSON as the text it is
        found[name] = json.loads(found[name]) if isinstance(found[name], str) else found[name]
    return SealedValue.of(found)


def _content(place: ConnectionEnvironment) -> JsonObject:
    values = references(place)
    return {
        "connection_environment": str(place.pk),
        "action": to_json(_NONE),
        "policy": {},
        "app_environment": {"base_url": place.app_environment.base_url},
        "verify_tls": place.verify_tls or place.environment.colour == Colour.RED,
        "auth": place.auth.spec if place.auth is not None else None,
        "login": _login(place),
        "constants": {row["key"]: row["value"] for row in place.constants},  # type: ignore[attr-defined]
        "variables": values[ValueKind.VARIABLE],
        "credentials": values[ValueKind.CREDENTIAL],
    }


def _login(place: ConnectionEnvironment) -> JsonObject | None:
    tag = ((place.auth.spec.get("login") or {}).get("action", "")) if place.auth is not None else ""
    row = Action.objects.filter(app_id=place.connection.app_id, tag=tag).first() if tag else None
    spec: JsonObject | None = row.spec if row is not None else None
    return spec
