"""Asks one operation of the REST API what its schema allows, and what it does not, as one person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as how
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contracts.described import schema
from tests.contracts.routes import placeholders, signed_in
from tests.matrix import OBJECTS, Route
from tests.people import Cast
from tests.products.api.test_schema import operation_path

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CSRF = "x" * 32
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
OFTEN = (True,) * 7 + (False,)  # how often the address is one of something that is there


@dataclass(frozen=True, slots=True)
class Ground:
    """What is asked about: an operation, objects for its address, what a good question carries besides."""

    operation: Any
    address: dict[str, str]
    body: dict[str, Any]


def ground(route: Route, method: str, cast: Cast) -> Ground:
    """The operation as Schemathesis knows it, and what the table of rights says of it."""
    address = {name: OBJECTS[route.using.get(name, name)](cast.workspace) for name in placeholders(route)}
    return Ground(_api()[operation_path(route)][method.upper()], address, dict(route.body or {}))


def cookies(person: Any) -> dict[str, str]:
    """Of a browser in which this person is signed in."""
    name = settings.SESSION_COOKIE_NAME
    return {name: signed_in(person).cookies[name].value, settings.CSRF_COOKIE_NAME: CSRF}


def fuzz(asked: Ground, jar: dict[str, str], *, examples: int, number: int) -> list[int]:
    """Asks so many times and takes every change back. Returns the statuses; raises what Schemathesis finds wrong."""
    statuses: list[int] = []

    @seed(number)
    @how(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a shrunk case would say the same after minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data: Any) -> None:
        case = _case(asked, data)
        with transaction.atomic(), _kept_open():
            response = case.call(headers={"X-CSRFToken": CSRF}, cookies=jar)
            if not connection.needs_rollback:
                connection.check_constraints()  # those that are checked when a transaction ends
            transaction.set_rollback(True)
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    one()
    return statuses


def _case(asked: Ground, data: Any) -> Any:
    case = data.draw(st.sampled_from(MODES).flatmap(lambda mode: asked.operation.as_strategy(generation_mode=mode)))
    if data.draw(st.sampled_from(OFTEN)):
        case.path_parameters = {**(case.path_parameters or {}), **asked.address}
    if case.meta.generation.mode.is_positive and isinstance(case.body, dict) and data.draw(st.booleans()):
        kept = data.draw(st.sets(st.sampled_from(sorted(case.body)))) if case.body else set()
        case.body = {**asked.body, **{name: case.body[name] for name in kept}}
    return case


@contextmanager
def _kept_open() -> Iterator[None]:
    """A request would close a connection that is in a transaction; Django's own test client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@lru_cache(maxsize=1)
def _api() -> Any:
    loaded = schemathesis.openapi.from_dict(schema())
    loaded.app = get_wsgi_application()
    return loaded
