"""I14: real credentials inside imported files are masked or dropped wherever they stand, and the report warns."""

from __future__ import annotations

import json

import pytest

from products.importers import AppDraft, read_document
from products.importers.credentials import Finder
from products.importers.secrets import holds_secret
from products.lib.actions import to_json

from .documents import codes, json_body, openapi, postman, request

LITERAL = "Zm9vYmFyLXNlY3JldC0xMjM0NTY3ODkw"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n-----END RSA PRIVATE KEY-----"


def everything(draft: AppDraft) -> str:
    """All that is stored of a draft, as one text."""
    specs = [to_json(each.spec) for each in draft.actions] + [to_json(each) for each in draft.auths]
    samples = [[each.name, each.headers, each.body] for action in draft.actions for each in action.samples]
    rest = [draft.title, draft.description, draft.folders, draft.environments, draft.variables, draft.notices]
    return json.dumps([specs, samples], ensure_ascii=False) + repr(rest)


def check_gone(draft: AppDraft, *secrets: str) -> None:
    stored = everything(draft)
    assert [secret for secret in secrets if secret in stored] == []
    assert "secret-removed" in codes(draft)


def rows(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


POSTMAN_PLACES = {
    "bearer auth": {"auth": {"type": "bearer", "bearer": rows(token=LITERAL)}},
    "basic auth": {"auth": {"type": "basic", "basic": rows(username="ann", password=LITERAL)}},
    "auth that is not supported": {"auth": {"type": "awsv4", "awsv4": rows(accessKey=LITERAL, secretKey=LITERAL)}},
    "header": {"header": rows(Authorization=f"Bearer {LITERAL}")},
    "switched off header": {"header": [{"key": "X-Api-Key", "value": LITERAL, "disabled": True}]},
    "query of the URL": {"url": f"https://api.example.com/r?api_key={LITERAL}"},
    "query row of a plain name": {"url": {"raw": "https://api.example.com/r", "query": rows(key=f"{LITERAL}")}},
    "user and password": {"url": f"https://ann:{LITERAL}@api.example.com/r"},
    "path variable": {"url": {"raw": "https://a.example.com/:token", "variable": rows(token=LITERAL)}},
    "JSON body, far inside": {"body": {"mode": "raw", "raw": json.dumps({"a": [{"b": {"password": LITERAL}}]})}},
    "JSON body with comments": {"body": {"mode": "raw", "raw": f'{{"client_secret": "{LITERAL}", // mine\n}}'}},
    "form": {"body": {"mode": "urlencoded", "urlencoded": rows(client_secret=LITERAL)}},
    "XML": {"body": {"mode": "raw", "raw": f"<login><password>{LITERAL}</password></login>"}},
    "GraphQL": {"body": {"mode": "graphql", "graphql": {"variables": f'{{"x": {{"token": "{LITERAL}"}}}}'}}},
    "description": {"description": f"curl -H 'Authorization: Bearer {LITERAL}1' https://x"},
}  # fmt: skip


@pytest.mark.parametrize("place", POSTMAN_PLACES)
def test_I14_postman(place):
    check_gone(read_document(postman(request("R", **POSTMAN_PLACES[place]))), LITERAL)


def test_I14_postman_answers_scripts_names_and_variables():
    script = {
        "listen": "test",
        "script": {"exec": [f"pm.environment.set('x', '{JWT}')", f'const c = {{"secret": "{LITERAL}"}}']},
    }
    answers = [
        {
            "name": "ok",
            "code": 200,
            "header": rows(**{"X-Auth-Token": LITERAL}),
            "body": json.dumps({"access_token": JWT}),
        },
        {"name": "text", "code": 200, "body": f"token={LITERAL}&a=1"},
    ]
    item = {**request(f"https://api.example.com/r?api_key={LITERAL}"), "event": [script], "response": answers}
    draft = read_document(postman({"name": f"Mine {JWT}", "item": [item]}, variable=rows(apiToken=LITERAL)))
    check_gone(draft, LITERAL, JWT, LITERAL.lower()[:20])
    assert draft.actions[0].samples[0].body == {"access_token": "•••"}
    assert draft.actions[0].spec.tag.startswith("https-api-example-com")


def test_I14_a_value_found_in_one_place_is_masked_in_all():
    word = "correct-horse-battery"
    auth = {"type": "bearer", "bearer": rows(token=word)}
    item = request(header=rows(**{"X-Trace": f"trace of {word}"}), description=f"Use {word} for tests.", auth=auth)
    check_gone(read_document(postman(item)), word)


def openapi_with(**parts) -> AppDraft:
    return read_document(openapi({"/a": {"post": {"operationId": "a", "responses": {}, **parts}}}, version="3.1.0"))


SECRET_FIELD = {"type": "string", "default": LITERAL, "example": LITERAL, "examples": [LITERAL], "const": LITERAL}
OPENAPI_PLACES = {
    "parameter": {"parameters": [{"name": "X-Api-Key", "in": "header", "example": LITERAL, "schema": SECRET_FIELD}]},
    "plain parameter": {"parameters": [{"name": "v", "in": "query", "schema": {"type": "string", "default": JWT}}]},
    "body schema": {"requestBody": json_body({"properties": {"user": {"properties": {"password": SECRET_FIELD}}}})},
    "body example": {"requestBody": {"content": {"application/json": {"example": {"a": {"apiKey": LITERAL}}}}}},
    "text example": {"requestBody": {"content": {"text/plain": {"example": f"secret={LITERAL}"}}}},
    "answer": {"responses": {"200": {"content": {"application/json": {"example": {"tokens": [LITERAL]}}}}}},
    "description": {"description": f"Example: `sk_live_{LITERAL}` or {KEY}"},
    "server": {"servers": [{"url": f"https://ann:{LITERAL}@b.example.com/v1"}]},
}


@pytest.mark.parametrize("place", OPENAPI_PLACES)
def test_I14_openapi(place):
    check_gone(openapi_with(**OPENAPI_PLACES[place]), LITERAL, JWT, KEY[:60])


def test_I14_shared_definitions_and_servers():
    components = {
        "schemas": {"Login": {"type": "object", "properties": {"password": SECRET_FIELD}}, "ApiKey": SECRET_FIELD}
    }
    body = json_body({
        "allOf": [
            {"$ref": "#/components/schemas/Login"},
            {"properties": {"k": {"$ref": "#/components/schemas/ApiKey"}}},
        ]
    })
    paths = {f"/{number}": {"post": {"requestBody": body, "responses": {}}} for number in range(3)}
    servers = [{"url": f"https://ann:{LITERAL}@api.example.com"}]
    draft = read_document(
        openapi(paths, components=components, servers=servers, info={"title": JWT, "description": JWT})
    )
    check_gone(draft, LITERAL, JWT)
    first, second, _ = (each.spec.defs for each in draft.actions)
    assert first["Login"] is second["Login"], "definitions stay shared"
    assert draft.environments[0].base_url == "https://api.example.com"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer <your token>", "Bearer YOUR_ACCESS_TOKEN_GOES_HERE", "https://x.example/?token={{token}}",
        "token: the token of the next page", "A UUID: 3fa85f64-5717-4562-b3fc-2c963f66afa6", "https://x.example/a@b",
        "https://{{user}}:{{password}}@host", "Basic authentication is used",
        '{"password": "string", "page_token": "abc123"}',
    ],
)  # fmt: skip
def test_I14_ordinary_texts_stay_as_they_are(text):
    find = Finder()
    assert (find.written(text), find.found) == (text, 0)


@pytest.mark.parametrize(
    "secret",
    [
        JWT, KEY, "sk_live_51Hx8LkE2eZvKYlo2C", "ghp_1234567890abcdefghij1234567890abcdef", "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghij", "AIzaSyA1234567890abcdefghijklmnopqrstuvwx", "glpat-abcdefghij1234567890",
        "SG.abcdefghij1234567890.abcdefghij1234567890", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)  # fmt: skip
def test_I14_well_known_forms_are_found_in_any_text(secret):
    find = Finder()
    assert secret not in find.text(f"Use '{secret}' here: {secret}.")
    assert find.found == 2
    assert find.json({"a": [secret]}) == {"a": ["•••"]}


def test_I14_plain_names_hold_a_key_only_when_it_looks_drawn_by_lot():
    assert holds_secret("key", "0a1b2c3d4e5f60718293a4b5")
    assert holds_secret("appid", "b6907d289e10d714a6e88b30761fae22")
    assert not holds_secret("key", "customer_name_and_address")
    assert not holds_secret("key", "{{apiKey}}")
    assert not holds_secret("code", "EUR")
    assert not holds_secret("api_key_id", "another-apikey-id")


def test_what_holds_no_secret_is_the_very_same_object():
    value = {"a": [{"b": "text"}], "c": 1}
    assert Finder().json(value) is value


def test_I14_masking_twice_masks_nothing_more():
    item = request(
        header=rows(Authorization=f"Bearer {LITERAL}"),
        description=JWT,
        body={"mode": "raw", "raw": f'{{"secret": "{LITERAL}"}}'},
    )
    find = Finder()
    spec = read_document(postman(item)).actions[0].spec
    assert find.json(to_json(spec)) == to_json(spec)
    assert find.found == 0


def test_I14_a_path_stays_a_path_when_its_beginning_is_masked():
    word = "/v1/a1b2c3d4e5f6"
    draft = read_document(
        postman(request(url=f"https://x.example{word}/r", auth={"type": "bearer", "bearer": rows(token=word)}))
    )
    assert draft.actions[0].spec.path.startswith("/")
    check_gone(draft, word[1:])
