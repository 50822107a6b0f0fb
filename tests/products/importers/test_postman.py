"""What of a Postman collection becomes what of an app."""

from __future__ import annotations

import json

import pytest

from products.importers import read_document
from products.importers.postman.urls import read_url, split_url

from .documents import codes, only_action, postman, request


def rows(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


@pytest.mark.parametrize(
    ("text", "base", "path", "query"),
    [
        ("https://api.example.com/a/b?x=1&y=", "https://api.example.com", "/a/b", [("x", "1"), ("y", "")]),
        ("https://api.example.com:8443", "https://api.example.com:8443", "/", []),
        ("{{baseUrl}}/a", "{{baseUrl}}", "/a", []),
        ("{{baseUrl}}", "{{baseUrl}}", "/", []),
        ("{{scheme}}://{{host}}/a", "{{scheme}}://{{host}}", "/a", []),
        ("https://{{host}}:{{port}}/a", "https://{{host}}:{{port}}", "/a", []),
        ("{{host}}:8080/a", "{{host}}:8080", "/a", []),
        ("api.example.com/a", "http://api.example.com", "/a", []),
        ("localhost:3000/a#frag", "http://localhost:3000", "/a", []),
        ("/a/b", "", "/a/b", []),
        ("", "", "/", []),
        ("https://h/users/:id/posts/:post-id", "https://h", "/users/{id}/posts/{post-id}", []),
        ("https://h/a:cancel", "https://h", "/a:cancel", []),
        ("https://h/{{what?}}/x?q={{a&b}}", "https://h", "/{{what?}}/x", [("q", "{{a&b}}")]),
        ("https://h\\a\\b", "https://h", "/a/b", []),
        ("https://user:pass@h/a", "https://h", "/a", []),
        ("  https://h/a\n", "https://h", "/a", []),
        ("https://h/{id}", "https://h", "/{id}", []),
        ("?only=query", "", "/", [("only", "query")]),
        ("https://h/a?x=%20y+z&=v&&k", "https://h", "/a", [("x", " y z"), ("k", "")]),
    ],
)
def test_I13_urls_of_every_kind_are_split(text, base, path, query):
    url = split_url(text)
    assert (url.base, url.path, [(row.key, row.value) for row in url.query]) == (base, path, query)


def test_urls_made_of_parts_need_no_raw_text():
    parts = {
        "protocol": "https",
        "host": ["api", "example", "com"],
        "port": "8443",
        "path": ["v1", {"type": "string", "value": ":id"}, ""],
        "query": [{"key": "a", "value": "1"}, {"key": "b", "value": None, "disabled": True}, {"key": None}, None],
        "variable": [{"key": "id", "value": "5", "description": "D"}],
    }
    url = read_url(parts)
    assert (url.base, url.path) == ("https://api.example.com:8443", "/v1/{id}/")
    assert [(row.key, row.enabled) for row in url.query] == [("a", True), ("b", False)]
    assert read_url({"host": "{{host}}", "path": "a/b"}).path == "/a/b"


@pytest.mark.parametrize("raw", [None, 5, [], {}, {"raw": None}, {"host": 5, "path": {"a": 1}, "query": "x"}])
def test_I13_urls_that_are_none_are_the_base_itself(raw):
    url = read_url(raw)
    assert url.path.startswith("/")


def test_parameters_keep_their_place_value_and_switch():
    url = {
        "raw": "https://h/users/:id/:kind?limit=10&off=1&tag=a&tag=b",
        "query": [
            {"key": "limit", "value": "10", "description": "How many"},
            {"key": "off", "value": "1", "disabled": True},
            {"key": "tag", "value": "a"},
            {"key": "tag", "value": "b"},
        ],
        "variable": [{"key": "id", "value": "5"}, {"key": "kind", "value": "{{kind}}"}],
    }
    header = [
        *rows(Accept="application/json"),
        {"key": "X-Off", "value": "1", "disabled": True},
        {"key": "", "value": "x"},
    ]
    spec = only_action(postman(request(url=url, header=header)))
    found = {
        each.name: (each.place, each.required, each.default, each.sample, each.enabled) for each in spec.parameters
    }
    assert found == {
        "id": ("path", True, None, "5", True),
        "kind": ("path", True, "{{kind}}", None, True),
        "limit": ("query", False, "10", None, True),
        "off": ("query", False, "1", None, False),
        "tag": ("query", False, ["a", "b"], None, True),
        "Accept": ("header", False, "application/json", None, True),
        "X-Off": ("header", False, "1", None, False),
    }


@pytest.mark.parametrize(
    "header", [None, "", "A: b\nC: d", ["A: b", "C: d"], {"A": "b", "C": "d"}, 5, [None, 3, {"value": "x"}]]
)
def test_I13_headers_in_every_shape(header):
    names = [each.name for each in only_action(postman(request(header=header))).parameters]
    assert names in ([], ["A", "C"])


@pytest.mark.parametrize(
    ("method", "kept"), [("", "GET"), ("  ", "GET"), (None, "GET"), (5, "5"), ("purge", "PURGE"), ("A B", "GET")]
)
def test_I13_methods_of_every_kind(method, kept):
    draft = read_document(postman(request(method=method)))
    assert draft.actions[0].spec.method == kept
    assert ("no-method" in codes(draft)) == (kept == "GET")


@pytest.mark.parametrize("raw", ["https://h/a", None, 5, [], {}])
def test_I13_whatever_the_request_is_there_is_an_action(raw):
    draft = read_document(postman({"name": "R", "request": raw}))
    assert [action.spec.method for action in draft.actions] == ["GET"]


def test_I13_entries_without_a_request_are_reported():
    draft = read_document(postman({"name": "Nothing"}, None, "x", request(), {"name": "Empty", "item": []}))
    assert len(draft.actions) == 1
    assert [notice.code for notice in draft.notices if notice.level == "skipped"] == [
        "no-request",
        "bad-item",
        "bad-item",
    ]


def test_I13_the_export_wrapper_and_the_mark_are_understood():
    inner = json.loads(postman(request()))
    for data in (json.dumps({"collection": inner}).encode(), b"\xef\xbb\xbf" + json.dumps(inner).encode()):
        assert len(read_document(data).actions) == 1


def body(**parts):
    return only_action(postman(request(body=parts))).body


def test_bodies_of_every_mode():
    raw = body(mode="raw", raw='{"a": {"b": [1]}, "t": "{{t}}"}')
    assert (raw.format, raw.content_type, raw.sample) == ("json", "application/json", {"a": {"b": [1]}, "t": "{{t}}"})
    inner = {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "integer"}}}}
    assert raw.schema["properties"] == {"a": inner, "t": {}}
    form = body(mode="urlencoded", urlencoded=[*rows(a="1"), {"key": "off", "value": "2", "disabled": True}])
    assert (form.format, form.sample, list(form.schema["properties"])) == ("form", {"a": "1"}, ["a", "off"])
    assert body(mode="urlencoded", urlencoded="a=1&b=2").sample == {"a": "1", "b": "2"}
    assert body(mode="raw", raw="<a/>", options={"raw": {"language": "xml"}}).format == "xml"
    assert body(mode="raw", raw="words").format == "text"
    assert body(mode="raw", raw="") is None
    assert body(mode="none") is None
    assert body(mode="formdata", formdata=[]) is None
    query = body(mode="graphql", graphql={"query": "{ a }", "variables": '{"n": 1}'})
    assert (query.format, query.sample) == ("graphql", {"query": "{ a }", "variables": {"n": 1}})
    assert body(mode="graphql", graphql={"query": "{ a }", "variables": ""}).sample["variables"] == {}


def test_the_content_type_header_decides_and_is_no_parameter():
    spec = only_action(
        postman(request(header=rows(**{"content-type": "application/vnd.x+json"}), body={"mode": "raw", "raw": "{}"}))
    )
    assert (spec.body.format, spec.body.content_type, spec.parameters) == ("json", "application/vnd.x+json", ())


@pytest.mark.parametrize("text", ['{"a": 1, // why\n "b": 2}', '{"a": {{number}}}', '{"a": }'])
def test_I13_json_that_is_none_is_kept_as_text(text):
    draft = read_document(postman(request(body={"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}})))
    found = draft.actions[0].spec.body
    assert (found.format, found.sample, found.schema) == ("json", text, {})
    assert "body-as-text" in codes(draft)


def bearer(value="{{token}}"):
    return {"type": "bearer", "bearer": [{"key": "token", "value": value}]}


KEY = {"type": "apikey", "apikey": rows(key="X-Key", value="{{key}}", **{"in": "query"})}
NONE = {"type": "noauth"}
BASIC = {"type": "basic", "basic": {"username": "{{u}}", "password": "{{p}}"}}  # as in Postman 2.0


def test_auth_is_inherited_from_folder_to_request():
    inner = [request("of folder"), request("own", auth=BASIC), request("none", auth=NONE)]
    items = [
        request("default"),
        {"name": "F", "auth": KEY, "item": inner},
        {"name": "G", "auth": None, "item": [{"name": "H", "item": [request("default too")]}]},
        {"name": "I", "auth": {"type": "noauth"}, "item": [request("anonymous")]},
    ]  # fmt: skip
    draft = read_document(postman(*items, auth=bearer()))
    found = {action.spec.name: (action.spec.auths, action.spec.anonymous) for action in draft.actions}
    assert draft.default_auths == ("bearer-token",)
    assert found == {
        "default": ((), False),
        "of folder": (("api-key-x-key",), False),
        "own": (("basic-auth",), False),
        "none": ((), True),
        "default too": ((), False),
        "anonymous": ((), True),
    }
    assert "auth-not-supported" not in codes(draft)
    [key] = [auth for auth in draft.auths if auth.kind == "api_key"]
    assert (key.placements[0].place, key.placements[0].key) == ("query", "X-Key")
    assert [action.spec.folder for action in draft.actions][4] == ("G", "H")


@pytest.mark.parametrize("kind", ["oauth1", "hawk", "awsv4", "digest", "ntlm", "edgegrid", "asap", "new"])
def test_auth_that_is_not_supported_is_reported_and_the_action_stays(kind):
    draft = read_document(postman(request(auth={"type": kind, kind: rows(a="b")}), auth=bearer()))
    assert draft.actions[0].spec.anonymous
    assert "auth-not-supported" in codes(draft)


@pytest.mark.parametrize("auth", [5, "x", [], {}, {"type": None}, {"type": "basic"}, {"type": "apikey", "apikey": "x"}])
def test_I13_odd_auth_never_stops_an_import(auth):
    assert len(read_document(postman(request(auth=auth), auth=auth)).actions) == 1


def test_oauth_2_keeps_its_addresses_and_not_its_secrets():
    values = rows(
        grant_type="client_credentials",
        accessTokenUrl="https://a/token",
        scope="read write",
        clientSecret="s3cr3t-value",
    )
    draft = read_document(postman(request(auth={"type": "oauth2", "oauth2": values})))
    assert draft.auths[0].oauth == {
        "clientCredentials": {"tokenUrl": "https://a/token", "scopes": {"read": "", "write": ""}}
    }
    assert "s3cr3t-value" not in repr(draft)


def test_the_commonest_host_is_the_environment():
    urls = ["{{url}}/a", "{{url}}/b", "https://other.example.com/c", "/d"]
    draft = read_document(postman(*(request(url, url) for url in urls)))
    assert draft.environments[0].base_url == "{{url}}"
    assert [action.spec.base_url for action in draft.actions] == ["", "", "https://other.example.com", ""]
    assert "several-hosts" in codes(draft)
    nowhere = read_document(postman(request(url="/d")))
    assert nowhere.environments[0].base_url == "{{baseUrl}}"
    assert "baseUrl" in [variable.key for variable in nowhere.variables]


def test_variables_come_from_the_collection_and_from_use():
    variable = [
        {"key": "url", "value": "https://api.example.com"},
        {"key": "count", "value": 5, "type": "number"},
        {"id": "old", "value": "by id"},
        {"key": "client_secret", "value": "{{vault}}"},
        {"key": "token_url", "value": "https://a/token"},
        {"value": "no key"},
        None,
    ]
    item = request(
        url="{{url}}/{{path part}}?q={{ q }}",
        header=rows(A="{{$guid}}"),
        body={"mode": "raw", "raw": '{"a": "{{in_body}}"}'},
    )
    draft = read_document(postman(item, variable=variable))
    found = {each.key: (each.default, each.type, each.secret) for each in draft.variables}
    assert found == {
        "url": ("https://api.example.com", "string", False),
        "count": (5, "float", False),
        "old": ("by id", "string", False),
        "client_secret": (None, "string", True),
        "token_url": ("https://a/token", "string", False),
        "path part": (None, "string", False),
        "q": (None, "string", False),
        "in_body": (None, "string", False),
    }


def test_variables_of_early_collections_are_read_too():
    draft = read_document(postman(request(), variables=[{"id": "host", "value": "h"}]))
    assert [(each.key, each.default) for each in draft.variables] == [("host", "h")]


def test_saved_answers_become_samples():
    headers = rows(**{"Content-Type": "application/json", "Set-Cookie": "sid=1"})
    saved = [
        {"name": "OK", "code": 200, "header": headers, "body": '{"a": 1}'},
        {"name": "Broken", "code": "404", "header": "A: b", "body": '{"a": '},
        {"header": None, "body": None},
        None,
        {"code": 0, "body": "plain"},
    ]  # fmt: skip
    draft = read_document(postman({**request(), "response": saved}))
    samples = draft.actions[0].samples
    assert [(each.name, each.status, each.body) for each in samples] == [
        ("OK", 200, {"a": 1}),
        ("Broken", 404, '{"a":'),
        ("Answer 3", 200, None),
        ("Answer 5", 200, "plain"),
    ]
    assert samples[0].headers == {"Content-Type": "application/json"}
    assert {"sample-as-text", "bad-response"} <= codes(draft)


def test_ids_of_postman_find_a_request_again_and_names_do_where_there_are_none():
    items = [
        {**request("A"), "id": "1"},
        {**request("A"), "id": "1"},
        request("A"),
        {**request("B"), "_postman_id": "2"},
    ]
    draft = read_document(postman(*items))
    assert [action.spec.source_id for action in draft.actions] == ["A", "A #2", "A #3", "2"]
    assert [action.spec.tag for action in draft.actions] == ["a", "a-2", "a-3", "b"]


def test_very_deep_folders_are_flattened_not_lost():
    item = request()
    for number in range(40):
        item = {"name": f"F{number}", "item": [item]}
    [action] = read_document(postman(item)).actions
    assert len(action.spec.folder) == 12


def test_what_is_too_long_to_store_is_cut_and_reported():
    draft = read_document(postman(request(url="https://h/" + "x" * 5000 + "?q={{" + "k" * 128 + "}}")))
    assert len(draft.actions[0].spec.path) == 2000
    assert "path-cut" in codes(draft)
    assert draft.variables == ()


def test_variables_with_odd_names_get_usable_keys_and_the_report_says_so():
    variables = [{"key": "a/b", "value": "1"}, {"key": "a_b", "value": "2"}, {"key": "größe", "value": "3"}]
    item = request(
        url="https://{{my host!}}.example.com/{{a/b}}/{{a_b}}?q={{größe}}&g={{$guid}}",
        header=[{"key": "X-A", "value": "{{team:id}} {{a/b}}"}],
        body={"mode": "raw", "raw": "{{#each rows}}{{a/b}}{{/each}}"},
    )
    draft = read_document(postman(item, variable=variables))
    spec = draft.actions[0].spec
    assert spec.path == "/{{a_b_2}}/{{a_b}}"
    assert {p.name: p.default for p in spec.parameters} == {
        "q": "{{groe}}", "g": "{{$guid}}", "X-A": "{{team_id}} {{a_b_2}}",
    }  # fmt: skip
    assert spec.body.sample == "{{#each rows}}{{a_b_2}}{{/each}}", "what another language means stays"
    assert {each.key: each.default for each in draft.variables} == {
        "a_b_2": "1", "a_b": "2", "groe": "3", "team_id": None,
    }  # fmt: skip
    told = [notice.message for notice in draft.notices if notice.code == "variable-renamed"]
    assert any("“a/b” is called “a_b_2”" in message for message in told)
