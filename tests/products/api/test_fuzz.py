"""D4: whatever is asked within the schema or outside it, the REST API answers as the schema says, and never with 500.

`make fuzz-api EXAMPLES=500` asks more. A failure says how to ask the same again with curl.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache

from tests.contracts.fuzz import cookies, fuzz, ground
from tests.contracts.routes import is_api, one_transaction
from tests.matrix import ROUTES, Route
from tests.people import Cast, make_cast

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
SEED = int(os.environ.get("SEED", "1"))
UNDESCRIBED = {"api-docs", "api-schema"}
BY_ASGI_ONLY = {("api-file", "get")}  # a stream that no WSGI server can send
ROLES = {"owner": "alice", "developer": "dev", "viewer": "vera"}
OPERATIONS = [
    pytest.param(route, method, id=f"{route.name} {method}")
    for route in ROUTES
    if is_api(route) and route.name not in UNDESCRIBED
    for method in route.methods
    if (route.name, method) not in BY_ASGI_ONLY
]


@dataclass(frozen=True, slots=True)
class World:
    """The cast, and the cookies of those who ask."""

    cast: Cast
    jars: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once: every question is taken back, so that none sees what another did."""
    with django_db_blocker.unblock(), one_transaction():
        cast = make_cast()
        yield World(cast, {role: cookies(getattr(cast, name)) for role, name in ROLES.items()})


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "method"), OPERATIONS)
def test_D4_every_answer_is_as_the_schema_says(world: World, route: Route, method: str, role: str) -> None:
    cache.clear()
    fuzz(ground(route, method, world.cast), world.jars[role], examples=EXAMPLES, number=SEED)
