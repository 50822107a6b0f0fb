"""What of an OpenAPI document becomes what of an action."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from products.importers import DocumentError, read_document

from .documents import codes, json_body, only_action, openapi, operation


def parameter(schema: dict | None = None, *, version: str = "3.0.3", **parts):
    parameters = [{"name": "p", "in": "query", "schema": schema or {}, **parts}]
    return only_action(openapi(operation(parameters=parameters), version=version)).parameters[0]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({}, "string"),
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "email"}, "email_string"),
        ({"type": "string", "format": "uuid"}, "uuid"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "date-time"}, "date_string"),
        ({"type": "string", "pattern": r"^\d+$"}, "numberstring"),
        ({"type": "string", "pattern": r"^\S+$"}, "nospaces_string"),
        ({"type": "integer", "format": "int64"}, "number"),
        ({"type": "number"}, "float"),
        ({"type": "number", "format": "double"}, "double"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "object"}, "object"),
        ({"properties": {"a": {}}}, "object"),
        ({"type": "array"}, "array"),
        ({"type": "array", "items": {"type": "string", "format": "email"}}, "array-string"),
        ({"type": "array", "items": {"type": "integer"}}, "array-number"),
        ({"type": "array", "items": {"type": "number"}}, "array-float"),
        ({"type": "array", "items": {"type": "number", "format": "double"}}, "array-double"),
        ({"type": "array", "items": {"type": "string", "format": "uuid"}}, "array-uuid"),
        ({"type": "array", "items": {"type": "boolean"}}, "array-boolean"),
        ({"type": "array", "items": {"type": "object"}}, "array"),
        ({"enum": [1, 2]}, "number"),
        ({"type": "integer", "nullable": True}, "number"),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "number"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "string"),
        ({"allOf": [{"type": "boolean"}]}, "boolean"),
        ({"type": "int"}, "number"),
        ({"type": "STRING"}, "string"),
    ],
)
def test_schemas_become_field_types(schema, kind):
    assert parameter(schema).type == kind


def test_nullable_types_of_3_1_are_understood():
    assert parameter({"type": ["null", "integer"]}, version="3.1.0").type == "number"


def test_references_in_parameters_are_resolved():
    components = {
        "schemas": {"Kind": {"type": "string", "enum": ["a", "b"], "default": "b"}},
        "parameters": {"P": {"name": "p", "in": "query", "schema": {"$ref": "#/components/schemas/Kind"}}},
    }
    spec = only_action(openapi(operation(parameters=[{"$ref": "#/components/parameters/P"}]), components=components))
    assert (spec.parameters[0].default, spec.parameters[0].sample) == ("b", "a")
    assert spec.parameters[0].schema == {"$ref": "#/$defs/Kind"}
    assert spec.defs == {"Kind": components["schemas"]["Kind"]}


def test_limits_defaults_samples_and_serialisation_are_kept():
    schema = {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}
    found = parameter(schema, required=True, description="D", example=20, style="form", explode=False)
    assert (found.minimum, found.maximum, found.default, found.sample) == (1, 50, 10, 20)
    assert (found.required, found.description, found.style, found.explode) == (True, "D", "form", False)
    text = parameter({"type": "string", "minLength": 2, "maxLength": 5}, examples={"e": {"value": "abc"}})
    assert (text.minimum, text.maximum, text.sample) == (2, 5, "abc")


def test_a_parameter_in_json_says_so():
    content = {"application/json": {"schema": {"type": "object", "properties": {"a": {}}}}}
    found = only_action(openapi(operation(parameters=[{"name": "p", "in": "query", "content": content}]))).parameters[0]
    assert (found.type, found.style) == ("object", "json")


def test_the_operations_parameters_override_those_of_the_path():
    shared = [{"name": "id", "in": "path", "description": "old"}, {"name": "q", "in": "query"}]
    own = [{"name": "id", "in": "path", "description": "new", "schema": {"type": "integer"}}]
    spec = only_action(openapi({"/a/{id}": {"parameters": shared, "get": {"parameters": own}}}))
    assert [(each.name, each.description, each.required) for each in spec.parameters] == [
        ("id", "new", True),
        ("q", "", False),
    ]


def test_placeholders_and_path_parameters_are_made_to_match():
    own = [{"name": "gone", "in": "path"}]
    draft = read_document(openapi({"/a/{id}/{id}/{file}.{ext}/{+rest}": {"get": {"parameters": own}}}))
    spec = draft.actions[0].spec
    assert [each.name for each in spec.parameters] == ["id", "file", "ext", "rest"]
    assert spec.path == "/a/{id}/{id}/{file}.{ext}/{rest}"
    assert {"undeclared-parameter", "unused-parameter"} <= codes(draft)


def test_a_query_in_the_path_becomes_parameters():
    own = [{"name": "which", "in": "path", "required": True}, {"name": "known", "in": "query", "description": "D"}]
    spec = only_action(openapi({"/a?fixed=x%20y&q={which}&known=1&flag#part": {"get": {"parameters": own}}}))
    assert spec.path == "/a"
    assert {each.name: (each.place, each.default, each.required) for each in spec.parameters} == {
        "fixed": ("query", "x y", False),
        "q": ("query", None, True),
        "known": ("query", "1", False),
        "flag": ("query", "", False),
    }


def test_headers_that_the_body_sets_are_left_out():
    own = [{"name": name, "in": "header"} for name in ("Content-Type", "ACCEPT", "X-Id")]
    draft = read_document(openapi(operation(parameters=own)))
    assert [each.name for each in draft.actions[0].spec.parameters] == ["X-Id"]
    assert "header-from-body" in codes(draft)


@pytest.mark.parametrize(
    ("kinds", "chosen", "format_"),
    [
        (["application/xml", "application/json"], "application/json", "json"),
        (["text/plain", "application/vnd.api+json"], "application/vnd.api+json", "json"),
        (["application/vnd.api+json", "application/json"], "application/json", "json"),
        (["multipart/form-data", "application/x-www-form-urlencoded"], "application/x-www-form-urlencoded", "form"),
        (["text/xml", "multipart/form-data"], "multipart/form-data", "multipart"),
        (["application/soap+xml; charset=utf-8"], "application/soap+xml; charset=utf-8", "xml"),
        (["*/*"], "application/json", "json"),
        (["application/*+json"], "application/json", "json"),
        (["application/pdf", "text/csv"], "text/csv", "text"),
        (["image/*"], "application/octet-stream", "binary"),
        (["application/octet-stream"], "application/octet-stream", "binary"),
    ],
)
def test_the_best_media_type_is_the_body(kinds, chosen, format_):
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    body = only_action(openapi(operation(requestBody={"content": content, "required": True}))).body
    assert (body.content_type, body.format, body.required) == (chosen, format_, True)
    assert len(body.alternatives) == len(kinds) - 1


def test_any_type_with_a_binary_schema_is_a_file():
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    body = only_action(openapi(operation(requestBody={"content": content}))).body
    assert (body.format, body.content_type) == ("binary", "application/octet-stream")


def test_files_in_forms_are_named():
    properties = {
        "file": {"type": "string", "format": "binary"},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "new": {"type": "string", "contentMediaType": "application/octet-stream"},
        "encoded": {"type": "string"},
        "name": {"type": "string"},
        "meta": {"type": "object"},
    }
    media = {
        "schema": {"$ref": "#/components/schemas/Form"},
        "encoding": {"encoded": {"contentType": "image/png"}, "meta": {"contentType": "application/json"}},
    }
    form = {"Form": {"type": "object", "properties": properties}}
    data = openapi(operation(requestBody={"content": {"multipart/form-data": media}}), components={"schemas": form})
    assert only_action(data).body.file_fields == ("file", "files", "new", "encoded")


def test_openapi_3_0_words_become_json_schema():
    schema = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "name": {"type": "string", "nullable": True, "example": "n"},
            "size": {
                "type": "integer",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 9,
                "exclusiveMaximum": False,
            },
            "kind": {"type": "string", "enum": ["a"], "nullable": True},
            "other": {"$ref": "#/components/schemas/O", "nullable": True},
            "odd": {"type": "string", "pattern": "(?<broken", "maxLength": "x", "minLength": "2", "x-a": 1},
            "list": {"type": "array", "items": [{"type": "string"}]},
        },
    }
    data = openapi(operation(requestBody=json_body(schema)), components={"schemas": {"O": {"type": "integer"}}})
    draft = read_document(data)
    spec = draft.actions[0].spec
    validator = jsonschema_rs.Draft202012Validator({**spec.body.schema, "$defs": spec.defs}, offline=True)
    good = {"name": None, "size": 9, "kind": None, "other": None, "odd": "xx", "list": ["a"]}
    assert validator.is_valid(good)
    for key, value in {"name": 1, "size": 0, "kind": "b", "other": "x", "odd": "x"}.items():
        assert not validator.is_valid({**good, key: value}), key
    assert not validator.is_valid({})
    assert "schema-simplified" in codes(draft)


def test_json_schema_of_3_1_keeps_its_words():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": ["object", "null"],
        "properties": {"a": {"const": 1}, "b": {"exclusiveMinimum": 2}, "$ref": {"type": "string"}, "c": False},
        "patternProperties": {"^x-": {"type": "string"}, "(": {}},
        "dependentRequired": {"a": ["b"]},
        "if": {"required": ["a"]},
        "then": {"required": ["b"]},
        "unevaluatedProperties": False,
    }
    spec = only_action(openapi(operation(requestBody=json_body(schema)), version="3.1.0"))
    validator = jsonschema_rs.Draft202012Validator(spec.body.schema, offline=True)
    assert validator.is_valid(None)
    assert validator.is_valid({"a": 1, "b": 3, "x-1": "t", "$ref": "t"})
    for wrong in ({"a": 1}, {"a": 2, "b": 3}, {"b": 2}, {"x-1": 1}, {"c": 1}, {"unknown": 1}, {"$ref": 1}):
        assert not validator.is_valid(wrong), wrong


def test_definitions_are_only_those_in_reach():
    schemas = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"type": "object", "properties": {"deep": {"$ref": "#/components/schemas/A/properties/b"}}},
        "Alias": {"$ref": "#/components/schemas/A"},
        "Unused": {"type": "string"},
    }
    body = json_body({"type": "array", "items": {"$ref": "#/components/schemas/Alias"}})
    spec = only_action(openapi(operation(requestBody=body), components={"schemas": schemas}))
    assert set(spec.defs) == {"A", "B"}


def test_definitions_with_odd_names_do_not_collide():
    schemas = {"a/b": {"type": "string"}, "a~b": {"type": "integer"}, "a b": {"type": "boolean"}}
    refs = {"x": "a~1b", "y": "a~0b", "z": "a%20b"}
    properties = {key: {"$ref": f"#/components/schemas/{ref}"} for key, ref in refs.items()}
    body = json_body({"type": "object", "properties": properties})
    spec = only_action(openapi(operation(requestBody=body), components={"schemas": schemas}))
    validator = jsonschema_rs.Draft202012Validator({**spec.body.schema, "$defs": spec.defs}, offline=True)
    assert validator.is_valid({"x": "t", "y": 1, "z": True})
    assert not validator.is_valid({"x": 1})
    assert not validator.is_valid({"y": "t"})


def test_definitions_that_are_too_large_are_cut_and_reported():
    words = {f"w{number}": {"type": "string", "description": "x" * 900} for number in range(100)}
    schemas = {
        f"S{number}": {
            "type": "object",
            "properties": {**words, "next": {"$ref": f"#/components/schemas/S{number + 1}"}},
        }
        for number in range(6)
    }
    body = json_body({"$ref": "#/components/schemas/S0"})
    draft = read_document(openapi(operation(requestBody=body), components={"schemas": schemas}))
    spec = draft.actions[0].spec
    assert len(json.dumps(spec.defs)) < 210_000
    assert "S0" in spec.defs
    assert spec.defs["S0"] != {}
    assert "schema-cut" in codes(draft)
    jsonschema_rs.Draft202012Validator({**spec.body.schema, "$defs": spec.defs}, offline=True)


def test_samples_come_from_examples_and_else_from_the_schema():
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "mail": {"type": "string", "format": "email"},
            "on": {"type": "boolean"},
        },
    }
    media = {"application/json": {"schema": schema}}
    responses = {
        "200": {"description": "Good", "content": media},
        "404": {"content": media},
        "422": {"content": {"application/json": {"example": {"error": "e"}}}},
        "2XX": {"content": {"application/json": {"examples": {"one": {"value": [1]}, "two": {"value": [2]}}}}},
        "204": {"description": "None"},
    }
    [action] = read_document(openapi(operation(responses=responses, requestBody=json_body(schema)))).actions
    made = {"id": 0, "mail": "person@example.com", "on": True}
    assert [(sample.name, sample.status, sample.body) for sample in action.samples] == [
        ("Good", 200, made),
        ("422", 422, {"error": "e"}),
        ("one", 200, [1]),
        ("two", 200, [2]),
        ("None", 204, None),
    ]
    assert action.spec.body.sample == made


SCHEMES = {
    "basicAuth": {"type": "http", "scheme": "Basic"},
    "bearerAuth": {"type": "http", "scheme": "bearer"},
    "digest": {"type": "http", "scheme": "digest"},
    "keyHeader": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "keyQuery": {"type": "apiKey", "in": "query", "name": "key"},
    "keyCookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://a.example/token", "scopes": {"read": "Read"}}},
    },
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/.well-known"},
    "tls": {"type": "mutualTLS"},
}


def secured(*requirements, **parts):
    given = {"/own": {"get": {"security": list(requirements)}}}
    return read_document(openapi(given, components={"securitySchemes": SCHEMES}, **parts))


def test_security_schemes_become_auths():
    draft = secured({"basicAuth": []})
    kinds = {auth.name: auth.kind for auth in draft.auths}
    assert kinds == {
        "basicAuth": "basic",
        "bearerAuth": "bearer",
        "digest": "token",
        "keyHeader": "api_key",
        "keyQuery": "api_key",
        "keyCookie": "api_key",
        "oauth": "oauth2",
        "oidc": "bearer",
    }
    places = {auth.name: (auth.placements[0].place, auth.placements[0].key) for auth in draft.auths if auth.placements}
    assert places["keyQuery"] == ("query", "key")
    assert places["keyCookie"] == ("cookie", "sid")
    [oauth] = [auth for auth in draft.auths if auth.kind == "oauth2"]
    assert oauth.oauth["clientCredentials"]["tokenUrl"] == "https://a.example/token"
    assert {"auth-not-supported", "auth-simplified"} <= codes(draft)


def test_requirements_of_operations():
    default = [{"bearerAuth": []}]
    assert secured(security=default).actions[0].spec.anonymous
    assert secured({}, security=default).actions[0].spec.anonymous
    assert secured({"tls": []}, security=default).actions[0].spec.anonymous
    same = secured({"bearerAuth": []}, security=default)
    assert same.default_auths == ("bearer-auth",)
    assert (same.actions[0].spec.auths, same.actions[0].spec.anonymous) == ((), False)
    several = secured({"keyHeader": []}, {"basicAuth": []}, {})
    assert several.actions[0].spec.auths == ("key-header", "basic-auth")
    assert "unknown-auth" in codes(secured({"nobody": []}))


def test_several_schemes_at_once_are_one_auth():
    draft = secured({"keyHeader": [], "keyQuery": [], "oauth": []})
    [both] = [auth for auth in draft.auths if auth.tag in draft.actions[0].spec.auths]
    assert (both.kind, both.name) == ("token", "keyHeader+keyQuery+oauth")
    assert [(each.place, each.key, each.value) for each in both.placements] == [
        ("header", "X-Key", "{{key_header}}"),
        ("query", "key", "{{key_query}}"),
        ("header", "Authorization", "Bearer {{oauth}}"),
    ]
    assert [field.key for field in both.fields] == ["key_header", "key_query", "oauth"]


def test_schemes_that_no_operation_names_are_assumed():
    schemes = {"keyHeader": SCHEMES["keyHeader"]}
    draft = read_document(openapi({"/a": {"get": {}}}, components={"securitySchemes": schemes}))
    assert draft.default_auths == ("key-header",)
    assert "auth-assumed" in codes(draft)


def test_servers_become_environments():
    servers = [
        {"url": "https://{region}.example.com/v1/", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}},
        {"url": "https://sandbox.example.com/v1", "description": "For trying out"},
        {"url": "https://api.other.dev", "description": "Second site"},
        {"url": "https://sandbox2.example.com"},
    ]
    draft = read_document(openapi({"/a": {"get": {}}}, servers=servers))
    assert [(each.slug, each.name, each.base_url) for each in draft.environments] == [
        ("production", "Production", "https://{{region}}.example.com/v1"),
        ("sandbox", "For trying out", "https://sandbox.example.com/v1"),
        ("second-site", "Second site", "https://api.other.dev"),
        ("sandbox-2", "Sandbox", "https://sandbox2.example.com"),
    ]
    [region] = draft.variables
    assert (region.key, region.default, region.description) == ("region", "eu", "One of: eu, us.")


@pytest.mark.parametrize(
    ("servers", "base_url"),
    [
        ([], "{{baseUrl}}"),
        ([{"url": "/"}], "{{baseUrl}}"),
        ([{"url": "/api/v3"}], "{{baseUrl}}/api/v3"),
        ([{"url": "./v1"}], "{{baseUrl}}/v1"),
        ([{}], "{{baseUrl}}"),
        (["odd", {"url": 5}], "{{baseUrl}}/5"),
        ([{"url": "//api.example.com"}], "https://api.example.com"),
        ([{"url": "api.example.com/v1"}], "https://api.example.com/v1"),
        ([{"url": "{scheme}://x/"}], "{{scheme}}://x"),
    ],
)
def test_servers_without_a_host_ask_for_one(servers, base_url):
    draft = read_document(openapi({"/a": {"get": {}}}, servers=servers))
    assert draft.environments[0].base_url == base_url
    asks = "{{baseUrl}}" in base_url
    assert ("no-base-url" in codes(draft)) == asks
    assert ("baseUrl" in [variable.key for variable in draft.variables]) == asks


def test_path_items_may_be_references_inside_the_document():
    items = {"Item": {"get": {"operationId": "a"}, "post": {"operationId": "b"}}}
    data = openapi({"/a": {"$ref": "#/components/pathItems/Item"}}, version="3.1.0", components={"pathItems": items})
    assert [action.spec.tag for action in read_document(data).actions] == ["a", "b"]


def test_duplicate_and_missing_operation_ids_get_tags_of_their_own():
    paths = {"/a": {"get": {"operationId": "same"}, "put": {"operationId": "same"}}, "/b/{id}": {"get": {}}}
    draft = read_document(openapi(paths))
    assert [action.spec.tag for action in draft.actions] == ["same", "same-2", "get-b-id"]
    assert [action.spec.source_id for action in draft.actions] == ["GET /a", "PUT /a", "GET /b/{id}"]
    assert "duplicate-id" in codes(draft)


def test_one_broken_operation_does_not_stop_the_others():
    broken = {"get": {"parameters": {"a": 1}, "requestBody": 7, "responses": [], "tags": "x", "security": 3}}
    paths = {"/a": broken, "/b": {"get": 5, "put": {}}, "/c": None, "/d": {"get": {"servers": [None, 3]}}}
    draft = read_document(openapi(paths))
    assert [(action.spec.method, action.spec.path) for action in draft.actions] == [
        ("GET", "/a"),
        ("PUT", "/b"),
        ("GET", "/d"),
    ]
    assert {"bad-operation", "bad-path"} <= codes(draft)


def test_webhooks_and_callbacks_are_reported():
    callback = {"onEvent": {"{$request.body#/url}": {"post": {}}}}
    draft = read_document(openapi(operation(callbacks=callback), webhooks={"w": {"post": {}}}, version="3.1.0"))
    assert {"webhooks", "callbacks"} <= codes(draft)
    assert len(draft.actions) == 1


def test_folders_follow_the_tags_of_the_document():
    paths = {"/a": {"get": {"tags": ["b", "x"]}, "put": {"tags": ["a"]}, "post": {}, "head": {"tags": ["new"]}}}
    draft = read_document(openapi(paths, tags=[{"name": "a"}, {"name": "b"}, {"name": "unused"}]))
    assert draft.folders == (("a",), ("b",), ("new",))
    assert [action.spec.folder for action in draft.actions] == [("b",), ("a",), (), ("new",)]


def test_progress_is_told_up_to_the_end():
    told: list[tuple[int, int]] = []
    paths = {f"/p{number}": {"get": {}} for number in range(60)}
    read_document(openapi(paths), progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 60), (25, 60), (50, 60), (60, 60)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "web-page"),
        (b"\xef\xbb\xbf  <html>", "web-page"),
        (b'<?xml version="1.0"?><a/>', "xml"),
        (b"[1, 2]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"just words", "not-an-object"),
        (b"{}", "unknown-format"),
        (b"asyncapi: 2.6.0", "asyncapi"),
        (b"swagger: '1.2'", "unknown-version"),
        (b'{"swaggerVersion": "1.1"}', "unknown-version"),
        (b"openapi: 4.0.0", "unknown-version"),
        (b"openapi: 3.0.0", "no-operations"),
        (b'{"paths": {}}', "no-version"),
        (b'{"name": "n", "requests": []}', "postman-1"),
        (b'{"info": {"schema": "https://schema.getpostman.com/json/collection/v1.0.0/"}}', "postman-1"),
        (b'{"name": "e", "values": []}', "postman-environment"),
        (b'{"log": {"entries": []}}', "har"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_plain_words(data, code):
    with pytest.raises(DocumentError) as caught:
        read_document(data)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


def test_a_document_without_operations_is_an_app_without_actions():
    assert read_document(openapi({})).actions == ()


def test_a_parameter_that_the_auth_fills_in_is_not_required():
    own = [{"name": name, "in": "header", "required": True} for name in ("X-Key", "authorization", "Other")]
    paths = {"/a": {"get": {"parameters": own, "security": [{"keyHeader": []}, {"bearerAuth": []}]}}}
    spec = only_action(openapi(paths, components={"securitySchemes": SCHEMES}))
    assert [each.required for each in spec.parameters] == [False, False, True]


def test_what_is_too_long_to_store_is_cut_and_reported():
    draft = read_document(openapi({"/" + "x" * 5000: {"get": {}}}))
    assert len(draft.actions[0].spec.path) == 2000
    assert "path-cut" in codes(draft)


def test_combinations_of_combinations_finish():
    schemas = {
        f"S{number}": {
            key: [{"$ref": f"#/components/schemas/S{number + 1}"}] * 5 for key in ("allOf", "anyOf", "oneOf")
        }
        for number in range(30)
    }
    parameters = [
        {"name": f"p{number}", "in": "query", "schema": {"$ref": "#/components/schemas/S0"}} for number in range(20)
    ]
    spec = only_action(openapi(operation(parameters=parameters), components={"schemas": schemas}))
    assert len(spec.parameters) == 20


def test_words_beside_a_reference_count_as_their_version_says():
    schema = {"$ref": "#/components/schemas/A", "description": "D", "maxLength": 3}
    body, components = json_body({"properties": {"a": schema}}), {"schemas": {"A": {"type": "string"}}}
    old = only_action(openapi(operation(requestBody=body), components=components)).body.schema["properties"]["a"]
    new = only_action(openapi(operation(requestBody=body), components=components, version="3.1.0"))
    assert old == {"allOf": [{"$ref": "#/$defs/A"}], "description": "D"}
    assert new.body.schema["properties"]["a"]["maxLength"] == 3


def test_samples_of_requests_leave_out_what_only_the_api_sets():
    properties = {"id": {"type": "integer", "readOnly": True}, "pin": {"type": "string", "writeOnly": True}}
    schema = {"type": "object", "properties": properties, "required": ["id"]}
    responses = {"200": {"content": {"application/json": {"schema": schema}}}}
    [action] = read_document(openapi(operation(requestBody=json_body(schema), responses=responses))).actions
    assert action.spec.body.sample == {"pin": "string"}
    assert "required" not in action.spec.body.schema
    assert action.samples[0].body == {"id": 0}


def test_a_notice_that_repeats_is_told_once_with_its_count():
    gone = [{"$ref": "#/gone"}]
    draft = read_document(openapi({f"/{number}": {"get": {"parameters": gone}} for number in range(3)}))
    [notice] = [notice for notice in draft.notices if notice.code == "unresolved-reference"]
    assert notice.place == "/paths/~10/get/parameters/0"
    assert notice.message.endswith("The same 2 more times.")


def test_an_operation_may_be_a_reference():
    paths = {
        "/a": {"get": {"operationId": "a", "summary": "S"}},
        "/b": {"get": {"$ref": "#/paths/~1a/get"}, "put": {"$ref": "#/no"}},
    }
    specs = [action.spec for action in read_document(openapi(paths)).actions]
    assert [(spec.method, spec.path, spec.name) for spec in specs] == [
        ("GET", "/a", "S"),
        ("GET", "/b", "S"),
        ("PUT", "/b", "PUT /b"),
    ]
