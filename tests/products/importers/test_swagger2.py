"""Swagger 2.0 documents read like the OpenAPI documents they mean."""

from __future__ import annotations

import pytest

from products.importers import read_document

from .documents import codes, only_action, swagger


def action(parameters, **parts):
    return only_action(swagger({"/a": {"post": {"operationId": "a", "parameters": parameters, **parts}}}))


def test_body_parameters_become_the_body():
    raw = {"in": "body", "name": "b", "required": True, "schema": {"$ref": "#/definitions/A"}}
    properties = {"x": {"type": "integer", "x-nullable": True}}
    data = swagger(
        {"/a": {"post": {"parameters": [raw]}}},
        definitions={"A": {"type": "object", "properties": properties}},
        consumes=["application/xml", "application/json"],
    )
    spec = only_action(data)
    assert (spec.body.format, spec.body.required, spec.body.alternatives) == ("json", True, ("application/xml",))
    assert spec.body.schema == {"$ref": "#/$defs/A"}
    assert spec.defs["A"]["properties"]["x"]["type"] == ["integer", "null"]


def test_form_fields_become_a_form_and_files_a_multipart_one():
    text = {"in": "formData", "name": "t", "type": "string", "required": True, "description": "D"}
    file = {"in": "formData", "name": "f", "type": "file"}
    form = action([text]).body
    assert (form.format, form.content_type) == ("form", "application/x-www-form-urlencoded")
    assert form.schema["required"] == ["t"]
    assert form.schema["properties"]["t"] == {"type": "string", "description": "D"}
    upload = action([text, file], consumes=["application/json"]).body
    assert (upload.format, upload.file_fields) == ("multipart", ("f",))


@pytest.mark.parametrize(
    ("collection", "style", "explode"),
    [
        (None, "form", False),
        ("csv", "form", False),
        ("multi", "form", True),
        ("ssv", "spaceDelimited", False),
        ("pipes", "pipeDelimited", False),
    ],
)
def test_collection_formats_become_styles(collection, style, explode):
    told = {"collectionFormat": collection} if collection else {}
    raw = {"in": "query", "name": "q", "type": "array", "items": {"type": "integer"}, "default": [1], **told}
    [found] = action([raw]).parameters
    assert (found.type, found.style, found.explode, found.default) == ("array-number", style, explode, [1])


def test_shared_and_referenced_parameters_are_used():
    shared = {"Limit": {"in": "query", "name": "limit", "type": "integer", "maximum": 100}}
    own = [{"in": "path", "name": "id", "type": "string"}]
    paths = {"/a/{id}": {"parameters": own, "get": {"parameters": [{"$ref": "#/parameters/Limit"}]}}}
    spec = only_action(swagger(paths, parameters=shared))
    assert [(each.name, each.place, each.required, each.maximum) for each in spec.parameters] == [
        ("id", "path", True, None),
        ("limit", "query", False, 100),
    ]


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({"host": "api.example.com", "basePath": "/v1/", "schemes": ["http", "https"]}, "https://api.example.com/v1"),
        ({"host": "api.example.com", "schemes": ["http"]}, "http://api.example.com"),
        ({"host": "api.example.com", "basePath": "v1", "schemes": ["wss"]}, "https://api.example.com/v1"),
        ({"basePath": "/v1"}, "{{baseUrl}}/v1"),
        ({}, "{{baseUrl}}"),
        ({"host": 5, "basePath": [], "schemes": "https"}, "https://5"),
    ],
)
def test_host_and_base_path_become_the_environment(parts, base_url):
    assert read_document(swagger({"/a": {"get": {}}}, **parts)).environments[0].base_url == base_url


def test_security_definitions_become_auths():
    definitions = {
        "b": {"type": "basic"},
        "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "o": {
            "type": "oauth2",
            "flow": "accessCode",
            "tokenUrl": "https://t",
            "authorizationUrl": "https://a",
            "scopes": {},
        },
    }
    data = swagger({"/a": {"get": {"security": [{"o": ["x"]}]}}}, securityDefinitions=definitions, security=[{"k": []}])
    draft = read_document(data)
    assert {auth.tag: auth.kind for auth in draft.auths} == {"b": "basic", "k": "api_key", "o": "oauth2"}
    assert draft.default_auths == ("k",)
    assert draft.actions[0].spec.auths == ("o",)
    [oauth] = [auth for auth in draft.auths if auth.kind == "oauth2"]
    assert oauth.oauth == {
        "authorizationCode": {"authorizationUrl": "https://a", "tokenUrl": "https://t", "scopes": {}}
    }


def test_response_examples_become_samples():
    responses = {
        "200": {"description": "OK", "examples": {"application/json": {"a": 1}}},
        "400": {"$ref": "#/responses/Bad"},
    }
    bad = {"Bad": {"description": "Bad", "examples": {"application/json": {"error": "e"}}}}
    [found] = read_document(swagger({"/a": {"get": {"responses": responses}}}, responses=bad)).actions
    assert [(sample.status, sample.body) for sample in found.samples] == [(200, {"a": 1}), (400, {"error": "e"})]


def test_broken_parts_cost_only_themselves():
    paths = {
        "/a": {"get": {"parameters": 5, "responses": {"200": 7}}, "parameters": "x"},
        "/b": {"post": {"parameters": [None, 3, {"in": "body"}, {"in": "formData"}, {"name": "n"}]}},
        "/c": 3,
        "/d": {"put": []},
    }
    draft = read_document(swagger(paths, securityDefinitions={"x": 1}, definitions=[], consumes=5))
    assert [found.spec.path for found in draft.actions] == ["/a", "/b"]
    assert {"bad-path", "bad-operation"} <= codes(draft)
