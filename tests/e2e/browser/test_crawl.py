"""Every page there is, found by following links on a phone: well made, quiet, and with buttons that do something."""

from __future__ import annotations

import json
import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, expect

from ductape_site.embedded.folder import PROJECT
from tests.contracts.routes import our_routes
from tests.e2e.browser.conftest import opened
from tests.e2e.site import Person, Site
from tests.patience import until
from tests.processors.sink import Reply

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
PHONE = {"width": 390, "height": 844}
LOOKS_OF_A_ROUTE = 4  # other tests of the site leave apps, not all of which have one of everything
AXE = (PROJECT / "node_modules" / "axe-core" / "axe.min.js").read_text()
START = ("/", "/help/", "/profile/", "/workspaces/new/", "/account/email/", "/account/2fa/", "/account/sessions/")
# Pages that no link of the owner leads to, each with its reason.
UNLINKED = {
    "invitation-accept": "its link comes by mail",
    "api-docs": "of drf-spectacular, with a policy of its own",
    "connection-health": "a part of a page",
    "invitations": "the form of the team page",
    "oauth-callback": "a provider leads back to it",
    "run-by-id": "leads on to the run",
    "find": "JSON of the palette",
    "audit-export": "a download",
    "app-export": "a download",
    "run-log": "a part of a page",
    "feature-runs": "a part of a page",
    "console-result": "a part of a page",
    "app-parameter-row": "a part of a page",
    "member": "there is only one member",
    "environment-move": "a POST",
    "feature-names": "JSON of the editor",
    "feature-values": "a part of a page",
    "feature-releases": "a part of a page",
    "resource-check": "a part of a page",
    "resource-run": "a part of a page",
    "cache-key": "only while the cache has a value",
    "signed-file": "its link is made for somebody",
    "storage-file": "only where there is a file",
    "storage-image": "only where there is a picture",
    "storage-download": "a download",
    "storage-save": "where the form of an upload leads",
    "database-action-check": "a part of a page",
    "run-resolve": "only while nobody knows what came of a call",
}
FAULTS = """() => {
  const found = [];
  const count = document.querySelectorAll('h1').length;
  if (count !== 1) found.push(`${count} h1`);
  if (!document.title.trim()) found.push('no title');
  if (!document.documentElement.lang) found.push('no language');
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`${wide} px too wide`);
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  const doubles = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (doubles.length) found.push(`double ids ${[...new Set(doubles)]}`);
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const said = (one.labels?.length && one.labels[0].textContent.trim()) || one.getAttribute('aria-label')
      || one.getAttribute('aria-labelledby') || one.title;
    if (!said) found.push(`no label: ${one.outerHTML.slice(0, 120)}`);
  }
  for (const one of document.querySelectorAll('button:not(dialog:not([open]) *), a[href], summary')) {
    const said = one.textContent.trim() || one.getAttribute('aria-label') || one.title;
    if (!said) found.push(`no name: ${one.outerHTML.slice(0, 120)}`);
  }
  for (const one of document.querySelectorAll('img:not([alt])')) found.push(`no alt: ${one.src}`);
  for (const one of document.querySelectorAll('[style], main script, [onclick]')) {
    if (!one.closest('.cm-editor')) found.push(`inline: ${one.outerHTML.slice(0, 100)}`);
  }
  return found;
}"""
# What a reader with a screen reader or a keyboard would meet; colours take long and are looked at on few pages.
COLOURS = ("color-contrast", "link-in-text-block")
BARRIERS = """([names, only]) => axe.run(document, {
  resultTypes: ['violations'], ...(only ? {runOnly: {type: 'rule', values: names}} : {}),
  rules: Object.fromEntries(names.map((name) => [name, {enabled: only}])),
}).then((found) => found.violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 160)}`))"""
LINKS = "() => [...document.querySelectorAll('a[href]')].map((one) => one.href)"
RESOURCES = {"database": "orders", "storage": "files", "cache": "rates"}  # of the sample
BUTTONS = "() => [...document.querySelectorAll('main button')].map((one) => one.textContent.trim())"


@pytest.fixture(scope="module")
def furnished(site: Site, owner: Person) -> None:
    """One of everything that has a page, beside the sample."""
    site.sink.answering = lambda call, number: Reply(body={"ok": True, "number": number})
    owner.api("POST", "/workspaces/main/secrets/", {"key": "CRAWLED", "value": "crawled-secret"})
    owner.api("POST", "/workspaces/main/keys/", {"name": "Crawler", "verbs": ["read"]})
    owner.api("POST", "/workspaces/main/invitations/", {"email": "crawled@example.com", "role": "viewer"})
    app = "/workspaces/main/apps/sample-shop"
    owner.api("POST", f"{app}/variables/", {"key": "crawled"})
    owner.api("POST", f"{app}/constants/", {"key": "crawled", "value": "1"})
    document = {"openapi": "3.1.0", "info": {"title": "Crawled", "version": "1"}, "paths": {"/c": {"get": {}}}}
    found = owner.made("/workspaces/main/imports/", {"document": json.dumps(document), "app": "crawled"})["id"]
    until(lambda: owner.api("GET", f"/workspaces/main/imports/{found}/").json["state"] == "applied", what="the import")
    product = "/workspaces/main/products/storefront"
    owner.api("POST", f"{product}/releases/", {"note": "Crawled"})
    run = {"product": "storefront", "environment": "dev", "app": "shop", "wait": 20, "retries": 0}
    path = "/workspaces/main/processor/action/run"
    assert owner.made(path, {**run, "action": "list-products"})["state"] == "completed"
    assert owner.made(path, {**run, "action": "status", "input": {"code": 418}})["state"] == "failed"
    run_features(owner)


def run_features(owner: Person) -> None:
    """One that ended, one that was taken back, one that waits for a signal."""
    person = {"email": "crawled@example.com", "name": "Crawled"}
    for feature, given, state in (
        ("collect-payment", {"amount": 20}, "completed"), ("collect-payment", {"amount": 2000}, "rolled_back"),
        ("sign-up", person, "waiting"),
    ):  # fmt: skip
        call = {"product": "storefront", "environment": "dev", "feature": feature, "input": given}
        run = owner.made("/workspaces/main/processor/feature/run", call)["id"]
        until(lambda run=run, state=state: owner.api("GET", f"/workspaces/main/runs/{run}/").json["state"] == state,
              what=feature)  # fmt: skip


def test_every_page_is_well_made_on_a_phone(browser: Browser, owner: Person, furnished: None) -> None:
    context, complaints = opened(browser, owner, viewport=PHONE, reduced_motion="reduce")
    page, looks, wrong = context.new_page(), Counter[tuple[str, str]](), []
    ways, known = list(START), set(START)
    while ways:
        way = ways.pop(0)
        name = route_of(way)
        look = (name or "", kind_of(way))
        if name is None or looks[look] >= LOOKS_OF_A_ROUTE or name in UNLINKED:
            continue
        looks[look] += 1
        answer = page.goto(way)
        assert answer is not None
        faults = [] if answer.status == 200 else [f"status {answer.status}"]
        if looks[look] == 1:
            faults += barriers(page)
        wrong += [f"{way}: {fault}" for fault in [*faults, *page.evaluate(FAULTS)]]
        for link in page.evaluate(LINKS):
            parts = urlsplit(link)
            found = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc == urlsplit(owner.site.address).netloc and found not in known:
                known.add(found)
                ways.append(found)
    context.close()
    assert not wrong, "\n".join(wrong)
    assert not complaints.found, "\n".join(complaints.found)
    assert not unseen({name for name, _ in looks}), "no link leads to these pages"


def test_every_button_does_something_and_nothing_breaks(browser: Browser, owner: Person, furnished: None) -> None:
    context, complaints = opened(browser, owner, viewport={"width": 1280, "height": 900})
    page, pressed = context.new_page(), set[tuple[str, str]]()
    for way in pages_with_buttons(owner):
        name = route_of(way) or way
        page.goto(way)
        labels = page.evaluate(BUTTONS)
        for at, label in enumerate(labels):
            if (name, label) in pressed:
                continue
            pressed.add((name, label))
            press(page, way, at, label)
    context.close()
    assert not complaints.found, "\n".join(complaints.found)
    assert len(pressed) > 30


def barriers(page: Page, *, colours: bool = False) -> list[str]:
    """What axe-core finds. It is evaluated, not loaded, so that the page's policy stays as it is."""
    page.evaluate(AXE)
    return list(page.evaluate(BARRIERS, [COLOURS, colours]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart(browser: Browser, owner: Person, furnished: None, scheme: str) -> None:
    context, complaints = opened(browser, owner, color_scheme=scheme, reduced_motion="reduce")
    page, product = context.new_page(), "/w/main/p/storefront/"
    for way in (product, f"{product}runs/", f"{product}connections/shop/?env=prd", "/account/2fa/", "/w/main/audit/"):
        page.goto(way)
        assert barriers(page, colours=True) == [], way
    context.close()
    assert not complaints.found, "\n".join(complaints.found)


def press(page: Page, way: str, at: int, label: str) -> None:
    """A button of the page as it was at first; what asks back is answered with no."""
    if urlsplit(page.url).path != urlsplit(way).path or page.evaluate(BUTTONS)[at : at + 1] != [label]:
        page.goto(way)
    button = page.locator("main button").nth(at)
    if not button.is_visible() or not button.is_enabled():
        return
    button.click()
    asked = page.locator("dialog[open]")
    if asked.count():
        asked.locator("[data-dialog-close]").first.click()
        expect(asked).to_have_count(0)
    page.wait_for_load_state()
    expect(page.locator("h1")).to_have_count(1)


def pages_with_buttons(owner: Person) -> list[str]:
    """One address for each page of the workspace, from the lists that a member sees."""
    app = "/w/main/apps/" + owner.api("GET", "/workspaces/main/apps/sample-shop/").json["id"] + "/"
    runs = owner.api("GET", "/workspaces/main/runs/?limit=50").json["results"]
    ended = {run["state"]: run["id"] for run in runs if run["product"] == "storefront"}
    product = "/w/main/p/storefront/"
    return [
        *(f"/w/main/{part}" for part in ("", "products/", "products/new/", "apps/", "apps/new/", "apps/import/")),
        *(f"/w/main/{part}/" for part in ("marketplace", "team", "secrets", "secrets/new", "keys", "keys/new")),
        *(f"/w/main/{part}/" for part in ("audit", "settings", "processors", "secrets/of/CRAWLED")),
        *(f"{product}{part}" for part in ("", "settings/", "environments/", "environments/dev/", "runs/")),
        *(f"{product}{part}" for part in ("connections/", "connect/", "connections/shop/?env=dev")),
        *(f"{product}{part}" for part in ("features/", "feature-new/", "features/sign-up/", "releases/")),
        *(f"{product}connections/shop/actions/{action}/?env=dev" for action in ("list-products", "echo")),
        *(f"{product}runs/{run}/" for run in ended.values()),
        *(f"{product}resources/{kind}/{tag}/" for kind, tag in RESOURCES.items()),
        *(f"{product}resources/{kind}/{tag}/try/?env=dev" for kind, tag in RESOURCES.items() if kind != "database"),
        *(f"{product}resources/database/orders/{part}/?env=dev" for part in ("migrations", "explorer", "console")),
        *(f"{product}resources/{part}/?env=dev" for part in ("storage/files/files", "cache/rates/keys")),
        *(f"{app}{part}" for part in ("", "environments/", "add-environment/", "auths/", "add-auth/", "variables/")),
        *(f"{app}{part}" for part in ("add-variable/", "add-constant/", "imports/", "settings/", "add-action/")),
        *(f"{app}{part}" for part in ("actions/echo/", "actions/echo/edit/", "environments/sandbox/")),
        "/profile/",
        "/workspaces/new/",
    ]


def route_of(way: str) -> str | None:
    """The name of the page's route; a help page counts for itself. None for what is not ours."""
    path = urlsplit(way).path
    if path.startswith(("/admin/", "/api/", "/static/", "/account/logout")):
        return None
    try:
        found = resolve(path)
    except Resolver404:
        return f"no route: {path}"
    return path if found.url_name == "help-page" else found.url_name


def kind_of(way: str) -> str:
    """Of a page of resources: each kind leads to pages of its own."""
    found = re.search(r"/resources/([a-z]+)/", urlsplit(way).path)
    return found[1] if found else ""


def unseen(seen: set[str]) -> set[str]:
    """Pages of ours that a GET shows and that were not looked at."""
    pages = {
        found.name
        for found in our_routes()
        if "get" in found.methods and not re.match(r"api/|admin/", found.path) and found.name != "help-page"
    }
    return pages - seen - set(UNLINKED)
