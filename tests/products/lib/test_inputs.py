"""The input of an action: places, defaults, types, limits, schemas."""

from __future__ import annotations

import json

import pytest

from products.lib import json_schemas
from products.lib.actions import ActionSpec, Body, Parameter
from products.lib.inputs import (
    FIELD_TYPES,
    InputError,
    UnknownFieldType,
    check_fields,
    field_schema,
    field_type,
    fill_defaults,
    place_input,
    validate_input,
)
from tests.patience import ends

CHARGE = ActionSpec(
    tag="charge",
    name="Charge",
    method="POST",
    path="/accounts/{id}/charges",
    parameters=(
        Parameter("id", "path", required=True),
        Parameter("id", "query", type="number"),
        Parameter("page", "query", type="number", default=1, minimum=1, maximum=9),
        Parameter("X-Trace", "header", maximum=5),
        Parameter("sid", "cookie"),
    ),
    body=Body(schema={"$ref": "#/$defs/Charge"}, required=True),
    defs={
        "Charge": {
            "allOf": [
                {"$ref": "#/$defs/Base"},
                {"type": "object", "properties": {"amount": {"type": "integer", "minimum": 1}}, "required": ["amount"]},
            ]
        },
        "Base": {"type": "object", "properties": {"note": {"type": "string"}, "parent": {"$ref": "#/$defs/Charge"}}},
    },
)


def problems(spec, data):
    with pytest.raises(InputError) as caught:
        validate_input(spec, data)
    return {(error.pointer, error.code) for error in caught.value.errors}


def test_flat_fields_find_their_place():
    placed = validate_input(CHARGE, {"params:id": "a", "query:id": 5, "amount": 3, "x-trace": "t", "sid": "s"})
    assert placed.params == {"id": "a"}
    assert placed.query == {"id": 5, "page": 1}
    assert placed.headers == {"X-Trace": "t"}
    assert placed.cookies == {"sid": "s"}
    assert placed.body == {"amount": 3}


def test_structured_input_stands_as_it_is():
    data = {"params": {"id": "a"}, "query": {"extra": "x"}, "headers": {"x-trace": "t"}, "body": {"amount": 3}}
    placed = validate_input(CHARGE, data)
    assert placed.query == {"extra": "x", "page": 1}
    assert placed.headers == {"X-Trace": "t"}
    assert data["query"] == {"extra": "x"}, "the caller's own data is left alone"


def test_structured_and_flat_may_be_mixed():
    placed = validate_input(CHARGE, {"params": {"id": "a"}, "body": {"note": "n"}, "amount": 3})
    assert placed.body == {"note": "n", "amount": 3}


def test_a_name_in_two_places_needs_a_prefix():
    with pytest.raises(InputError) as caught:
        place_input(CHARGE, {"id": "a"})
    assert caught.value.errors[0].code == "ambiguous"
    assert "params:id or query:id" in caught.value.errors[0].detail


def test_an_unknown_field_comes_with_a_suggestion():
    with pytest.raises(InputError, match="Did you mean “amount”"):
        place_input(CHARGE, {"amonut": 3})


def test_fields_named_like_the_groups_stay_fields():
    search = ActionSpec("s", "S", "GET", "/s", parameters=(Parameter("query", "query"),))
    assert place_input(search, {"query": "cats"}).query == {"query": "cats"}
    assert place_input(search, {"query": {"query": "cats"}}).query == {"query": "cats"}
    post = ActionSpec("p", "P", "POST", "/p", body=Body(schema={"properties": {"body": {}, "title": {}}}))
    assert place_input(post, {"body": "text"}).body == {"body": "text"}
    assert place_input(post, {"body": {"body": "text"}}).body == {"body": "text"}


def test_a_body_without_a_schema_takes_any_field_and_one_with_a_sample_takes_its_own():
    free = ActionSpec("f", "F", "POST", "/f", body=Body())
    assert place_input(free, {"a": 1, "b": 2}).body == {"a": 1, "b": 2}
    sampled = ActionSpec("f", "F", "POST", "/f", body=Body(sample={"a": 1}))
    with pytest.raises(InputError):
        place_input(sampled, {"b": 2})


def test_every_problem_is_listed_at_once():
    data = {"params": {"other": "x"}, "query": {"page": 10, "id": "x1"}, "headers": {"X-Trace": "too long"}, "body": {}}
    assert problems(CHARGE, data) == {
        ("/params/id", "required"), ("/params/other", "unknown_field"), ("/query/page", "too_large"),
        ("/query/id", "type"), ("/headers/X-Trace", "too_long"), ("/body/amount", "required"),
    }  # fmt: skip


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], 5, 1.5, True, None])
@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("/params/id", lambda value: {"params": {"id": value}, "body": {"amount": 1}}),
        ("/headers/X-Trace", lambda value: {"params:id": "a", "headers": {"X-Trace": value}, "amount": 1}),
        ("/cookies/sid", lambda value: {"params": {"id": "a"}, "cookies": {"sid": value}, "body": {"amount": 1}}),
        ("/body/note", lambda value: {"params": {"id": "a"}, "body": {"amount": 1, "note": value}}),
    ],
    ids=["path", "header", "cookie", "body"],
)  # fmt: skip
def test_J12_anything_but_text_where_text_is_meant_names_the_field(value, place, data):
    assert problems(CHARGE, data(value)) == {(place, "type")}


@pytest.mark.parametrize("value", ["text", None, [], {}, True, 1.5])
def test_J12_anything_but_a_number_where_a_number_is_meant_names_the_field(value):
    data = {"params": {"id": "a"}, "query": {"page": value}, "body": {"amount": value}}
    assert problems(CHARGE, data) == {("/query/page", "type"), ("/body/amount", "type")}


@pytest.mark.parametrize("data", [None, [], "text", 5, True])
def test_J12_the_input_itself_must_be_an_object(data):
    assert problems(CHARGE, data) == {("", "type")}


@pytest.mark.parametrize("key", ["params", "query", "headers", "cookies"])
@pytest.mark.parametrize("value", ["x", [], 5, None])
def test_J12_a_group_must_be_an_object(key, value):
    assert problems(CHARGE, {key: value, "amount": 1}) == {(f"/{key}", "type")}


@pytest.mark.parametrize("form", ["form", "multipart", "text", "xml", "binary", "graphql"])
def test_J12_a_body_of_the_wrong_kind_is_refused(form):
    spec = ActionSpec("a", "A", "POST", "/x", body=Body(form))
    assert problems(spec, {"body": [1]}) == {("/body", "type")}


def test_numbers_and_booleans_may_be_text_where_everything_is_text():
    spec = ActionSpec("a", "A", "GET", "/x", parameters=(
        Parameter("n", "query", type="number"), Parameter("f", "query", type="float"),
        Parameter("b", "query", type="boolean"), Parameter("many", "query", type="array-number"),
        Parameter("either", "query", schema={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    ))  # fmt: skip
    data = {"n": "10", "f": "-1.5e3", "b": "true", "many": ["1", "2"], "either": "7"}
    assert validate_input(spec, data).query == data
    assert problems(spec, {"n": "1_0", "b": "yes", "f": "\u0661"}) == {
        ("/query/n", "type"), ("/query/b", "type"), ("/query/f", "type"),
    }  # fmt: skip


def test_a_body_is_not_text():
    assert problems(CHARGE, {"params": {"id": "a"}, "body": {"amount": "3"}}) == {("/body/amount", "type")}


VALUES = {
    "string": ("a b", 5), "nospaces_string": ("ab", "a b"), "email_string": ("a@b.co", "a@"),
    "numberstring": ("-12.5", "12a"), "date_string": ("2026-01-31", "31.1.2026"), "number": (5, 5.5),
    "float": (5.5, "x"), "double": (5, None), "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123"),
    "date": ("2026-01-31T10:00:00Z", "soon"), "array": ([1], {}), "object": ({}, []), "boolean": (True, 1),
    "array-string": (["a"], [1]), "array-number": ([1], [1.5]), "array-float": ([1.5], ["x"]),
    "array-double": ([1], [None]), "array-uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["1"]),
    "array-boolean": ([True], ["true"]),
}  # fmt: skip


def test_every_field_type_has_an_example_here():
    assert set(VALUES) == set(FIELD_TYPES)


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_every_field_type_takes_what_it_means_and_nothing_else(name):
    good, bad = VALUES[name]
    param = Parameter("f", "query", type=name)
    assert check_fields([param], {"f": good}) == []
    assert check_fields([param], {"f": bad})[0].pointer.startswith("/f")


@pytest.mark.parametrize(
    ("alias", "name"),
    [("STRING", "string"), ("EMAIL_STRING", "email_string"), ("INTEGER", "number"), ("ARRAY_STRING", "array-string"),
     ("Array-UUID", "array-uuid"), ("NUMBER_STRING", "numberstring"), ("bool", "boolean"), (" Float ", "float")],
)  # fmt: skip
def test_types_have_aliases(alias, name):
    assert field_type(alias) == name


def test_an_unknown_type_is_named_and_never_blocks_a_call():
    with pytest.raises(UnknownFieldType, match="blob"):
        field_type("blob")
    assert check_fields([Parameter("f", "query", type="blob")], {"f": object}) == []


def test_limits_mean_length_for_text_and_value_for_numbers():
    assert field_schema(Parameter("a", "query", minimum=2, maximum=3)) == {
        "type": "string", "minLength": 2, "maxLength": 3,
    }  # fmt: skip
    assert field_schema(Parameter("a", "query", type="float", minimum=2.5))["minimum"] == 2.5
    assert field_schema(Parameter("a", "query", type="array-uuid", maximum=2))["maxItems"] == 2


def test_disabled_parameters_are_neither_required_nor_given_a_default():
    parameters = (
        Parameter("a", "query", required=True, enabled=False),
        Parameter("b", "query", default=1, enabled=False),
    )
    assert validate_input(ActionSpec("a", "A", "GET", "/x", parameters=parameters), {}).query == {}


def test_defaults_are_copied():
    spec = ActionSpec("a", "A", "GET", "/x", parameters=(Parameter("a", "query", type="array", default=[1]),))
    validate_input(spec, {}).query["a"].append(2)
    assert validate_input(spec, {}).query["a"] == [1]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"}, {"$ref": "#/$defs/Nowhere"}, {"$ref": "http://169.254.169.254/x"}, {"$ref": "file:///etc/passwd"},
        {"minimum": "x"}, {"properties": 5}, {"$ref": "other.json#/x"}, {"$id": "http://x/", "$ref": "y"},
    ],
)  # fmt: skip
def test_I1_a_schema_that_does_not_compile_never_blocks_and_fetches_nothing(schema):
    spec = ActionSpec("a", "A", "POST", "/x", body=Body(schema=schema))
    assert validate_input(spec, {"body": {"any": 1}}).body == {"any": 1}


def test_a_pattern_of_another_language_only_loses_the_pattern():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?<=a"}}}
    spec = ActionSpec("a", "A", "POST", "/x", body=Body(schema=schema))
    assert validate_input(spec, {"a": "x"}).body == {"a": "x"}
    assert problems(spec, {"a": 5}) == {("/body/a", "type")}


def test_J10_a_pattern_cannot_hold_up_a_run():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    spec = ActionSpec("a", "A", "POST", "/x", body=Body(schema=schema))
    with ends():
        problems(spec, {"a": "a" * 5_000 + "b"})


def test_I6_a_recursive_schema_checks_recursive_data():
    body: dict = {"amount": 1}
    for _ in range(20):
        body = {"amount": 1, "parent": body}
    assert validate_input(CHARGE, {"params": {"id": "a"}, "body": body}).body == body
    body["parent"]["parent"]["amount"] = "x"
    errors = problems(CHARGE, {"params": {"id": "a"}, "body": body})
    assert any(pointer.startswith("/body") for pointer, _ in errors)


def test_D1_unstorable_input_names_the_field():
    assert problems(CHARGE, {"amount": 1, "note": "a\0b"}) == {("/note", "not_storable")}
    assert problems(CHARGE, {"amount": float("nan")}) == {("/amount", "not_storable")}


def test_K5_errors_never_quote_the_value():
    secret = "hunter2-hunter2"
    data = {"params": {"id": "a"}, "query": {"page": secret}, "body": {"amount": secret, "note": [secret]}}
    with pytest.raises(InputError) as caught:
        validate_input(CHARGE, data)
    assert secret not in json.dumps([error.detail for error in caught.value.errors]) + str(caught.value)


def test_errors_are_bounded():
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    spec = ActionSpec("a", "A", "POST", "/x", body=Body(schema=schema))
    with pytest.raises(InputError) as caught:
        validate_input(spec, {"body": {str(n): n for n in range(5_000)}})
    assert len(caught.value.errors) <= 50


def test_file_fields_take_files():
    schema = {"type": "object", "properties": {"doc": {"type": "string", "format": "binary"}}, "required": ["doc"]}
    spec = ActionSpec("a", "A", "POST", "/x", body=Body("multipart", schema=schema, file_fields=("doc",)))
    assert validate_input(spec, {"doc": {"filename": "a", "content_base64": "eA=="}}).body
    assert problems(spec, {"doc": "/etc/passwd"}) == {("/body/doc", "type")}
    assert problems(spec, {"doc": {"path": "/etc/passwd", "content_base64": "eA=="}}) == {
        ("/body/doc", "unknown_field")
    }


def test_a_schema_is_compiled_once_for_all_checks(monkeypatch):
    data = {"params": {"id": "a"}, "query": {"page": "3"}, "headers": {"X-Trace": "t"}, "body": {"amount": 3}}
    validate_input(CHARGE, data)
    monkeypatch.setattr(json_schemas.jsonschema_rs, "Draft202012Validator", None)
    for _ in range(3):
        validate_input(CHARGE, data)


def test_variables_fill_defaults_and_never_the_callers_values():
    parameters = (Parameter("a", "query", default="{{key}}"), Parameter("n", "query", type="number", default="{{n}}"))
    spec = ActionSpec("a", "A", "GET", "/x", parameters=parameters)
    for given, sent in (({}, "v {{n}}"), ({"a": "{{key}}"}, "{{key}}")):
        placed = validate_input(spec, given)
        assert placed.query == given
        fill_defaults(spec, placed, {"key": "v {{n}}", "n": "5"})
        assert placed.query == {"a": sent, "n": "5"}
