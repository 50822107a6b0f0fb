"""Apps, products and connections for tests, made by the services themselves."""

from __future__ import annotations

from typing import Any

from products.access import Actor
from products.models import App, Connection, Environment, Product
from products.services import actions, app_environments, apps, auths, connections, variables

PAYMENTS_AUTH = {
    "name": "API key",
    "tag": "key",
    "kind": "api_key",
    "placements": [{"place": "header", "key": "X-Key", "value": "{{api_key}}"}],
}


def make_app(actor: Actor, name: str = "Payments", **more: Any) -> App:
    """An app with an environment that has a variable in its address, an auth and two actions."""
    app = apps.create_app(actor, {"name": name, **more})
    app_environments.create_environment(
        actor, app.tag, {"name": "Sandbox", "base_url": "https://{{region}}.example.com"}
    )
    app_environments.create_environment(actor, app.tag, {"name": "Live", "base_url": "https://api.example.com"})
    variables.create_variable(actor, app.tag, {"key": "region", "type": "string"})
    variables.create_variable(actor, app.tag, {"key": "signing", "secret": True})
    auths.create_auth(actor, app.tag, PAYMENTS_AUTH)
    actions.create_action(
        actor,
        app.tag,
        {"name": "Get payment", "tag": "get-payment", "method": "GET", "path": "/payments/{id}", "auths": ["key"]},
    )
    actions.create_action(
        actor, app.tag, {"name": "Ping", "tag": "ping", "method": "GET", "path": "/ping", "anonymous": True}
    )
    return app


def make_product(actor: Actor, tag: str = "shop") -> Product:
    """A product with `dev` and `prd`."""
    product = Product.objects.create(workspace=actor.workspace, tag=tag, name=tag.capitalize())
    for position, slug in enumerate(("dev", "prd")):
        Environment.objects.create(product=product, slug=slug, name=slug, position=position)
    return product


def make_connection(actor: Actor, product: Product, app: App, **environments: Any) -> Connection:
    """The app connected as `pay`."""
    return connections.connect(
        actor, product.tag, {"app": app.tag, "tag": "pay", "name": "Pay", "environments": environments}
    )


COMPLETE = {
    "app_environment": "sandbox",
    "auth": "key",
    "variables": {"region": "eu", "signing": "very-secret-signing"},
    "credentials": {"api_key": "key-canary-1234"},
}
