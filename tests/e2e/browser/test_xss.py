"""Names, documents, answers and logs that try to be script: every page that shows them shows text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser.conftest import opened
from tests.e2e.site import Person, Site
from tests.patience import until
from tests.processors.sink import Call, Reply

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "'><svg/onload=alert(5)>",
    "<iframe src=javascript:alert(6)>",
    '<a href="javascript:alert(7)">x</a>',
    "[x](javascript:alert(8))",
    '![x](x" onerror="alert(9))',
    "<details open ontoggle=alert(10)>",
    "<body onload=alert(11)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(12)>",
    "{{constructor.constructor('alert(13)')()}}",
    "${alert(14)}",
    "<svg><animate onbegin=alert(15) attributeName=x dur=1s>",
    "<input autofocus onfocus=alert(16)>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><button>go</button></form>",
    "<img src=https://evil.example/pixel.png>",
    "<div hx-get=/account/logout/ hx-trigger=load>x</div>",
    "<div data-live=run:1 hx-on:click=alert(17)>x</div>",
    "<template><script>alert(18)</script></template>",
    "--><script>alert(19)</script><!--",
    "<![CDATA[<script>alert(20)</script>]]>",
    "&lt;script&gt;alert(21)&lt;/script&gt;",
    "\u202e<script>alert(22)</script>",
    "\u2028<script>alert(23)</script>\u2029",
    "<scr\u200bipt>alert(24)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<object data=javascript:alert(25)>",
    "<embed src=javascript:alert(26)>",
    "<video><source onerror=alert(27)>",
    "<marquee onstart=alert(28)>x</marquee>",
    "`<img src=x onerror=alert(29)>`",
    "<a href='data:text/html,<script>alert(30)</script>'>x</a>",
    "<x onclick=alert(31)>y",
    "%3Cscript%3Ealert(32)%3C/script%3E",
]
NOISE = (
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b2J \r\n"
    "\u2028\u2029 </script><script>alert(40)</script>"
)
KEY = {"type": "apiKey", "in": "header", "name": "X-K"}
BIG = "<b onmouseover=alert(41)>" + "A" * 1_000_000
# What would have come of a payload that was taken for markup.
MADE = """() => [...document.querySelectorAll(
  'main script, [onerror], [onload], [onclick], [ontoggle], [onfocus], [onbegin], [onstart], [onmouseover],'
  + 'iframe, object, embed, marquee, base, mglyph, main style, a[href^="javascript:" i], a[href^="data:" i],'
  + '[src*="evil.example"], [href*="evil.example/x"], form[action*="evil"], [hx-get="/account/logout/"]')]
  .map((one) => one.outerHTML.slice(0, 200))"""


class Shouting:
    """A remote side all of whose words are payloads."""

    def __call__(self, call: Call, number: int) -> Reply:
        body: dict[str, Any] = {payload: payload for payload in PAYLOADS}
        headers = {"X-Shout": "<script>alert(50)</script>", "X-Svg": '"><svg onload=alert(51)>'}
        if call.path.startswith("/fail"):
            return Reply(400, {"error": {"message": "".join(PAYLOADS[:8]), "code": PAYLOADS[2]}}, headers)
        if call.path.startswith("/noise"):
            return Reply(422, (NOISE + BIG).encode(), {**headers, "Content-Type": "text/plain"})
        if call.path.startswith("/html"):
            return Reply(200, "".join(PAYLOADS).encode(), {"Content-Type": "text/html"})
        return Reply(body=body, headers=headers)


@pytest.fixture(scope="module")
def shouting(site: Site, owner: Person) -> Iterator[dict[str, str]]:
    """Everything that can have a text has a payload; addresses of the pages that show it."""
    before, site.sink.answering = site.sink.answering, Shouting()
    yield {**furnish(owner, site)}
    site.sink.answering = before


def furnish(owner: Person, site: Site) -> dict[str, str]:
    tag = owner.made("/workspaces/", {"name": "Loud " + PAYLOADS[0], "tag": "loud"})["tag"]
    base = f"/workspaces/{tag}"
    description = "\n\n".join(PAYLOADS)
    owner.made(f"{base}/products/", {"name": PAYLOADS[2][:60], "tag": "shop", "description": description[:1500]})
    owner.made(f"{base}/secrets/", {"key": "LOUD", "value": "loud-secret", "description": PAYLOADS[4]})
    owner.made(f"{base}/keys/", {"name": PAYLOADS[3], "verbs": ["read"]})
    owner.api("POST", f"{base}/invitations/", {"email": '"<svg/onload=alert(1)>"@example.com', "role": "viewer"})
    started = owner.made(f"{base}/imports/", {"document": json.dumps(document(site.sink.url)), "app": "loud"})["id"]
    done = until(lambda: ended(owner, f"{base}/imports/{started}/"), what="the import")
    assert done["state"] == "applied", done
    app = owner.api("GET", f"{base}/apps/loud/").json
    place = owner.api("GET", f"{base}/apps/loud/environments/").json["results"][0]["slug"]
    connection = {
        "app": "loud",
        "tag": "loud",
        "name": PAYLOADS[7],
        "environments": {"dev": {"app_environment": place}},
    }
    owner.made(f"{base}/products/shop/connections/", connection)
    actions = [one["tag"] for one in owner.api("GET", f"{base}/apps/loud/actions/?limit=200").json["results"]]
    pages = {f"action {one}": f"/w/loud/apps/{app['id']}/actions/{one}/" for one in actions[:4]}
    for path in ("ok", "fail", "noise", "html"):
        wanted = {"product": "shop", "environment": "dev", "app": "loud", "action": path, "retries": 0, "wait": 30}
        run = owner.made(f"{base}/processor/action/run", {**wanted, "idempotency_key": f"{PAYLOADS[0]}{path}"})
        pages[path] = f"/w/loud/p/shop/runs/{run['id']}/"
    parts = ("", "products/", "apps/", "team/", "secrets/", "keys/", "audit/", "settings/", "secrets/of/LOUD/")
    pages |= {part: f"/w/loud/{part}" for part in parts}
    parts = (
        "",
        "settings/",
        "environments/",
        "connections/",
        "runs/",
        "connect/",
        "connections/loud/actions/ok/?env=dev",
    )
    pages |= {f"product {part}": f"/w/loud/p/shop/{part}" for part in (*parts, "connections/loud/?env=dev")}
    parts = (
        "",
        "environments/",
        "auths/",
        "variables/",
        "imports/",
        "settings/",
        "actions/ok/edit/",
        "actions/ok/run/",
    )
    pages |= {f"app {part}": f"/w/loud/apps/{app['id']}/{part}" for part in parts}
    pages["import"] = f"/w/loud/imports/{started}/"
    return pages


def ended(owner: Person, path: str) -> Any:
    row = owner.api("GET", path).json
    return row if row["state"] in {"applied", "failed", "ready"} else None


def document(url: str) -> dict[str, Any]:
    """An OpenAPI document with a payload in every text."""
    paths: dict[str, Any] = {
        f"/{path}": {"post": operation(PAYLOADS[2], path)} for path in ("ok", "fail", "noise", "html")
    }
    for number, payload in enumerate(PAYLOADS):
        paths[f"/loud/{number}"] = {"get": operation(payload, f"loud-{number}")}
    return {
        "openapi": "3.1.0",
        "info": {"title": PAYLOADS[0], "version": PAYLOADS[1], "description": "\n\n".join(PAYLOADS)},
        "servers": [{"url": url, "description": PAYLOADS[3]}],
        "tags": [{"name": PAYLOADS[4], "description": PAYLOADS[5]}],
        "components": {"securitySchemes": {"k": {**KEY, "description": PAYLOADS[9]}}},
        "paths": paths,
    }  # fmt: skip


def operation(payload: str, tag: str) -> dict[str, Any]:
    parameter = {"name": "q", "in": "query", "description": payload, "schema": {"type": "string", "default": payload}}
    schema = {"type": "object", "properties": {payload: {"type": "string", "description": payload, "example": payload}}}
    answer = {"description": payload, "content": {"application/json": {"example": {payload: payload}}}}
    return {
        "operationId": tag, "summary": payload, "description": payload, "tags": [payload],
        "parameters": [parameter, {"name": "other", "in": "query", "schema": {"enum": [payload, "b"]}}],
        "responses": {"200": answer, "404": {"description": payload}},
        **({"requestBody": {"content": {"application/json": {"schema": schema}}}} if "-" not in tag else {}),
    }  # fmt: skip


def test_X1_X2_stored_script_stays_text_on_every_page(
    browser: Browser, owner: Person, shouting: dict[str, str]
) -> None:
    context, complaints = opened(browser, owner)
    page, wrong, shown = context.new_page(), [], set[str]()
    foreign: list[str] = []
    context.on("request", lambda asked: foreign.append(asked.url) if "evil.example" in asked.url else None)
    for name, way in shouting.items():
        answer = page.goto(way)
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{name}: {answer.status}")
        page.evaluate("() => document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        wrong += [f"{name}: {made}" for made in page.evaluate(MADE)]
        text = page.locator("body").inner_text() + "".join(page.evaluate(VALUES))
        shown |= {payload for payload in PAYLOADS if payload in text}
        assert page.url.startswith(owner.site.address)
    context.close()
    assert not wrong, "\n".join(wrong)
    assert not complaints.found, "\n".join(complaints.found)
    assert not foreign
    assert len(shown) > len(PAYLOADS) // 2, f"{len(shown)} payloads were seen as text"


VALUES = "() => [...document.querySelectorAll('input, textarea, option')].map((one) => one.value)"
