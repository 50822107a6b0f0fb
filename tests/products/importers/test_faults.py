"""Documents that want to read files, call out, never end or run something."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import jsonschema_rs
import pytest

from products.importers import DocumentError, read_document
from products.lib.actions import to_json
from tests.patience import ends

from .documents import codes, json_body, only_action, openapi, operation, postman, request, swagger

_watched: list[list[str]] = []


def _audit(event: str, arguments: tuple) -> None:
    if _watched and (event == "open" or event.startswith(("socket.", "subprocess.", "os.system", "urllib", "exec"))):
        _watched[-1].append(f"{event} {arguments!r}"[:200])


sys.addaudithook(_audit)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Everything opened, connected or executed by this process meanwhile."""
    seen: list[str] = []
    _watched.append(seen)
    try:
        yield seen
    finally:
        _watched.pop()


def test_the_watch_sees_a_file_being_opened():
    with watched() as seen:
        open(__file__).close()
    assert len(seen) == 1


OUTSIDE = [
    "http://169.254.169.254/latest/meta-data",
    "https://sink.example/schema.json#/A",
    "//sink.example/x",
    "file:///etc/passwd",
    "../../../etc/passwd",
    "schemas/x.yaml",
    "/etc/passwd",
]


def outside_document(ref: str) -> bytes:
    paths = {
        "/schema": {"post": {"requestBody": json_body({"type": "object", "properties": {"a": {"$ref": ref}}})}},
        "/item": {"$ref": ref, "get": {}},
        "/parameter": {"get": {"parameters": [{"$ref": ref}, {"name": "ok", "in": "query"}]}},
        "/body": {"post": {"requestBody": {"$ref": ref}}},
        "/answer": {"get": {"responses": {"200": {"$ref": ref}}}},
        "/example": {
            "get": {
                "responses": {"200": {"content": {"application/json": {"examples": {"e": {"externalValue": ref}}}}}}
            }
        },
        "/mapping": {
            "post": {"requestBody": json_body({"discriminator": {"propertyName": "k", "mapping": {"a": ref}}})}
        },
    }
    schemes = {
        "oidc": {"type": "openIdConnect", "openIdConnectUrl": ref},
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": ref, "scopes": {}}}},
        "gone": {"$ref": ref},
    }
    info = {"title": "T", "version": "1", "x-logo": {"url": ref}}
    return openapi(paths, info=info, components={"securitySchemes": schemes}, externalDocs={"url": ref})


def warm_up() -> None:
    """Load what is imported lazily, so that only the document can cause what is seen."""
    read_document(outside_document("#/nowhere"))


@pytest.mark.parametrize("ref", OUTSIDE)
def test_I1_references_outside_are_reported_and_never_opened(ref):
    warm_up()
    with watched() as seen:
        draft = read_document(outside_document(ref))
    assert seen == []
    assert len(draft.actions) == 7
    assert any(notice.code == "unresolved-reference" and ref in notice.message for notice in draft.notices)
    parameters = {action.spec.path: action.spec.parameters for action in draft.actions}
    assert [parameter.name for parameter in parameters["/parameter"]] == ["ok"]


@pytest.mark.parametrize("ref", OUTSIDE)
def test_I1_swagger_references_outside_are_never_opened(ref):
    paths = {"/a": {"post": {"parameters": [{"in": "body", "name": "b", "schema": {"$ref": ref}}, {"$ref": ref}]}}}
    warm_up()
    with watched() as seen:
        draft = read_document(swagger(paths))
    assert seen == []
    assert len(draft.actions) == 1
    assert "unresolved-reference" in codes(draft)


def test_I1_no_schema_of_an_action_points_outside():
    schema = {"allOf": [{"$ref": ref} for ref in OUTSIDE], "$id": "http://sink.example/", "$schema": "http://sink/x"}
    text = json.dumps(to_json(only_action(openapi(operation(requestBody=json_body(schema)), version="3.1.0"))))
    assert "$ref" not in text
    assert "sink" not in text


def bomb() -> bytes:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(c)}: &{chr(c)} [{','.join(['*' + chr(c - 1)] * 9)}]" for c in range(ord("b"), ord("j"))]
    return "\n".join(lines).encode()


YAML_ATTACKS = {
    "alias bomb": bomb(),
    "ten megabytes of anchors": b"".join(b"- &a%d x\n" % number for number in range(800_000)),
    "alias to itself": b"openapi: 3.0.0\npaths: &a\n  x: *a\n",
    "merge key cycle": b"a: &a\n  <<: *a\n",
    "merge key of text": b"a: &a x\nb:\n  <<: *a\n",
    "20,000 lists": b"[" * 20_000,
    "20,000 dashes": b"- " * 20_000,
    "20,000 objects": b"a: " + b"{a: " * 20_000,
    "20,000 complex keys": b"? " * 20_000,
    "a Python object": b"openapi: !!python/object/apply:os.system ['id']\n",
    "a Python name": b"openapi: !!python/name:os.system\n",
    "a tag of one's own": b"!shell id\n",
    "an alias without anchor": b"a: *nothing\n",
}


@pytest.mark.parametrize("name", YAML_ATTACKS)
def test_I3_hostile_yaml_is_refused_and_nothing_opened(name):
    warm_up()
    with ends(), watched() as seen, pytest.raises(DocumentError) as caught:
        read_document(YAML_ATTACKS[name])
    assert seen == []
    assert caught.value.message.endswith(".")


def chain(length: int) -> dict:
    schemas = {f"A{number}": {"$ref": f"#/components/schemas/A{number + 1}"} for number in range(length)}
    return {"schemas": {**schemas, f"A{length}": {"type": "string"}}}


def staircase(length: int) -> dict:
    def step(number: int) -> dict:
        return {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/A{number + 1}"}}}

    return {"schemas": {f"A{number}": step(number) for number in range(length)}}


def ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


CIRCLES = {
    "itself in a value": {"A": {"type": "object", "properties": {"a": ref("A")}}},
    "itself": {"A": ref("A")},
    "each other": {"A": ref("B"), "B": ref("A")},
    "itself by allOf": {"A": {"allOf": [ref("A"), {"type": "object"}]}},
    "each other by anyOf": {"A": {"anyOf": [ref("B")]}, "B": {"oneOf": [ref("A"), {"type": "string"}]}},
    "through not": {"A": {"not": ref("A")}},
    "the document": {"A": {"$ref": "#"}},
    "its own parts": {"A": {"$ref": "#/components/schemas/A/properties/x"}},
    "nothing": {"A": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Gone"}}}},
}


@pytest.mark.parametrize("name", CIRCLES)
def test_I6_circular_and_dangling_refs_finish(name):
    data = openapi(operation(requestBody=json_body(ref("A"))), components={"schemas": CIRCLES[name]})
    spec = only_action(data)
    validator = jsonschema_rs.Draft202012Validator({**spec.body.schema, "$defs": spec.defs}, offline=True)
    validator.is_valid({"a": {"a": {}}})
    json.dumps(to_json(spec))


@pytest.mark.parametrize("components", [chain(5000), staircase(5000)], ids=["5,000 refs", "5,000 steps"])
def test_I6_long_chains_finish_and_are_cut(components):
    with ends():
        spec = only_action(openapi(operation(requestBody=json_body(ref("A0"))), components=components))
        jsonschema_rs.Draft202012Validator({**spec.body.schema, "$defs": spec.defs}, offline=True)
    assert len(spec.defs) < 100


def test_I6_what_could_never_be_satisfied_is_cut_and_reported():
    schemas = CIRCLES["itself by allOf"]
    draft = read_document(openapi(operation(requestBody=json_body(ref("A"))), components={"schemas": schemas}))
    assert draft.actions[0].spec.defs == {"A": {"allOf": [{}, {"type": "object"}]}}
    assert "circular-reference" in codes(draft)


def test_I6_a_document_that_is_a_reference_to_itself_finishes():
    draft = read_document(openapi({"/a": {"$ref": "#/paths/~1a"}, "/b": {"get": {}}}, **{"$ref": "#"}))
    assert [action.spec.path for action in draft.actions] == ["/b"]


def test_I6_mutually_circular_parameters_and_answers_finish():
    components = {
        "parameters": {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}},
        "responses": {"A": {"$ref": "#/components/responses/A"}},
    }
    parts = {
        "parameters": [{"$ref": "#/components/parameters/A"}],
        "responses": {"200": {"$ref": "#/components/responses/A"}},
    }
    draft = read_document(openapi(operation(**parts), components=components))
    assert "circular-reference" in codes(draft)
    assert draft.actions[0].spec.parameters == ()


ODD_NAMES = [
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${x}",
    "__proto__",
    "constructor",
    "a\u0000b",
    "abc\u202egnp.exe",
    "x" * 10_000,
    "\N{PARTY POPPER}",
    "../../etc/passwd",
    "",
    "   ",
    "Same name",
    "same-name",
    "Same  Name!",
    "\ud800",
]


def test_I9_odd_names_are_stored_safely_and_unique():
    items = [request(name, f"https://api.example.com/{number}") for number, name in enumerate(ODD_NAMES)]
    draft = read_document(postman(*items))
    specs = [action.spec for action in draft.actions]
    assert len(specs) == len(ODD_NAMES)
    assert len({spec.tag for spec in specs}) == len(specs)
    assert all(0 < len(spec.name) <= 200 for spec in specs)
    assert specs[0].name == "<script>alert(1)</script>"
    assert specs[6].name == "abcgnp.exe"
    assert "\x00" not in specs[5].name
    "".join(spec.name for spec in specs).encode()
    assert {"name-cleaned", "name-cut"} <= codes(draft)


def test_I9_odd_names_everywhere_in_openapi():
    paths = {
        f"/p{number}": {
            "get": {
                "operationId": name,
                "summary": name,
                "tags": [name],
                "parameters": [{"name": name, "in": "query", "schema": {"type": "object", "properties": {name: {}}}}],
                "responses": {name: {"description": name}},
            }
        }
        for number, name in enumerate(ODD_NAMES)
    }
    schemas = {name: {"type": "object", "properties": {name: {}}} for name in ODD_NAMES}
    draft = read_document(openapi(paths, components={"schemas": schemas}, tags=[{"name": name} for name in ODD_NAMES]))
    assert len({action.spec.tag for action in draft.actions}) == len(ODD_NAMES)
    text = json.dumps([to_json(action.spec) for action in draft.actions])
    assert "\\u0000" not in text
    assert "\\ud800" not in text


def test_I11_scripts_are_kept_as_text_and_flagged():
    script = {"listen": "prerequest", "script": {"exec": ["pm.sendRequest('http://sink')", "process.exit()"]}}
    item = {**request(), "event": [script]}
    warm_up()
    data = postman({"name": "F", "item": [item], "event": [script]}, event=[script])
    with watched() as seen:
        draft = read_document(data)
    assert seen == []
    assert "pm.sendRequest('http://sink')\nprocess.exit()" in draft.actions[0].spec.scripts
    assert {"scripts-kept", "folder-script", "collection-script"} <= codes(draft)


def test_I12_files_that_a_body_names_are_never_read():
    secret = "../../../../../../etc/passwd"
    bodies = [
        {"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": secret}, {"key": "t", "value": "v"}]},
        {"mode": "formdata", "formdata": [{"key": "f", "type": "file", "src": [secret, "/etc/shadow"]}]},
        {"mode": "file", "file": {"src": secret}},
        {"mode": "file", "file": {"src": secret, "content": "inline"}},
    ]
    warm_up()
    with watched() as seen:
        draft = read_document(postman(*(request(f"R{number}", body=body) for number, body in enumerate(bodies))))
    assert seen == []
    specs = [action.spec for action in draft.actions]
    assert [spec.body.format for spec in specs] == ["multipart", "multipart", "binary", "binary"]
    assert specs[0].body.file_fields == ("f",)
    assert specs[0].body.sample == {"t": "v"}
    assert "passwd" not in json.dumps([to_json(spec) for spec in specs])
    assert "file-not-read" in codes(draft)


def test_I14_literal_secrets_do_not_stay():
    literal = "Zm9vYmFyLXNlY3JldC0xMjM0NTY3ODkw"
    rows = [{"key": "Authorization", "value": f"Bearer {literal}"}, {"key": "X-Api-Key", "value": literal}]
    item = request(
        header=rows,
        url=f"https://user:{literal}@api.example.com/r?access_token={literal}",
        auth={"type": "bearer", "bearer": [{"key": "token", "value": literal}]},
        body={"mode": "raw", "raw": json.dumps({"password": literal, "name": "n"})},
    )
    variables = [{"key": "apiToken", "value": literal}, {"key": "plain", "value": literal, "type": "secret"}]
    draft = read_document(postman(item, variable=variables))
    spec = draft.actions[0].spec
    assert literal not in json.dumps(to_json(spec))
    assert literal not in repr(draft.variables) + repr(draft.environments) + repr(draft.auths) + repr(draft.notices)
    assert all(variable.secret for variable in draft.variables)
    assert spec.body.sample == {"password": "", "name": "n"}
    assert "secret-removed" in codes(draft)


def test_I14_stand_ins_and_templates_stay():
    rows = [{"key": "X-Api-Key", "value": "{{apiKey}}"}, {"key": "Authorization", "value": "Bearer <token>"}]
    draft = read_document(postman(request(header=rows, body={"mode": "raw", "raw": '{"reset_password": "true"}'})))
    assert [parameter.default for parameter in draft.actions[0].spec.parameters] == ["{{apiKey}}", "Bearer <token>"]
    assert "secret-removed" not in codes(draft)
