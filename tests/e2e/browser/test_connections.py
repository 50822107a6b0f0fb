"""Connections in a browser: what is typed stays, tests follow their run, and health arrives without a reload."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.site import Person, Site
from tests.patience import until
from tests.processors.sink import Reply

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
CONNECTIONS = "/w/main/p/storefront/connections/"
LONG = "A name that goes on for much longer than anybody who made a column had ever thought of"
SCHEMES = {
    "first": {"type": "apiKey", "in": "header", "name": "X-First"},
    "second": {"type": "http", "scheme": "basic"},
}


@pytest.fixture
def held(site: Site) -> Iterator[threading.Event]:
    """The remote side answers when this is set."""
    before, go = site.sink.answering, threading.Event()
    site.sink.answering = lambda call, number: Reply(body={"ok": True}, hold=go)
    yield go
    go.set()
    site.sink.answering = before


@pytest.fixture(scope="module")
def lantern(site: Site, owner: Person) -> str:
    """The id of an app with two ways to authenticate, connected in `dev` without either."""
    paths = {"/glow": {"get": {"operationId": "glow", "security": []}}}
    document = {
        "openapi": "3.1.0", "info": {"title": LONG, "version": "1"}, "servers": [{"url": site.sink.url}],
        "paths": paths, "components": {"securitySchemes": SCHEMES},
    }  # fmt: skip
    read = owner.made("/workspaces/main/imports/", {"document": json.dumps(document), "app": "lantern"})["id"]
    until(lambda: owner.api("GET", f"/workspaces/main/imports/{read}/").json["state"] == "applied", what="the import")
    place = owner.api("GET", "/workspaces/main/apps/lantern/environments/").json["results"][0]["slug"]
    where = {"dev": {"app_environment": place}}
    connection = {"app": "lantern", "tag": "lantern", "name": LONG, "environments": where}
    owner.made("/workspaces/main/products/storefront/connections/", connection)
    return str(owner.api("GET", "/workspaces/main/apps/lantern/").json["id"])


def test_a_test_that_takes_long_follows_its_run_and_other_pages_hear_of_it(
    window: Page, lantern: str, held: threading.Event
) -> None:
    listed = window.context.new_page()
    listed.goto(CONNECTIONS)
    row = listed.get_by_role("row", name=re.compile(LONG))
    expect(row).to_contain_text("Untested")
    expect(listed.locator("#live")).to_have_attribute("data-state", "live")
    window.goto(f"{CONNECTIONS}lantern/?env=dev")
    window.get_by_role("button", name="Test connection").click()
    tested = window.locator("#tested")
    expect(tested).to_contain_text("Running")
    held.set()
    expect(tested).to_contain_text("It works")
    expect(window.locator("#health")).to_contain_text("Healthy")
    expect(row).to_contain_text("Healthy")


def test_another_auth_loses_no_credential_that_was_typed(window: Page, lantern: str) -> None:
    window.goto(f"/w/main/p/storefront/connect/{lantern}/")
    dev = window.locator("#mapping-dev")
    auth, credentials = dev.get_by_label("Authenticate with"), dev.locator("#credentials-dev")
    auth.select_option("first")
    expect(credentials.locator("input")).to_have_count(1)
    credentials.locator("input").fill("typed first")
    auth.select_option("second")
    expect(credentials.locator("input")).to_have_count(2)
    credentials.locator("input").last.fill("typed second")
    auth.select_option("first")
    expect(credentials.locator("input")).to_have_count(1)
    expect(credentials.locator("input")).to_have_value("typed first")
    auth.select_option("second")
    expect(credentials.locator("input")).to_have_count(2)
    expect(credentials.locator("input").last).to_have_value("typed second")


def test_names_that_are_too_long_make_no_page_wider_than_a_phone(window: Page, lantern: str) -> None:
    window.set_viewport_size({"width": 390, "height": 844})
    for way in (CONNECTIONS, f"{CONNECTIONS}lantern/?env=dev", "/w/main/apps/", f"/w/main/apps/{lantern}/"):
        window.goto(way)
        wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, way


def test_a_slash_finds_unless_somebody_types(window: Page) -> None:
    window.goto(CONNECTIONS)
    window.keyboard.press("/")
    found = window.get_by_role("dialog", name="Find anything")
    expect(found).to_be_visible()
    window.keyboard.type("a/b")
    expect(found.get_by_role("combobox")).to_have_value("a/b")
    window.keyboard.press("Escape")
    expect(found).to_be_hidden()
