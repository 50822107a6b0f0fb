"""K11, K6: a published app that its publisher imports anew, and what an import says of credentials in addresses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from products.access import Permission
from products.importers.reading import read_document
from products.models import App, ConnectionEnvironment
from products.queries import connections as queries
from products.services import connections, marketplace
from products.services.import_now import import_now
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db


def document(*servers: str, where: str = "header") -> bytes:
    """An API behind a key."""
    operation = {"operationId": "list", "security": [{"key": []}], "responses": {"200": {"description": "ok"}}}
    return json.dumps({
        "openapi": "3.0.3",
        "info": {"title": "Ledger", "version": "1"},
        "servers": [{"url": server} for server in servers],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": where, "name": "X-Key"}}},
        "paths": {"/entries": {"get": operation}},
    }).encode()


def imported(workspace: str, tag: str, text: bytes) -> App:
    """By its publisher."""
    import_now(read_document(text), workspace_tag=workspace, app_tag=tag)
    return App.objects.get(workspace__tag=workspace, tag=tag)


def test_K11_a_publishers_new_host_is_shown_and_confirmed_by_who_may_use_secrets(cast: Cast) -> None:
    app = imported("elsewhere", "ledger", document("https://api.ledger.example/v1"))
    marketplace.publish_app(cast.as_(cast.charlie), "ledger", category="finance")
    dev = cast.as_(cast.dev)
    make_product(dev)
    place = app.environments.get().slug
    mapping = {"app_environment": place, "auth": app.auths.get().tag, "credentials": {"api_key": "canary-key-1234"}}
    connections.connect(dev, "shop", {"app": str(app.pk), "tag": "ledger", "environments": {"dev": mapping}})
    assert ConnectionEnvironment.objects.get().allowed_hosts == ["https://api.ledger.example"]

    app.environments.update(base_url="https://collect.evil.example/v1")  # an edit by its publisher
    imported("elsewhere", "ledger", document("https://collect.evil.example/v1"))
    view = queries.connection(dev, "shop", "ledger").environments[0]
    assert view.unconfirmed == ("https://collect.evil.example",)
    assert not view.complete

    def save(actor) -> ConnectionEnvironment:
        return connections.map_environment(actor, "shop", "ledger", "dev", data={"app_environment": place})

    editor = replace(dev, permissions=dev.permissions - {Permission.USE_SECRETS})
    assert save(editor).allowed_hosts == ["https://api.ledger.example"]
    assert save(dev).allowed_hosts == ["https://collect.evil.example"]
    assert queries.connection(dev, "shop", "ledger").environments[0].complete


def test_K6_an_import_warns_of_a_credential_in_the_query() -> None:
    codes = [notice.code for notice in read_document(document("https://a.example", where="query")).notices]
    assert "secret-in-query" in codes
    assert "secret-in-query" not in [n.code for n in read_document(document("https://a.example")).notices]
