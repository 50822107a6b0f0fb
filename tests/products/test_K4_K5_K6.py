"""K4, K5, K6: no value in forms and previews, in errors and their logs, or in addresses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.db import connection
from django.test import Client
from django.urls import reverse

from ductape_site.logging import SHARED
from products.services import auths, connections
from products.services.secrets import create_secret
from tests import objects
from tests.people import Cast
from tests.products.things import COMPLETE, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db
VALUE = "canary-of-errors-5529"


class Written(logging.Handler):
    """What our own formatter makes of everything that is logged, tracebacks included."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=SHARED,
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(),
                ],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"


@pytest.fixture
def written() -> Iterator[Written]:
    handler = Written()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.alice)
    return client


def broken(table: str) -> None:
    """The database refuses every row from now on, and quotes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'broken: %', NEW; END $$"
        )
        cursor.execute(f"CREATE TRIGGER breaks BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION breaks()")


@pytest.mark.parametrize("door", ["page", "rest"])
def test_K5_an_error_of_the_database_quotes_no_value(alice: Client, written: Written, door: str) -> None:
    broken("products_secret")
    if door == "page":
        answer = alice.post("/w/acme/secrets/new/", {"key": "TOKEN", "value": VALUE})
    else:
        body = {"key": "TOKEN", "value": VALUE}
        answer = alice.post("/api/v1/workspaces/acme/secrets/", body, content_type="application/json")
    assert answer.status_code == 500
    assert "broken" in written.text  # the log does say what happened
    assert VALUE not in written.text + answer.text
    assert "broken" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "body", [f'{{"key": "T", "value": "{VALUE}"', f'{{"value": "{VALUE}", "value": "x"}}', f'"{VALUE}"', f"[{VALUE}]"]
)
def test_K5_a_body_that_is_no_json_is_not_quoted(alice: Client, written: Written, body: str) -> None:
    answer = alice.post("/api/v1/workspaces/acme/secrets/", body, content_type="application/json")
    assert answer.status_code == 400
    assert VALUE not in answer.text + written.text


@pytest.mark.parametrize(
    "wrong", [{"key": "no key!"}, {"expires_at": "never"}, {"allowed_hosts": ["a b"]}, {"x": VALUE}]
)
def test_K5_an_error_of_another_field_does_not_quote_the_value(alice: Client, written: Written, wrong: dict) -> None:
    body = {"key": "TOKEN", "value": VALUE, **wrong}
    answer = alice.post("/api/v1/workspaces/acme/secrets/", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert VALUE not in answer.text + written.text


def test_K4_forms_and_previews_show_no_value(alice: Client, cast: Cast) -> None:
    dev = cast.as_(cast.dev)
    product = make_product(dev)
    values = {**COMPLETE, "credentials": {"api_key": VALUE}, "variables": {"region": "eu", "signing": VALUE}}
    make_connection(dev, product, make_app(dev), dev=values)
    create_secret(objects.owner(cast.workspace), key="TOKEN", value=VALUE)
    pages = [
        "/w/acme/p/shop/connections/pay/?env=dev",
        "/w/acme/p/shop/connections/pay/actions/get-payment/?env=dev",
        "/w/acme/secrets/of/TOKEN/",
        "/w/acme/secrets/",
        "/w/acme/audit/",
    ]
    for path in pages:
        answer = alice.get(path)
        assert answer.status_code == 200, path
        assert VALUE not in answer.text, path
    draft = alice.post("/w/acme/p/shop/connections/pay/?env=dev&draft=dev", {"dev-app_environment": "live"})
    assert VALUE not in draft.text


def test_K6_a_credential_in_the_query_is_warned_of_where_it_is_given(alice: Client, cast: Cast) -> None:
    dev = cast.as_(cast.dev)
    product = make_product(dev)
    app = make_app(dev)
    placed = [{"place": "query", "key": "apikey", "value": "{{api_key}}"}]
    auths.create_auth(dev, app.tag, {"name": "Query", "tag": "inquery", "kind": "api_key", "placements": placed})
    make_connection(dev, product, app, dev={**COMPLETE, "auth": "inquery"})
    page = "/w/acme/p/shop/connections/pay/?env=dev"
    assert "sends a credential in the query (<code>apikey</code>)" in alice.get(page).text
    connections.map_environment(dev, "shop", "pay", "dev", data={"auth": "key"})
    assert "in the query" not in alice.get(page).text
    assert "end up in the logs" in alice.get(reverse("app-auth-new", args=["acme", app.pk])).text
