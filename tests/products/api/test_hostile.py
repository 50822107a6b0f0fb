"""D1, D2, J12: every REST operation is sent what breaks parsers; it says 4xx, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from tests.contracts.described import assert_as_described, schema
from tests.contracts.hostile import (
    ODD_FILE_NAMES,
    ODD_HEADERS,
    ODD_KINDS,
    ODD_PARTS,
    ODD_QUERIES,
    unusable_bodies,
)
from tests.contracts.inputs import deep_fields, fields_of, resolved
from tests.contracts.routes import address, ask, is_api, one_transaction, placeholders, signed_in
from tests.matrix import OBJECTS, ROUTES, Route
from tests.people import Cast, make_cast
from tests.products.api.test_inputs import WRITES, operation_of
from tests.products.test_authorisation_matrix import ON_RECORD

pytestmark = pytest.mark.django_db
EVERY = [
    pytest.param(route, method, id=f"{route.name} {method}")
    for route in ROUTES
    if is_api(route) and placeholders(route)
    for method in route.methods
]
UNDESCRIBED = {"api-docs", "api-schema"}
READING = [
    pytest.param(route, id=route.name)
    for route in ROUTES
    if is_api(route) and route.get and route.name not in UNDESCRIBED
]


@dataclass(frozen=True, slots=True)
class World:
    """The cast, and the owner's client, which reports a crash as a 500."""

    cast: Cast
    client: Client


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once: every request is taken back."""
    with django_db_blocker.unblock(), one_transaction():
        cast = make_cast()
        yield World(cast, signed_in(cast.alice))


@pytest.fixture(autouse=True)
def forgiving() -> None:
    """What was counted in one test keeps nobody out of the next."""
    cache.clear()


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_D1_a_body_that_is_not_usable_is_refused_and_nothing_is_written(
    world: World, route: Route, method: str
) -> None:
    url, good = address(route, world.cast), dict(route.body or {})
    name = next(iter(good), "name")
    for label, raw in unusable_bodies(good, name):
        response, writes = ask(world.client, method, url, body=raw)
        assert response.status_code == 400, (label, response.status_code, response.content[:200])
        assert response["Content-Type"] == "application/problem+json"
        assert len(response.content) < 20_000, label
        assert not writes, label


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_D1_a_body_of_another_kind_is_refused(world: World, route: Route, method: str) -> None:
    url = address(route, world.cast)
    for kind in ODD_KINDS:
        if route.name == "api-imports" and kind.startswith("multipart/"):
            continue
        with transaction.atomic():
            response = getattr(world.client, method)(url, data=b'{"name": "x"}', content_type=kind)
            transaction.set_rollback(True)
        assert response.status_code in {400, 415}, (kind, response.status_code)
        assert_as_described(method, url, response)


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_J12_inside_a_field_too_a_value_of_another_type_is_refused(world: World, route: Route, method: str) -> None:
    url, components = address(route, world.cast), schema()["components"]["schemas"]
    for pointer, bad in deep_fields(operation_of(route, method), components):
        body = {**(route.body or {}), **bad}
        response, writes = ask(world.client, method, url, body=body)
        assert response.status_code == 400, (pointer, str(bad)[:100], response.status_code, response.content[:200])
        pointers = [problem["pointer"] for problem in response.json()["errors"]]
        assert any(found.startswith(pointer) or (pointer.startswith(found) and found) for found in pointers), (
            pointer,
            str(bad)[:100],
            pointers,
        )
        assert not writes, (pointer, str(bad)[:100])


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_D2_ten_thousand_of_something_are_refused_at_once_and_briefly(world: World, route: Route, method: str) -> None:
    url, components = address(route, world.cast), schema()["components"]["schemas"]
    many: dict[str, Any] = {"array": [7] * 10_000, "object": {f"k{number}": 7 for number in range(10_000)}}
    for name, field in fields_of(operation_of(route, method), components):
        kinds = resolved(field, components).get("type", "")
        for kind in many.keys() & set([kinds] if isinstance(kinds, str) else kinds):
            response, _ = ask(world.client, method, url, body={**(route.body or {}), name: many[kind]})
            assert response.status_code < 500, (name, response.content[:200])
            assert len(response.content) < 20_000 or response.status_code < 400, name


@pytest.mark.parametrize(("route", "method"), EVERY)
def test_D1_odd_parts_of_an_address_are_not_found(world: World, route: Route, method: str) -> None:
    for name in placeholders(route):
        good = OBJECTS[route.using.get(name, name)](world.cast.workspace)
        url = address(route, world.cast)
        for part in ODD_PARTS if method == next(iter(route.methods)) else ODD_PARTS[:4]:
            odd = f"/{part}/".join(url.rsplit(f"/{quote(good)}/", 1))
            response, writes = ask(world.client, method, odd, body=route.body)
            assert response.status_code in {400, 404, 405}, (odd[:200], response.status_code)
            assert "X-Injected" not in response
            assert not writes, odd[:200]


@pytest.mark.parametrize("route", READING)
def test_D2_a_list_takes_only_its_own_filters_and_stays_bounded(world: World, route: Route) -> None:
    url = address(route, world.cast)
    known = {one["name"] for one in operation_of(route, "get")["parameters"] if one["in"] == "query"}
    is_page = "limit" in known and "cursor" in known
    for query in ODD_QUERIES if is_page else ODD_QUERIES[-5:]:
        response, writes = ask(world.client, "get", f"{url}?{query}")
        resting = {409} if route.using.get("environment") == "resting_environment" else set()
        assert response.status_code in {200, 400, 404, *resting}, (query[:100], response.status_code)
        assert not writes or route.name in ON_RECORD
        if response.status_code == 200 and is_page:
            assert query.split("=")[0] in known | {""}, query[:100]
            assert len(response.json()["results"]) <= 200


@pytest.mark.parametrize(("route", "method"), EVERY)
def test_D1_odd_headers_break_nothing(world: World, route: Route, method: str) -> None:
    url = address(route, world.cast)
    for headers in ODD_HEADERS:
        client = Client()
        client.cookies = deepcopy(world.client.cookies)  # an odd cookie ends the session of the browser that has it
        response, _ = ask(client, method, url, body=route.body, headers=headers)
        assert response.status_code < 500, (headers, response.content[:200])


def test_D1_an_odd_key_is_no_key(world: World) -> None:
    for text in (
        "\x00",
        "\xff",
        "Bearer",
        "Bearer \x00",
        "Bearer \xff" * 500,
        "Bearer duk_\x00",
        "Basic é",
        " " * 9_000,
    ):
        response, _ = ask(Client(), "get", "/api/v1/me/", headers={"Authorization": text})
        assert response.status_code in {401, 429}, (text[:20], response.status_code)


@pytest.mark.parametrize("name", ODD_FILE_NAMES)
def test_D1_a_file_may_be_called_anything(world: World, name: str) -> None:
    url = "/api/v1/workspaces/acme/imports/"
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    raw = head.encode() + b"{}\r\n--b--\r\n"
    with transaction.atomic():
        response = world.client.post(url, raw, content_type="multipart/form-data; boundary=b")
        transaction.set_rollback(True)
    assert response.status_code in {202, 400}, response.content[:300]
    assert_as_described("post", url, response)
    if response.status_code == 202:
        shown = response.json()["filename"]
        assert "\x00" not in shown
        assert "/" not in shown
        assert "\\" not in shown
