"""Connects apps to products, and says for each environment where the connection leads and with which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from products import access
from products.access import Actor, Permission
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.tags import slugify_tag
from products.models import App, AppAuth, AppEnvironment, Colour, Connection, ConnectionEnvironment, Product
from products.services import audit, values
from products.services.connection_hosts import bind_hosts, is_bound_to_all
from products.services.validation import assign, insert, name_text

MAX_CONNECTIONS = 500


def connect(actor: Actor, product_tag: str, data: Mapping[str, Any]) -> Connection:
    """Connects `data["app"]` (the tag of an own app, or the id of an own or published one) under `data["tag"]`.

    `data["environments"]`, {slug: as for `map_environment`}, maps environments in the same step. Raises NotFound,
    Invalid, Conflict, Forbidden.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        product = access.product(actor, product_tag)
        app = _held(actor, _app(actor, str(data.get("app", ""))))
        Product.objects.select_for_update().get(pk=product.pk)
        if product.connections.count() >= MAX_CONNECTIONS:
            raise Conflict(f"A product may have at most {MAX_CONNECTIONS} connections.")
        name = name_text(str(data.get("name") or app.name))
        tag = str(data.get("tag") or slugify_tag(name, fallback=app.tag))
        row = Connection(product=product, app=app, tag=tag, name=name)
        insert(row, unique="tag", message=f"The product has a connection “{tag[:63]}” already.")
        audit.record(actor, "connection.created", row, changes={"app": [None, app.tag]})
        for slug, wanted in (data.get("environments") or {}).items():
            _map(actor, row, slug, wanted, pointer=f"/environments/{slug}")
    return row


def rename(actor: Actor, product_tag: str, tag: str, data: Mapping[str, Any]) -> Connection:
    """Changes the name; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _mine(actor, product_tag, tag)
        if "name" in data:
            changes = assign(row, {"name": name_text(str(data["name"]))}, ["name"])
            row.save(update_fields=["name", "updated_at"])
            audit.record(actor, "connection.updated", row, changes=changes)
    return row


def disconnect(actor: Actor, product_tag: str, tag: str) -> None:
    """Removes the connection with all its values. Raises NotFound, Forbidden."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _mine(actor, product_tag, tag)
        for place in row.environments.select_related("environment"):
            actor.need_change_in(place.environment)
        audit.record(actor, "connection.deleted", row, changes={"app": [row.app.tag, None]})
        row.delete()


def map_environment(
    actor: Actor, product_tag: str, tag: str, slug: str, *, data: Mapping[str, Any]
) -> ConnectionEnvironment:
    """Says where the connection leads from the product's environment `slug`; what `data` does not name stays.

    `data`: `app_environment` (slug; needed the first time; naming it confirms that secret values may go where it
    leads), `auth` (tag or None for none), `variables` and `credentials` ({key: value}; None removes, the mask keeps),
    `verify_tls` (False only where the environment is not marked red). Raises NotFound, Invalid, Forbidden.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        return _map(actor, _mine(actor, product_tag, tag), slug, data, pointer="")


def unmap_environment(actor: Actor, product_tag: str, tag: str, slug: str) -> None:
    """Forgets one environment and its values. Raises NotFound, Forbidden."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _mine(actor, product_tag, tag)
        environment = access.environment(actor, row.product, slug)
        actor.need_change_in(environment)
        place = ConnectionEnvironment.objects.filter(connection=row, environment=environment).first()
        if place is None:
            raise NotFound("This environment is not mapped.")
        audit.record(actor, "connection.unmapped", row, changes={"environment": [slug, None]})
        place.delete()


def _app(actor: Actor, wanted: str) -> App:
    """By tag among the workspace's own, by id among the published ones too. Raises Invalid."""
    try:
        return access.app_by_id(actor, wanted) if _is_id(wanted) else access.own_app(actor, wanted)
    except NotFound as error:
        raise Invalid.field("app", "There is no such app that you could connect.", code="unknown") from error


def _held(actor: Actor, app: App) -> App:
    """Locked: whoever deletes the app's workspace withdraws it first, and then looks who has connected it."""
    rows = access.connectable_apps(actor).select_for_update(no_key=True)
    try:
        return access.mine(actor, rows, "app", pk=app.pk)
    except NotFound as error:
        raise Invalid.field("app", "There is no such app that you could connect.", code="unknown") from error


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _mine(actor: Actor, product_tag: str, tag: str) -> Connection:
    rows = Connection.objects.select_for_update(of=("self",)).select_related("app", "product__workspace")
    return access.mine(actor, rows.filter(product=access.product(actor, product_tag)), "connection", tag=tag)


def _map(actor: Actor, row: Connection, slug: str, data: Mapping[str, Any], *, pointer: str) -> ConnectionEnvironment:
    try:
        return _mapped(actor, row, slug, data)
    except Invalid as error:
        if not pointer:
            raise
        problems = (FieldProblem(pointer + each.pointer, each.code, each.detail) for each in error.errors)
        raise Invalid(errors=tuple(problems)) from error


def _mapped(actor: Actor, row: Connection, slug: str, data: Mapping[str, Any]) -> ConnectionEnvironment:
    environment = access.environment(actor, row.product, slug)
    actor.need_change_in(environment)
    place = ConnectionEnvironment.objects.filter(connection=row, environment=environment).first()
    new = place is None
    if place is None:
        place = ConnectionEnvironment(connection=row, environment=environment)
    place.connection = row
    confirmed = new or "app_environment" in data or is_bound_to_all(place)
    changes = {**_aim(place, data, new=new), **_trust(actor, place, data)}
    place.save()
    if "auth" in changes and not new:
        values.drop_credentials(place)
        ConnectionEnvironment.objects.filter(pk=place.pk).update(authorized_at=None, access_ends_at=None)
        place.authorized_at = place.access_ends_at = None
    touched = values.set_values(
        actor, place, variables=data.get("variables") or {}, credentials=data.get("credentials") or {}
    )
    hosts = bind_hosts(actor, place, confirmed=confirmed)
    if new or changes or touched or hosts:
        audit.record(actor, "connection.mapped", row, changes={"environment": slug, **changes, **touched, **hosts})
    return place


def _aim(place: ConnectionEnvironment, data: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """Sets the app's environment and auth; returns what differs. Only those of the connected app can be named."""
    app: App = place.connection.app
    changes: dict[str, Any] = {}
    if new or "app_environment" in data:
        before = None if new else place.app_environment.slug
        place.app_environment = _app_environment(app, data.get("app_environment"))
        if before != place.app_environment.slug:
            changes["app_environment"] = [before, place.app_environment.slug]
    if "auth" in data:
        before = place.auth.tag if place.auth else None
        place.auth = _auth(app, data["auth"])
        if before != (place.auth.tag if place.auth else None):
            changes["auth"] = [before, place.auth.tag if place.auth else None]
    return changes


def _trust(actor: Actor, place: ConnectionEnvironment, data: Mapping[str, Any]) -> dict[str, Any]:
    """Whether any certificate will do. Raises Invalid in an environment marked red, Forbidden."""
    wanted = data.get("verify_tls")
    if not isinstance(wanted, bool) or wanted == place.verify_tls:
        return {}
    actor.need(Permission.USE_SECRETS)
    if not wanted and place.environment.colour == Colour.RED:
        message = "Certificates are always verified in an environment that is marked red."
        raise Invalid.field("verify_tls", message, code="not_here")
    place.verify_tls = wanted
    return {"verify_tls": [not wanted, wanted]}


def _app_environment(app: App, slug: object) -> AppEnvironment:
    found = app.environments.filter(slug=slug).first() if isinstance(slug, str) else None
    if found is None:
        raise Invalid.field("app_environment", "Choose one of the app's environments.", code="unknown")
    return found


def _auth(app: App, tag: object) -> AppAuth | None:
    if tag is None or tag == "":
        return None
    found = app.auths.filter(tag=tag).first() if isinstance(tag, str) else None
    if found is None:
        raise Invalid.field("auth", "Choose one of the app's auths, or none.", code="unknown")
    return found
