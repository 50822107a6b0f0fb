"""K3: no role reads a value back, by any route that there is; what a form or an answer gives back keeps the value."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import HttpResponseBase, StreamingHttpResponse

from processors.services.sealed_columns import COLUMNS
from products.lib.sealing import SealError
from products.models import ConnectionValue, Secret
from products.services import vault
from products.services.secrets import create_secret
from tests import objects
from tests.contracts.routes import Persona, address, ask, one_transaction, personas, signed_in
from tests.matrix import OBJECTS, ROUTES, Route
from tests.people import Cast, make_cast
from tests.products.things import COMPLETE, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db
LEAST = 8  # shorter ones turn up by chance
READING = [pytest.param(route, id=route.name) for route in ROUTES if route.get]
CREDENTIAL, VARIABLE, SECRET = "credential-canary-8841", 'variable-canary-"8842"\\x', "secret-canary-8843"
REST = "/api/v1/workspaces/acme"
PLACE = f"{REST}/products/shop/connections/pay/environments/dev/"
PAGE = "/w/acme/p/shop/connections/pay/?env=dev"


@dataclass(frozen=True, slots=True)
class World:
    """The cast, everybody who asks, and every value that is sealed anywhere."""

    cast: Cast
    personas: list[Persona]
    needles: dict[str, str]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One of each thing, built once; every request is rolled back."""
    with django_db_blocker.unblock(), one_transaction():
        cast = make_cast()
        dev = cast.as_(cast.dev)
        values = {
            **COMPLETE,
            "credentials": {"api_key": CREDENTIAL},
            "variables": {"region": "eu", "signing": VARIABLE},
        }
        make_connection(dev, make_product(dev), make_app(dev), dev=values)
        create_secret(objects.owner(cast.workspace), key="TOKEN", value=SECRET)
        for make in OBJECTS.values():
            make(cast.workspace)
        yield World(cast, personas(cast), dict(spellings(cast)))


def spellings(cast: Cast) -> Iterator[tuple[str, str]]:
    """What each sealed value may look like in an answer, with the row that it comes from."""
    for column in COLUMNS:
        for row in column.model.objects.exclude(**{column.field: None}):
            try:
                text = vault.open_sealed(cast.workspace, row, column.field, bytes(getattr(row, column.field)))
            except SealError:
                continue
            if len(text) < LEAST:
                continue
            raw = text.encode()
            for form in (text, json.dumps(text)[1:-1], quote(text, safe=""), raw.hex(), base64.b64encode(raw).decode()):
                yield form, f"{row._meta.db_table} {row.pk}"


def text_of(response: HttpResponseBase) -> str:
    if isinstance(response, StreamingHttpResponse):
        body = b"" if response.is_async else b"".join(response)  # type: ignore[arg-type] # an uploaded file seals nothing
    else:
        body = response.content
    return bytes(body).decode("utf-8", "replace") + str(response.headers)


def test_K3_every_kind_of_sealed_value_is_looked_for(world: World) -> None:
    tables = {where.split()[0] for where in world.needles.values()}
    assert {"products_secret", "products_connectionvalue"} <= tables
    assert {CREDENTIAL, VARIABLE, SECRET} <= set(world.needles)


@pytest.mark.parametrize("route", READING)
def test_K3_nobody_reads_a_value_back(world: World, route: Route) -> None:
    url = address(route, world.cast)
    if "{" not in url and route.query:
        url += f"{'&' if '?' in url else '?'}{route.query}"
    for persona in world.personas:
        assert persona.client is not None
        response, _ = ask(persona.client, "get", url)
        text = text_of(response)
        assert {where for form, where in world.needles.items() if form in text} == set(), (persona.label, url)


@pytest.mark.parametrize("who", ["alice", "adam", "dev", "vera"])
@pytest.mark.parametrize(
    "path",
    [
        PAGE, "/w/acme/p/shop/connections/pay/actions/get-payment/?env=dev", PLACE, f"{REST}/secrets/TOKEN/",
        f"{REST}/products/shop/connections/pay/", "/w/acme/secrets/of/TOKEN/", f"{REST}/audit/", "/w/acme/audit/",
        f"{REST}/audit/export/", "/w/acme/find/?q=canary",
    ],
)  # fmt: skip
def test_K3_the_forms_and_logs_of_what_has_values_show_none(world: World, who: str, path: str) -> None:
    response, _ = ask(signed_in(getattr(world.cast, who)), "get", path)
    assert response.status_code in {200, 403, 404, 405}
    text = text_of(response)
    assert {where for form, where in world.needles.items() if form in text} == set()


def sealed_text(cast: Cast, row: Secret | ConnectionValue) -> str:
    row.refresh_from_db()
    assert row.sealed is not None
    return vault.open_sealed(cast.workspace, row, "sealed", bytes(row.sealed))


def test_K3_what_rest_gave_can_be_given_back_and_keeps_every_value(world: World) -> None:
    alice = signed_in(world.cast.alice)
    rows = list(ConnectionValue.objects.exclude(sealed=None).filter(connection_environment__connection__tag="pay"))
    before = {row.key: sealed_text(world.cast, row) for row in rows}
    assert set(before.values()) == {CREDENTIAL, VARIABLE}
    with one_transaction():
        shown = alice.get(f"{REST}/products/shop/connections/pay/").json()
        dev = next(one for one in shown["environments"] if one["environment"] == "dev")
        given = {name: dev[name] for name in ("app_environment", "auth", "variables", "credentials")}
        answer = alice.patch(PLACE, given, content_type="application/json")
        assert answer.status_code == 200, answer.content
        assert {row.key: sealed_text(world.cast, row) for row in rows} == before


def test_K3_a_form_sent_back_as_it_came_keeps_every_value(world: World) -> None:
    alice = signed_in(world.cast.alice)
    secret = Secret.objects.get(key="TOKEN")
    with one_transaction():
        alice.post("/w/acme/secrets/of/TOKEN/", {"value": "•••", "description": "words"})
        assert sealed_text(world.cast, secret) == SECRET
        alice.patch(f"{REST}/secrets/TOKEN/", {"description": "other words"}, content_type="application/json")
        assert sealed_text(world.cast, secret) == SECRET


def test_K3_the_record_of_a_change_has_neither_the_old_nor_the_new_value(world: World) -> None:
    alice = signed_in(world.cast.alice)
    new = "newer-canary-8844"
    with one_transaction():
        assert alice.patch(f"{REST}/secrets/TOKEN/", {"value": new}, content_type="application/json").status_code == 200
        given = {"credentials": {"api_key": new}, "variables": {"signing": new}}
        assert alice.patch(PLACE, given, content_type="application/json").status_code == 200
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(a::text, ' ') FROM products_auditentry a")
            text = cursor.fetchone()[0]
        assert "secret" in text
        assert not [form for form in (*world.needles, new) if form in text]
        seen = text_of(alice.get("/w/acme/audit/")) + text_of(alice.get(f"{REST}/audit/export/"))
        assert not [form for form in (*world.needles, new) if form in seen]
