"""OpenAPI's table of styles, cell by cell."""

from __future__ import annotations

import pytest

from processors.connectors.http.styles import cookie_pair, header_text, path_text, query_pairs

LIST, OBJECT = ["blue", "b ck"], {"R": 100, "G": True}


@pytest.mark.parametrize(
    ("style", "explode", "value", "text"),
    [
        ("", None, "blue", "blue"), ("simple", None, LIST, "blue,b%20ck"), ("simple", True, LIST, "blue,b%20ck"),
        ("simple", False, OBJECT, "R,100,G,true"), ("simple", True, OBJECT, "R=100,G=true"),
        ("label", None, "blue", ".blue"), ("label", False, LIST, ".blue,b%20ck"), ("label", True, LIST, ".blue.b%20ck"),
        ("label", False, OBJECT, ".R,100,G,true"), ("label", True, OBJECT, ".R=100.G=true"),
        ("matrix", None, "blue", ";c=blue"), ("matrix", False, LIST, ";c=blue,b%20ck"),
        ("matrix", True, LIST, ";c=blue;c=b%20ck"), ("matrix", False, OBJECT, ";c=R,100,G,true"),
        ("matrix", True, OBJECT, ";R=100;G=true"), ("unknown", None, "a,b", "a%2Cb"),
    ],
)  # fmt: skip
def test_path_styles(style, explode, value, text):
    assert path_text("c", value, style=style, explode=explode) == text


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        ("", None, "a b&c", "c=a%20b%26c"), ("form", None, LIST, "c=blue&c=b%20ck"),
        ("form", False, LIST, "c=blue,b%20ck"),
        ("form", None, OBJECT, "R=100&G=true"), ("form", False, OBJECT, "c=R,100,G,true"),
        ("spaceDelimited", None, LIST, "c=blue%20b%20ck"), ("pipeDelimited", None, LIST, "c=blue%7Cb%20ck"),
        ("pipeDelimited", True, LIST, "c=blue&c=b%20ck"), ("deepObject", True, OBJECT, "c[R]=100&c[G]=true"),
        ("deepObject", None, {"a": {"b": [1, {"x]": 2}]}}, "c[a][b][0]=1&c[a][b][1][x%5D]=2"),
        ("", None, None, ""), ("", None, "", "c="), ("", None, 1.5, "c=1.5"),
        ("", None, [], ""), ("", None, False, "c=false"),
        ("", None, [{"a": 1}], "c=%7B%22a%22%3A1%7D"),
    ],
)  # fmt: skip
def test_query_styles(style, explode, value, query):
    assert "&".join(f"{key}={text}" for key, text in query_pairs("c", value, style=style, explode=explode)) == query


def test_headers_and_cookies():
    assert header_text(LIST) == "blue,b ck"
    assert header_text(OBJECT) == "R,100,G,true"
    assert header_text(OBJECT, explode=True) == "R=100,G=true"
    assert cookie_pair("a=b", "x; y,z") == "a%3Db=x%3B%20y%2Cz"
    assert cookie_pair("ids", [1, 2]) == "ids=1%2C2"
