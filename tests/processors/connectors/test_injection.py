"""Values from runs cannot leave the host, the path or the line they are put into."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from processors.connectors.errors import InputRejected, Misconfigured
from processors.connectors.http.request import HttpCall, build_request
from products.lib.actions import ActionSpec, Parameter
from products.lib.http_errors import UrlRefused
from products.lib.inputs import StructuredInput
from products.lib.safe_urls import has_dot_step, parse_url

BASE = "https://api.example.com:8443/v1"
SPEC = ActionSpec("a", "A", "GET", "/things/{id}/x", parameters=(Parameter("id", "path", required=True),))


def build(params=None, query=None, headers=None, cookies=None, spec=SPEC):
    given_input = StructuredInput(params or {"id": "1"}, query or {}, headers or {}, cookies or {})
    return build_request(HttpCall(spec, given_input, BASE))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("//evil", "%2F%2Fevil"), ("@evil", "%40evil"), ("\\evil", "%5Cevil"), ("a?b", "a%3Fb"), ("a#b", "a%23b"),
        ("a/b", "a%2Fb"), ("%41", "%2541"), ("ü", "%C3%BC"), ("a b", "a%20b"), ("a;b", "a%3Bb"), ("...", "..."),
        ("{id}", "%7Bid%7D"), ("http://evil", "http%3A%2F%2Fevil"), (5, "5"), (True, "true"),
    ],
)  # fmt: skip
def test_S4_a_path_value_stays_one_segment(value, sent):
    assert build({"id": value}).url.raw_path == f"/v1/things/{sent}/x"


@pytest.mark.parametrize(
    "value",
    ["..", ".", "../x", "..\\x", "%2e%2e", "%2E%2e/x", "%252e%252e", "a/../b", "x\r\ny", "x\ny", "\0", "\x7f", "",
     None, [], {}, ["a", ".."]],
)  # fmt: skip
def test_S4_a_path_value_that_would_climb_or_end_a_line_is_refused(value):
    with pytest.raises(InputRejected) as caught:
        build({"id": value})
    assert caught.value.details["field"] == "/params/id"


@settings(max_examples=300)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["", "label", "matrix"]))
def test_S4_whatever_the_values_are_the_request_stays_on_its_host_and_path(value, query, style):
    parameters = (Parameter("id", "path", style=style), Parameter("q", "query"))
    spec = ActionSpec("a", "A", "GET", "/things/{id}/x", parameters=parameters)
    try:
        url = build({"id": value}, {"q": query}, spec=spec).url
    except InputRejected:
        return
    for read in (url, URL(str(url))):  # as sent, and as a normalising parser reads it
        assert (read.scheme, read.raw_host, read.port) == ("https", "api.example.com", 8443)
        assert read.raw_path.startswith("/v1/things/")
        assert read.raw_path.endswith("/x")
        assert read.raw_path.count("/") == 4
        assert not any(has_dot_step(step) for step in read.raw_path.split("/"))
    assert str(url).isascii()
    assert dict(URL(str(url)).query) == {"q": query}


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0b", "日本", "é", "\x1b[0m", "a\x7f"])
@pytest.mark.parametrize("place", ["headers", "name"])
def test_S4_headers_take_no_line_breaks_and_no_foreign_letters(value, place):
    with pytest.raises(InputRejected):
        build(headers={"X-A": value} if place == "headers" else {value: "x"})


@pytest.mark.parametrize("value", ["a\r\nX: y", "\0"])
def test_S4_cookies_take_no_line_breaks(value):
    with pytest.raises(InputRejected):
        build(cookies={"a": value})


def test_S4_a_cookie_cannot_add_another_cookie():
    assert ("Cookie", "a=1%3B%20admin%3D1".replace("%3D", "=")) in build(cookies={"a": "1; admin=1"}).headers


def test_S4_query_values_add_no_parameters():
    assert build(query={"q": "1&admin=1#x"}).url.raw_query_string == "q=1%26admin%3D1%23x"


@pytest.mark.parametrize("path", ["/../admin", "/a/../../b", "/%2e%2e/x", "/a/./b", "/%252e%252e/x"])
def test_S4_a_template_cannot_climb_out_of_the_base_path(path):
    with pytest.raises(InputRejected):
        build(spec=ActionSpec("a", "A", "GET", path))


@pytest.mark.parametrize("path", ["@evil.example/x", "//evil.example/x", "http://evil.example/", "\\\\evil.example"])
def test_S4_a_template_cannot_name_another_host(path):
    url = build(spec=ActionSpec("a", "A", "GET", path)).url
    assert url.raw_host == "api.example.com"
    assert url.raw_path.startswith("/v1/")


@pytest.mark.parametrize(
    "text",
    [
        "http://good.com\\@169.254.169.254/", "http://user@host/", "http://user:pw@host/", "http://@host/",
        "http://ho\tst/", "http://host/\n", " http://host/", "http://host /", "http://", "http:///x", "http:host",
        "//host/x", "host/x", "", "gopher://h/", "file:///x", "HTTPS+unix://x/", "http://%31%32%37.1/",
        "http://h:0/", "http://h:99999/", "http://h:x/", "http://[::1/", "http://[fe80::1%25eth0]/", "http://a..b/\u2028",
        "http://h/\ud800", "http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://h/" + "a" * 20_000,
        None, 5, ["http://host/"], {"url": "http://host/"}, b"http://host/",
    ],
)  # fmt: skip
def test_S5_S11_one_strict_parser_refuses_what_two_could_read_differently(text):
    with pytest.raises(UrlRefused):
        parse_url(text)


def test_S11_the_checked_url_is_the_one_that_is_sent():
    url = parse_url("HTTPS://Api.Example.COM:443/a/../b?q=ü#frag")
    assert str(url) == "https://api.example.com/b?q=%C3%BC"


def test_a_method_that_is_none_is_the_configurations_fault():
    for method in ("GET /x HTTP/1.1\r\n", "", "CONNECT", "TRACE", "G ET"):
        with pytest.raises(Misconfigured):
            build(spec=ActionSpec("a", "A", method, "/x"))


def build_with(path, **variables):
    call = HttpCall(ActionSpec("a", "A", "GET", path), StructuredInput(), BASE, variables=variables)
    return build_request(call).url


def test_variables_fill_the_path_as_configured():
    url = build_with("/{{version}}/x_{{ name }}?key={{name}}", version="a/b", name="é&?#")
    assert url.raw_path_qs == "/v1/a/b/x_%C3%A9%26%3F%23?key=%C3%A9%26%3F%23"


@pytest.mark.parametrize("value", ["../..", "a/../b", "%2e%2e", "a\r\n"])
def test_S4_a_variable_cannot_climb_out_of_the_base_path(value):
    with pytest.raises(Misconfigured) as caught:
        build_with("/{{name}}", name=value)
    assert caught.value.details == {"field": "name"}


def test_a_missing_variable_is_named():
    with pytest.raises(Misconfigured, match="“name”"):
        build_with("/{{name}}")


def test_J5_a_value_that_looks_like_a_variable_is_only_a_value():
    spec = ActionSpec("a", "A", "GET", "/{id}", parameters=(Parameter("id", "path"),))
    call = HttpCall(spec, StructuredInput({"id": "{{key}}"}), BASE, variables={"key": "secret"})
    assert build_request(call).url.raw_path == "/v1/%7B%7Bkey%7D%7D"


def test_a_default_made_of_variables_is_filled_or_its_variable_named():
    spec = ActionSpec("a", "A", "GET", "/x", parameters=(Parameter("q", "query", default="{{key}} 1"),))
    call = HttpCall(spec, StructuredInput(), BASE, variables={"key": "v&"})
    assert build_request(call).url.raw_query_string == "q=v%26%201"
    with pytest.raises(Misconfigured, match="“key”"):
        build_request(HttpCall(spec, StructuredInput(), BASE))
