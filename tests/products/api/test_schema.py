"""The OpenAPI schema: complete, valid, and true about errors."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from products.services.sign_in import GUESSES_A_MINUTE
from tests.contracts.described import schema
from tests.contracts.routes import is_api, our_routes
from tests.matrix import ROUTES, Route

UNDESCRIBED = {"api-docs", "api-schema"}


def operation_path(route: Route) -> str:
    """The route's path as the schema spells it."""
    path = next(found.path for found in our_routes() if found.name == route.name)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def test_it_is_made_without_a_warning() -> None:
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        SchemaGenerator().get_schema(request=None, public=True)
        said = {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache}
    assert not said, "\n".join(said)


def test_it_is_valid_openapi_3_1() -> None:
    assert schema()["openapi"].startswith("3.1")
    validate_schema(schema())


def test_every_route_is_in_it_with_every_method() -> None:
    described = {path: set(item) for path, item in schema()["paths"].items()}
    for found in our_routes():
        if not found.path.startswith("api/v1/"):
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", found.path)
        assert path in described, f"{found.name} is not in the schema"
        assert found.methods <= described[path], found.name


@pytest.mark.parametrize("route", [r for r in ROUTES if is_api(r) and r.name not in UNDESCRIBED], ids=lambda r: r.name)
def test_every_operation_describes_its_errors(route: Route) -> None:
    item = schema()["paths"][operation_path(route)]
    for method in route.methods:
        responses = item[method]["responses"]
        for code in ("401", "403", "404"):
            content = responses[code]["content"]["application/problem+json"]["schema"]
            assert content == {"$ref": "#/components/schemas/ErrorResponse"}, (route.name, method, code)
        assert any(code.startswith("2") for code in responses)
        assert item[method]["operationId"]
        assert item[method]["tags"]


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for item in schema()["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.django_db
def test_an_error_is_as_the_schema_says() -> None:
    response = Client().get("/api/v1/me/")
    assert response["Content-Type"] == "application/problem+json"
    shape = {"$ref": "#/components/schemas/ErrorResponse", "components": schema()["components"]}
    jsonschema_rs.validate(shape, response.json())


@pytest.mark.django_db
def test_the_schema_and_its_page_open() -> None:
    assert Client().get("/api/schema/").status_code == 200
    assert Client().get("/api/docs/").status_code == 200
    wrong = Client(headers={"Authorization": "Bearer x"})
    answers = {wrong.get("/api/docs/").status_code for _ in range(GUESSES_A_MINUTE + 1)}
    assert answers == {200}, "the page is for everybody, whatever key they hold"
