"""Bytes of strangers become trees of plain values, or a DocumentError that says where and why."""

from __future__ import annotations

import codecs
import contextlib
import json
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.document_errors import MAX_DEPTH
from products.lib.documents import DocumentError, load_document
from tests.patience import ends


def tree(data: bytes | str, **options):
    return load_document(data if isinstance(data, bytes) else data.encode(), **options).tree


def refusal(data: bytes | str, **options) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        tree(data, **options)
    return caught.value


def test_json_and_yaml_are_told_apart_by_themselves():
    assert load_document(b'{"a": [1, 2.5, true, null]}').syntax == "json"
    assert load_document(b"a: [1, 2.5, true, null]").syntax == "yaml"
    assert tree('{"a": [1, 2.5, true, null]}') == tree("a: [1, 2.5, true, null]") == {"a": [1, 2.5, True, None]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"], ids=["UTF-8 with mark", "UTF-16", "UTF-32"])
def test_I13_byte_order_marks_are_understood(encoding):
    assert tree('{"é": 1}'.encode(encoding)) == {"é": 1}


def test_a_mark_alone_is_empty():
    assert refusal(codecs.BOM_UTF8).code == "empty"


@pytest.mark.parametrize("data", [b"", b"  \n\t ", b"\x00\x00"])
def test_nothing_is_refused_as_empty(data):
    assert refusal(data).code == "empty"


def test_bytes_that_are_no_text_name_their_place():
    error = refusal(b'{"a":\n "\xff"}')
    assert (error.code, error.line, error.column) == ("not-text", 2, 3)


def test_malformed_json_names_line_and_column():
    error = refusal('{"a": 1,\n "b" 2}', filename="x.json")
    assert (error.code, error.line, error.column) == ("bad-json", 2, 6)
    assert "line 2, column 6" in error.message


def test_malformed_yaml_names_line_and_column():
    error = refusal("a: b\n c: 'd\n")
    assert error.code == "bad-yaml"
    assert error.line >= 2


def test_yaml_in_braces_is_read_and_broken_json_still_gets_the_json_error():
    assert tree("{a: 1, b: [x]}") == {"a": 1, "b": ["x"]}
    assert refusal('{"a": 1,, "b": }').code == "bad-json"


def test_a_document_over_the_limit_is_refused():
    assert refusal('{"a": "' + "x" * 2000 + '"}', max_bytes=1024).message == "The document is larger than 1 kB."


@pytest.mark.parametrize("data", ["[" * 100_000, '{"a":' * 100_000, "[" * 200 + "]" * 200, "- " * 500])
def test_D1_depth_is_refused(data):
    assert refusal(data).code == "too-deep"


def test_depth_within_the_limit_passes():
    data = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert json.dumps(tree(data)) == data


def test_D1_a_million_keys_are_read():
    keys = 1_000_000
    document = tree("{" + ",".join(f'"k{number}":1' for number in range(keys)) + "}")
    assert len(document) == keys


def test_D1_millions_of_objects_are_refused_at_once():
    with ends():
        assert refusal("[" + "{}," * 3_000_000 + "{}]").code == "too-large"


def test_D1_long_integers_stay_text():
    assert tree('{"a": ' + "9" * 4301 + "}") == {"a": "9" * 4301}
    assert tree("a: " + "9" * 4301) == {"a": "9" * 4301}
    assert tree('{"a": 18446744073709551616}') == {"a": 18446744073709551616}


def test_D1_what_json_has_no_number_for_stays_text():
    assert tree('{"a": [1e400, -1e400, NaN, Infinity]}') == {"a": ["inf", "-inf", "NaN", "Infinity"]}
    assert tree("a: [1e400, .inf, .nan]") == {"a": ["inf", ".inf", ".nan"]}


def test_D1_the_last_of_duplicate_keys_wins_and_is_noted():
    loaded = load_document(b'{"a": 1, "b": {"a": 2}, "a": 3}')
    assert loaded.tree == {"a": 3, "b": {"a": 2}}
    assert loaded.notes == ("The key “a” is there twice in one object; the last one counts.",)


def test_D1_text_becomes_storable():
    loaded = tree('{"a\\u0000": ["\\ud800", "x\\u0000y", {"\\udfff": "\\ud83d\\ude00"}]}')
    assert loaded == {"a": ["\ufffd", "xy", {"\ufffd": "\U0001f600"}]}
    assert tree('a: "x\\0y"') == {"a": "xy"}


def test_control_characters_in_yaml_are_removed_and_noted():
    loaded = load_document(b"a: x\x07y\n")
    assert loaded.tree == {"a": "xy"}
    assert loaded.notes == ("Control characters were removed.",)


def test_yaml_words_that_are_no_json_stay_text():
    text = "a: on\nb: yes\nc: 2020-01-01\nd: 007\ne: 0x1F\nf: 1_000\ng: 12:30:45\nh: 'true'\ni: 1.2.3\nj: =\n"
    expected = {"a": "on", "b": "yes", "c": "2020-01-01", "d": "007", "e": "0x1F", "f": "1_000", "g": "12:30:45"}
    assert tree(text) == {**expected, "h": "true", "i": "1.2.3", "j": "="}


def test_yaml_keys_are_what_is_written():
    text = "200: a\non: b\nnull: c\n1.0: d\ntrue: e\n"
    assert tree(text) == {"200": "a", "on": "b", "null": "c", "1.0": "d", "true": "e"}


def test_yaml_numbers_and_tags():
    assert tree("[0, -1, +2, 1.5, -.5, 1e3, 2.]") == [0, -1, 2, 1.5, -0.5, 1000.0, 2.0]
    assert tree("a: !!str 1\nb: !!int '2'\nc: !!float '1.5'\nd: !!null ''") == {"a": "1", "b": 2, "c": 1.5, "d": None}


def test_yaml_aliases_and_merge_keys_are_followed():
    text = "base: &base {a: 1, b: 2}\nmore: &more {c: 3}\none:\n  <<: [*base, *more]\n  b: 5\ntwo: *base\n"
    assert tree(text)["one"] == {"a": 1, "b": 5, "c": 3}
    assert tree(text)["two"] == {"a": 1, "b": 2}
    assert tree('"<<": 1') == {"<<": 1}


def test_only_the_first_of_several_yaml_documents_is_read():
    loaded = load_document(b"---\na: 1\n---\nb: 2\n")
    assert loaded.tree == {"a": 1}
    assert len(loaded.notes) == 1


def test_yaml_keys_that_are_no_text_are_refused():
    assert refusal("? [a, b]\n: c\n").code == "yaml-key"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['id']", "!x y", "!!set {a}", "!!python/tuple [1]"])
def test_I3_tags_are_refused_with_their_place(tag):
    error = refusal(f"a: 1\nb: {tag}\n")
    assert (error.code, error.line, error.column) == ("yaml-tag", 2, 4)


def test_I3_an_alias_bomb_takes_neither_time_nor_memory():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(c)}: &{chr(c)} [{','.join(['*' + chr(c - 1)] * 9)}]" for c in range(ord("b"), ord("j"))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ends():
        assert refusal("\n".join(lines)).code == "yaml-alias"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_D1_whatever_json_says_is_storable(value):
    loaded = tree(json.dumps({"value": value}))
    text = json.dumps(loaded, allow_nan=False, ensure_ascii=False)
    text.encode()
    assert "\x00" not in text
    assert "\\u0000" not in text


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_D1_any_bytes_are_a_tree_or_a_document_error(data):
    with contextlib.suppress(DocumentError):
        json.dumps(tree(data), allow_nan=False)
