"""The authorisation matrix: every route of the resolver, asked as everybody, compared with `tests/matrix.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache

from processors.consumers.routing import websocket_urlpatterns
from products.models import Membership
from products.services.keys import NewKey, create_key
from tests.contracts.routes import (
    Persona,
    address,
    ask,
    expected,
    is_api,
    one_transaction,
    our_routes,
    personas,
    placeholders,
    plain,
    signed_in,
    with_key,
)
from tests.matrix import OBJECTS, ROUTES, SOCKETS, WORDS, Route
from tests.people import Cast, make_cast

pytestmark = pytest.mark.django_db
EVERY = [pytest.param(route, method, id=f"{route.name} {method}") for route in ROUTES for method in route.methods]
CHANGING = [pytest.param(route, m, id=f"{route.name} {m}") for route in ROUTES for m in route.methods if m != "get"]
TAKING_JSON = [
    pytest.param(route, method, id=f"{route.name} {method}")
    for route in ROUTES
    for method in ("post", "put", "patch")
    if is_api(route) and method in route.methods and method not in route.bodiless
]
# All but looks, and its place in the row, which is the product's matter.
IN_AN_ENVIRONMENT = [
    pytest.param(route, method, id=f"{route.name} {method}")
    for route in ROUTES
    for method, who in route.methods.items()
    if "environment" in placeholders(route) and method != "get" and not who.startswith("viewer")
    if route.name != "environment-move"
]
READING = [pytest.param(route, id=route.name) for route in ROUTES if route.get not in {"", "nobody"}]


@dataclass(frozen=True, slots=True)
class World:
    """The cast and everybody who asks."""

    cast: Cast
    personas: list[Persona]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once: every request is rolled back, so that no test sees what another did."""
    with django_db_blocker.unblock(), one_transaction():
        cast = make_cast()
        yield World(cast, personas(cast))


@pytest.fixture(autouse=True)
def forgiving() -> None:
    """Wrong keys are counted and then refused with 429; every test starts with a clean count."""
    cache.clear()


def test_A1_every_route_is_declared() -> None:
    declared: dict[str, frozenset[str]] = {}
    for route in ROUTES:
        declared[route.name] = declared.get(route.name, frozenset()) | frozenset(route.methods)
    missing = []
    for found in our_routes():
        if declared.get(found.name) != found.methods:
            methods = ", ".join(f'{name}="viewer read"' for name in sorted(found.methods))
            missing.append(f'    Route("{found.name}", {methods}),   # {found.path}')
    assert not missing, "declare in tests/matrix.py who may use these:\n" + "\n".join(missing)


def test_A1_nothing_is_declared_that_is_not_there() -> None:
    assert not {route.name for route in ROUTES} - {found.name for found in our_routes()}


def test_A1_every_placeholder_has_an_object() -> None:
    wanted = {route.using.get(name, name) for route in ROUTES for name in placeholders(route)}
    assert not wanted - set(OBJECTS), "say in tests/matrix.py OBJECTS how such a thing is made"


def test_A3_every_socket_route_is_declared() -> None:
    named = {pattern.name for pattern in websocket_urlpatterns}
    assert named == {socket.name for socket in SOCKETS}, "declare socket routes in tests/matrix.py SOCKETS"


@pytest.mark.parametrize(("route", "method"), EVERY)
def test_A1_A6_everybody_gets_what_the_table_says(world: World, route: Route, method: str) -> None:
    url = address(route, world.cast)
    wrong = [
        f"{persona.label} {complaint}"
        for persona in world.personas
        if (complaint := _complaint(route, method, persona, url))
    ]
    assert not wrong, f"{method.upper()} {url}\n" + "\n".join(wrong)


def _complaint(route: Route, method: str, persona: Persona, url: str) -> str:
    wanted = expected(route, route.methods[method], persona)
    assert persona.client is not None
    response, writes = ask(persona.client, method, url, body=route.body)
    status = response.status_code
    if wanted is None:
        kept_out = status in {401, 403, 404, 405} or status >= 500 or (route.body and status in {400, 422})
        return f"should be let in and gets {status}: {response.content[:300]!r}" if kept_out else ""
    if status not in wanted:
        hint = " (declare a good `body`)" if status in {400, 422} else ""
        return f"gets {status} instead of {wanted}{hint}"
    return f"is refused and yet something is written: {writes[0][:200]}" if writes else ""


@pytest.mark.parametrize(("route", "method"), EVERY)
def test_A1_what_belongs_to_others_is_as_good_as_not_there(world: World, route: Route, method: str) -> None:
    client = signed_in(world.cast.alice)
    open_to_all = route.methods[method].startswith(("nobody", "anyone", "person"))
    for name in () if open_to_all else (name for name in placeholders(route) if name not in WORDS):
        theirs = OBJECTS[route.using.get(name, name)](world.cast.elsewhere)
        nothing = str(uuid4()) if "-" in theirs and len(theirs) == 36 else "nothing-is-called-this"
        foreign_url, empty_url = (address(route, world.cast, instead={name: value}) for value in (theirs, nothing))
        foreign, writes = ask(client, method, foreign_url, body=route.body)
        empty, _ = ask(client, method, empty_url, body=route.body)
        assert (foreign.status_code, empty.status_code) == (404, 404), (name, foreign_url)
        assert plain(foreign, foreign_url, theirs) == plain(empty, empty_url, nothing), name
        assert not writes


@pytest.mark.parametrize(("route", "method"), IN_AN_ENVIRONMENT)
def test_A6_who_is_narrowed_to_other_environments_changes_nothing_in_this_one(
    world: World, route: Route, method: str
) -> None:
    Membership.objects.filter(user=world.cast.dev).update(environment_scope=["dev"])
    keys = (create_key(world.cast.as_(world.cast.alice), NewKey("K", [verb], (), ["dev"])) for verb in ("run", "write"))
    url = address(route, world.cast)
    for client in (signed_in(world.cast.dev), *(with_key(key.text) for key in keys if is_api(route))):
        response, writes = ask(client, method, url, body=route.body)
        assert (response.status_code, writes) == (403, []), response.content[:300]


@pytest.mark.parametrize(("route", "method"), CHANGING)
def test_X4_without_a_token_of_the_form_nothing_changes(world: World, route: Route, method: str) -> None:
    client = signed_in(world.cast.alice, csrf=True)
    url = address(route, world.cast)
    for headers in ({}, {"HX-Request": "true"}, {"Origin": "https://evil.example", "X-CSRFToken": "x" * 32}):
        client.headers = headers  # type: ignore[attr-defined]
        response, writes = ask(client, method, url, body=route.body)
        assert response.status_code == 403, (url, headers, response.status_code)
        assert not writes


# Who takes the log away stands in the log, and nothing else changes.
ON_RECORD = {"audit-export", "api-audit-export"}


@pytest.mark.parametrize("route", READING)
def test_X4_reading_changes_nothing(world: World, route: Route) -> None:
    response, writes = ask(signed_in(world.cast.alice), "get", address(route, world.cast))
    rests = route.using.get("environment") == "resting_environment"  # told so before a worker is asked
    assert response.status_code < 400 or (rests and response.status_code == 409), response.content[:300]
    if route.name in ON_RECORD:
        assert [write for write in writes if "products_auditentry" not in write] == []
        return
    assert not writes


@pytest.mark.parametrize(("route", "method"), TAKING_JSON)
def test_A5_nobody_sets_what_is_not_theirs_to_set(world: World, route: Route, method: str) -> None:
    client = signed_in(world.cast.alice)
    for name in ("id", "workspace", "owner", "is_staff", "created_by", "quota", "sealed", "body_hash"):
        body = {**(route.body or {}), name: str(world.cast.elsewhere.pk)}
        response, writes = ask(client, method, address(route, world.cast), body=body)
        assert response.status_code == 400, (name, response.content)
        assert f"/{name}" in {problem["pointer"] for problem in response.json()["errors"]}
        assert not writes
