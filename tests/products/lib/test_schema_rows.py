"""What the pages show of a schema is bounded however its parts are combined."""

from __future__ import annotations

from products.lib.schema_rows import MAX_ROWS, schema_rows


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def test_combinations_that_multiply_end():
    defs = {f"A{number}": {"allOf": [ref(f"A{number + 1}")] * 2} for number in range(60)}
    assert schema_rows(ref("A0"), {**defs, "A60": {"type": "string"}}) == []


def test_a_long_way_of_references_and_lists_ends():
    defs = {f"A{number}": {"items": ref(f"A{number + 1}")} for number in range(3_000)}
    assert schema_rows(ref("A0"), {**defs, "A3000": {"properties": {"a": {}}}}) == []
    inside = {"properties": {"a": {}}}
    for _ in range(120):
        inside = {"items": inside}
    assert [row.name for row in schema_rows(inside, {})] == ["a"]


def test_rows_are_limited():
    assert len(schema_rows({"properties": {f"p{number}": {} for number in range(1_000)}}, {})) == MAX_ROWS


def test_bounds_are_said_as_people_say_them():
    schema = {"properties": {
        "a": {"type": "array", "minItems": 1, "maxItems": 2},
        "b": {"type": "string", "minLength": 1, "maxLength": 20},
        "c": {"type": "integer", "minimum": 1, "maximum": 1},
    }}  # fmt: skip
    assert [row.note for row in schema_rows(schema, {})] == [
        "at least 1 item; at most 2 items", "at least 1 character; at most 20 characters", "at least 1; at most 1",
    ]  # fmt: skip


def test_descriptions_are_shown_without_their_markup():
    said = {
        "**Required.** See [the docs](https://example.com).": "Required. See the docs.",
        "One of:\n\n* `a`\n* `b`": "One of: a b",
        "plain_text of a_b": "plain_text of a_b",
        "<p>Hello</p><script>x</script>": "Hello",
        "x" * 900: "x" * 500,
    }
    schema = {"properties": {f"p{number}": {"description": text} for number, text in enumerate(said)}}
    assert [row.description for row in schema_rows(schema, {})] == list(said.values())
