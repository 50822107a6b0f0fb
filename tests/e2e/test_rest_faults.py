"""Bad input, forged requests and foreign sockets against the running system, through its real web process."""

from __future__ import annotations

import base64
import os
import re
import socket
from typing import Any

import pytest

from tests.e2e.site import Person, Site

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("site")]
PRODUCTS = "/api/v1/workspaces/main/products/"


def posted(owner: Person, raw: bytes, **headers: str) -> Any:
    token = {"X_CSRFToken": owner.cookies["csrftoken"], "Origin": owner.site.address}
    return owner.ask("POST", PRODUCTS, raw, **{"Content_Type": "application/json", **token, **headers})


def names(owner: Person) -> list[str]:
    return sorted(product["name"] for product in owner.api("GET", "/workspaces/main/products/").json["results"])


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
        (b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}", "/k0"),
        (b'{"name": ' + b"9" * 4301 + b"}", ""),
        (b'{"name": 1e400}', "/name"),
        (b'{"name": NaN}', ""),
        (b'{"name": "one", "name": "two"}', ""),
        (b'{"name": "\\ud800"}', "/name"),
        (b'{"name": "a\\u0000b"}', "/name"),
        (b'{"name": "x", "workspace": "other"}', "/workspace"),
        (b'{"name": {"a": 1}}', "/name"),
        (b'{"name": ["a"]}', "/name"),
        (b'{"name": true}', "/name"),
        (b'{"name": null}', "/name"),
        (b'{"name": 7}', "/name"),
    ],
    ids=[
        "deep", "million keys", "4301 digits", "1e400", "NaN", "twice", "half a character", "NUL", "A5 unknown",
        "object", "list", "bool", "null", "number",
    ],
)  # fmt: skip
def test_D1_J12_a_bad_body_is_refused_and_nothing_is_written(owner: Person, raw: bytes, pointer: str) -> None:
    before = names(owner)
    answer = posted(owner, raw)
    assert answer.status == 400, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    if pointer:
        assert pointer in [problem["pointer"] for problem in answer.json["errors"]]
    assert len(answer.body) < 100_000  # a million mistakes are not answered with a million lines
    assert names(owner) == before


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/workspaces/main%00/",
        "/api/v1/workspaces/main/products/a%00b/",
        "/api/v1/workspaces/main/runs/?target=a%00b",
        "/api/v1/workspaces/main/runs/?product=a%00b",
        "/api/v1/workspaces/main/audit/?cursor=%00",
        "/api/v1/workspaces/main/apps/%FF%FE/",
        "/w/main/apps/?q=a%00b",
        "/w/main/marketplace/?q=%00",
        "/w/main/find/?q=%00",
        "/w/main/audit/?q=%00&actor=%00&action=%00",
        "/w/main/p/storefront/?env=%00",
        "/w/main/p/storefront/runs/?q=%00&state=%00&target=%00&after=%00",
        "/w/main/secrets/of/%00/",
        "/w/main/%ed%a0%80/",
        "/account/login/?next=%00",
        "/invitations/%00/",
        "/help/%00/",
    ],
)
def test_D1_NUL_and_broken_text_in_an_address_are_no_crash(owner: Person, path: str) -> None:
    answer = owner.ask("GET", path)
    assert answer.status < 500, answer.text[:500]


def test_D1_NUL_in_headers_and_cookies_is_no_crash(site: Site) -> None:
    for line in (b"Authorization: Bearer a\x00b", b"Cookie: sessionid=a\x00b", b"X-Request-Id: \x00", b"Host: \x00"):
        with socket.create_connection(("127.0.0.1", site.installation.port), timeout=10) as connection:
            connection.sendall(
                b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + line + b"\r\n\r\n"
            )
            status = connection.makefile("rb").readline()
        assert status.split()[1] in {b"400", b"401", b"403"}, (line, status)


def test_X4_a_write_without_the_token_or_from_elsewhere_is_refused(owner: Person) -> None:
    before = names(owner)
    good = owner.cookies["csrftoken"]
    forged: list[dict[str, str]] = [
        {},
        {"X_CSRFToken": "x" * 64},
        {"X_CSRFToken": good, "Origin": "https://evil.example"},
        {"X_CSRFToken": good, "Origin": "null"},
    ]
    for headers in forged:
        answer = owner.ask("POST", PRODUCTS, b'{"name": "Forged"}', Content_Type="application/json", **headers)
        assert answer.status == 403, (headers, answer.status)
        kind = "application/x-www-form-urlencoded"
        answer = owner.ask("POST", "/w/main/products/new/", b"name=Forged&tag=forged", Content_Type=kind, **headers)
        assert answer.status == 403, (headers, answer.status)
        htmx = owner.ask(
            "POST", "/w/main/products/new/", b"name=F&tag=f", Content_Type=kind, HX_Request="true", **headers
        )
        assert htmx.status == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert posted(owner, b'{"name": "Forged"}', Content_Type=kind).status == 415
    assert owner.ask("GET", "/w/main/products/new/?name=Forged&tag=forged").status == 200
    assert names(owner) == before


@pytest.mark.parametrize(
    ("origin", "status"),
    [("", 403), ("https://evil.example", 403), ("null", 403), ("http://localhost:1", 101), (None, 101)],
)
def test_X5_a_socket_from_elsewhere_is_refused(site: Site, owner: Person, origin: str | None, status: int) -> None:
    sent = site.address if origin is None else origin
    lines = [
        "GET /ws/live/ HTTP/1.1",
        f"Host: localhost:{site.installation.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Cookie: " + "; ".join(f"{name}={value}" for name, value in owner.cookies.items()),
        *([f"Origin: {sent}"] if sent else []),
    ]
    with socket.create_connection(("127.0.0.1", site.installation.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        first = connection.makefile("rb").readline()
    assert int(first.split()[1]) == status, first


def test_what_a_page_asks_for_is_served(site: Site) -> None:
    """The stylesheet and the scripts of the sign-in page; without them confirmations would not even ask."""
    page = site.ask("GET", "/account/login/")
    files = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
    assert {file.rsplit(".", 1)[1] for file in files} >= {"css", "js"}
    for file in files:
        answer = site.ask("GET", file)
        assert answer.status == 200, file
        assert answer.headers["x-content-type-options"] == "nosniff"
