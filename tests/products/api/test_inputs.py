"""Every field of every REST operation refuses what is not of its type, and says which field it was."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.contracts.inputs import bad_values, fields_of
from tests.contracts.routes import address, ask, is_api, our_routes, signed_in
from tests.matrix import ROUTES, Route
from tests.people import Cast
from tests.products.api.test_schema import schema

pytestmark = pytest.mark.django_db
WRITES = [
    pytest.param(route, method, id=f"{route.name} {method}")
    for route in ROUTES
    for method in ("post", "put", "patch")
    if is_api(route) and method in route.methods and method not in route.bodiless
]


def operation_of(route: Route, method: str) -> dict[str, Any]:
    path = next(found.path for found in our_routes() if found.name == route.name)
    return schema()["paths"]["/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)][method]


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_J12_D1_a_value_of_another_type_is_refused_by_field(cast: Cast, route: Route, method: str) -> None:
    client, url, components = signed_in(cast.alice), address(route, cast), schema()["components"]["schemas"]
    for name, field in fields_of(operation_of(route, method), components):
        for bad in bad_values(field, components):
            response, writes = ask(client, method, url, body={**(route.body or {}), name: bad})
            assert response.status_code == 400, (name, str(bad)[:50], response.status_code, response.content[:200])
            pointers = [problem["pointer"] for problem in response.json()["errors"]]
            assert any(pointer.split("/")[1:2] == [name] for pointer in pointers), (name, bad, pointers)
            assert not writes, (name, bad)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"na\\u0000me": 1}',
        b'{"name": ' + b"[" * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}",
    ],
)
def test_D1_a_body_that_is_not_usable_json_is_refused(cast: Cast, raw: bytes) -> None:
    client = signed_in(cast.alice)
    response = client.post("/api/v1/workspaces/acme/products/", data=raw, content_type="application/json")
    assert response.status_code == 400, response.content[:200]
    assert response["Content-Type"] == "application/problem+json"


def test_X4_only_json_is_taken(cast: Cast) -> None:
    client = signed_in(cast.alice)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert client.post("/api/v1/workspaces/acme/products/", data="{}", content_type=kind).status_code == 415


@pytest.mark.parametrize("name", ["products", "audit", "secrets", "keys", "members"])
def test_D2_limits_are_capped_and_cursors_checked(cast: Cast, name: str) -> None:
    client = signed_in(cast.alice)
    url = f"/api/v1/workspaces/acme/{name}/"
    assert client.get(url, {"limit": "1000000000"}).status_code == 200
    for limit in ("-1", "0", "x", "1e9", "²", "9" * 5000):
        response = client.get(url, {"limit": limit})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/limit")
    for cursor in ("x", "%00", "cD0x", "bz0xMDAwMDAwMDAwMDAwMDAwMDAw", "é" * 3000):
        assert client.get(url, {"cursor": cursor}).status_code in {200, 404, 400}


def test_D2_a_filter_that_there_is_not_is_named(cast: Cast) -> None:
    client = signed_in(cast.alice)
    response = client.get("/api/v1/workspaces/acme/audit/", {"user__password__startswith": "x", "since": "yesterday"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/user__password__startswith"
    response = client.get("/api/v1/workspaces/acme/audit/", {"since": "yesterday"})
    assert response.json()["errors"][0]["pointer"] == "/since"


def test_A7_what_says_who_one_is_in_other_headers_is_ignored(cast: Cast) -> None:
    client = signed_in(cast.charlie)
    headers = {"X-Workspace": "elsewhere", "X-Original-URL": "/api/v1/me/", "X-HTTP-Method-Override": "GET"}
    assert client.get("/api/v1/workspaces/acme/", headers=headers).status_code == 404
    assert Client(headers={"X-Forwarded-User": "alice@example.com"}).get("/api/v1/me/").status_code == 401
