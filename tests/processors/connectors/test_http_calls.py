"""Calls that go well, end to end against a real server."""

from __future__ import annotations

import json

import pytest

from processors.connectors.errors import InputRejected
from products.lib.actions import ActionSpec, Body, Parameter, Placement

CREATE = ActionSpec(
    tag="create",
    name="Create",
    method="POST",
    path="/users/{id}/charges",
    parameters=(
        Parameter("id", "path", required=True),
        Parameter("limit", "query", type="number", default=10),
        Parameter("tags", "query", type="array-string"),
        Parameter("X-Trace", "header"),
        Parameter("session", "cookie"),
    ),
    body=Body(
        required=True,
        schema={"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
    ),
)


async def test_a_flat_input_reaches_every_place(run, remote):
    data = {"id": "u/1", "amount": 5, "tags": ["a b", "c"], "x-trace": "t1", "session": "s"}
    result = await run(CREATE, data, idempotency_key="k-1")
    seen = remote.seen[0]
    assert seen.raw_path == "/users/u%2F1/charges?tags=a%20b&tags=c&limit=10"
    assert json.loads(seen.body) == {"amount": 5}
    assert seen.headers["X-Trace"] == "t1"
    assert seen.headers["Cookie"] == "session=s"
    assert seen.headers["Idempotency-Key"] == "k-1"
    assert seen.headers["Content-Type"] == "application/json"
    assert result.output["path"].startswith("/users")
    assert result.response.status == 200
    assert result.timings.total_ms > 0


async def test_a_get_carries_no_idempotency_key(run, remote):
    await run(idempotency_key="k-1")
    assert "Idempotency-Key" not in remote.seen[0].headers


async def test_an_idempotency_key_of_the_input_wins(run, remote):
    await run(method="POST", data={"headers": {"idempotency-key": "mine"}}, idempotency_key="k-1")
    assert remote.seen[0].headers["idempotency-key"] == "mine"


async def test_the_auth_wins_over_the_input(run, remote):
    placements = (
        Placement("header", "Authorization", "Bearer right"),
        Placement("query", "api_key", "right"),
        Placement("cookie", "sid", "right"),
    )
    data = {"headers": {"authorization": "Bearer wrong"}, "query": {"api_key": "wrong"}, "cookies": {"sid": "wrong"}}
    await run(data=data, placements=placements)
    assert remote.seen[0].headers["Authorization"] == "Bearer right"
    assert remote.seen[0].headers["Cookie"] == "sid=right"
    assert remote.seen[0].raw_path == "/things?api_key=right"
    assert "wrong" not in str(remote.seen[0])


async def test_a_base_url_with_a_path_keeps_it(run, remote):
    await run(path="/v1/x?fixed=1", base=f"{remote.url}/api/", data={"query": {"q": "1"}})
    assert remote.seen[0].raw_path == "/api/v1/x?fixed=1&q=1"


async def test_form_bodies_nest_with_brackets(run, remote):
    spec = ActionSpec("a", "A", "POST", "/f", body=Body("form", "application/x-www-form-urlencoded"))
    await run(spec, {"body": {"a": "1&2", "tags": ["x", "y"], "card": {"no": 4, "items": [{"q": 1}]}, "ok": True}})
    assert remote.seen[0].body == b"a=1%262&tags=x&tags=y&card[no]=4&card[items][0][q]=1&ok=true"
    assert remote.seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_multipart_sends_text_and_files_without_touching_the_disk(run, remote):
    body = Body("multipart", "multipart/form-data", file_fields=("doc",))
    spec = ActionSpec("a", "A", "POST", "/f", body=body)
    file = {"filename": 'a"b\r\nX: y.txt', "content_base64": "aGVsbG8=", "content_type": "text/plain"}
    await run(spec, {"body": {"name": "n", "doc": file}})
    sent = remote.seen[0].body
    assert b'name="name"\r\n\r\nn\r\n' in sent
    assert b'name="doc"; filename="a%22b%0D%0AX: y.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n' in sent
    assert remote.seen[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize("value", ["/etc/passwd", {"path": "/etc/passwd"}, {"src": "x", "content_base64": "eA=="}])
async def test_I12_a_file_path_is_never_opened(run, remote, value):
    from products.lib.inputs import InputError

    spec = ActionSpec("a", "A", "POST", "/f", body=Body("multipart", file_fields=("doc",)))
    with pytest.raises((InputRejected, InputError)):
        await run(spec, {"body": {"doc": value}})
    assert remote.seen == []


async def test_xml_text_binary_and_graphql_bodies(run, remote):
    cases = [
        (Body("xml", "application/xml"), {"order": {"@id": "1", "item": ["a<b", "c"]}},
         b'<?xml version="1.0" encoding="utf-8"?><order id="1"><item>a&lt;b</item><item>c</item></order>'),
        (Body("xml", "text/xml"), "<a/>", b"<a/>"),
        (Body("text", "text/plain"), "héllo", "héllo".encode()),
        (Body("binary", "application/pdf"), "aGVsbG8=", b"hello"),
        (Body("graphql", "application/json"), "{ me }", b'{"query":"{ me }"}'),
    ]  # fmt: skip
    for body, value, sent in cases:
        await run(ActionSpec("a", "A", "POST", "/f", body=body), {"body": value})
        assert remote.seen[-1].body == sent


@pytest.mark.parametrize(
    ("content_type", "body", "output"),
    [
        ("application/json", '{"a": 1}', {"a": 1}),
        ("application/problem+json; charset=utf-8", "[1]", [1]),
        ("application/json", "not json", "not json"),
        ("application/json", '{"a": "x\\u0000\\ud800", "n": NaN}', {"a": "x\ufffd\ufffd", "n": None}),
        ("text/html; charset=latin-1", "hi", "hi"),
        ("application/pdf", "%PDF", {"content_type": "application/pdf", "size": 4, "content_base64": "JVBERg=="}),
        ("application/json", "[" * 2000, "[" * 2000),
    ],
)
async def test_answers_are_decoded_by_their_type(run, content_type, body, output):
    result = await run(path="/raw", data={"query": {"type": content_type, "body": body}})
    assert result.output == output


async def test_a_header_of_an_export_does_not_break_the_connection(run, remote):
    await run(data={"headers": {"Connection": "close", "Accept-Encoding": "br", "Content-Length": "7"}})
    assert "br" not in remote.seen[0].headers.get("Accept-Encoding", "").split(", ")


@pytest.mark.parametrize("name", ["Host", "transfer-encoding", "Upgrade", "Proxy-Authorization"])
async def test_S11_headers_that_steer_the_connection_are_refused(run, remote, name):
    with pytest.raises(InputRejected) as caught:
        await run(data={"headers": {name: "evil.example"}})
    assert caught.value.details["field"] == f"/headers/{name}"
    assert remote.seen == []
