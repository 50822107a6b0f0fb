"""JSON at the door."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.jsontypes import JsonError, canonical, check_json, clean_json, content_hash, parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def parse(data, **more):
    return parse_json(data, max_bytes=2_000_000, **more)


@pytest.mark.parametrize(
    ("data", "words", "pointer"),
    [
        ("[" * 100_000, "nested deeper than 100", ""),
        ('{"a":' * 100_000, "nested deeper", ""),
        ("[" * 200 + "]" * 200, "nested deeper", "/0" * 100),
        ("9" * 4_301, "too many digits", ""),
        ("9" * 4_000, "too many digits", ""),
        ('{"a": [1, 1e400]}', "too large", "/a/1"),
        ("[NaN]", "NaN is not", ""),
        ("[-Infinity]", "-Infinity is not", ""),
        ('{"a/b": {"~": "x\\u0000"}}', "NUL", "/a~1b/~0"),
        ('["\\ud800"]', "half a character", "/0"),
        ('{"x": {"\\u0000": 1}}', "In a key", "/x/\ufffd"),
        (b"\xff\xfe", "not UTF-8", ""),
        ("", "not valid JSON", ""),
        ("{'a': 1}", "not valid JSON", ""),
    ],
)
def test_D1_bad_json_is_refused_with_its_place(data, words, pointer):
    with pytest.raises(JsonError) as caught:
        parse(data)
    assert words in caught.value.message
    assert caught.value.pointer == pointer


def test_D1_a_syntax_error_has_line_and_column():
    with pytest.raises(JsonError) as caught:
        parse(b'{"a": 1,\n  "b": oops}')
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_D1_too_many_bytes_are_refused_unread():
    with pytest.raises(JsonError, match="longer than 10 bytes"):
        parse_json("[" * 11, max_bytes=10)


def test_D1_a_million_keys_are_fine():
    assert len(parse(json.dumps(dict.fromkeys(map(str, range(100_000)))))) == 100_000


def test_duplicate_keys_and_a_byte_order_mark_are_normalised():
    assert parse(b'\xef\xbb\xbf{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    "value", [{1: "x"}, [object()], {"a": (1,)}, {"a": {2}}, b"bytes", {"a": float("nan")}, 1 << 2000]
)
def test_D1_python_values_that_are_no_json_are_refused(value):
    with pytest.raises(JsonError):
        check_json(value)


def test_D1_check_does_not_recurse():
    value: list = []
    for _ in range(50_000):
        value = [value]
    with pytest.raises(JsonError, match="nested"):
        check_json(value)
    with pytest.raises(JsonError):
        canonical(value)


def test_D1_clean_makes_any_answer_storable():
    value = {"a\0": ["x\0\ud800", float("nan"), float("inf"), 1 << 2000, {"b": None, "c": (1, 2)}], "z": True}
    cleaned = clean_json(value)
    check_json(cleaned)
    assert list(cleaned) == ["a\ufffd", "z"]
    assert cleaned["a\ufffd"][:3] == ["x\ufffd\ufffd", None, None]
    assert cleaned["a\ufffd"][4] == {"b": None, "c": [1, 2]}


@given(JSON)
def test_canonical_form_is_the_value(value):
    try:
        check_json(value)
    except JsonError:
        return
    assert json.loads(canonical(value)) == value
    assert clean_json(value) == value
    assert parse(canonical(value)) == value


def test_hashes_ignore_key_order_and_nothing_else():
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert len({content_hash(value) for value in (1, "1", True, None, [1], {"a": 1}, 1.5)}) == 7
