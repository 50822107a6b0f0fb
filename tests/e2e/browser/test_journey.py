"""The way of a new user: sign in, import, connect, run and watch, over pages, REST and the Python client."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from processors.client import Ductape
from tests.e2e.site import OWNER, PASSWORD, Site
from tests.processors.sink import Call, Reply
from tests.products.importers.corpus import CORPUS

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
DOCUMENT = CORPUS / "openapi" / "redocly-museum.yaml"
EVENTS = {"data": [{"eventId": "e1", "name": "Sasquatch Ballet", "price": 20}], "note": "canaries <b>sing</b>"}


class Museum:
    """The remote side of the journey: it answers when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()

    def __call__(self, call: Call, number: int) -> Reply:
        return Reply(body=EVENTS, hold=self.go)


@pytest.fixture
def museum(site: Site) -> Any:
    before, made = site.sink.answering, Museum()
    site.sink.answering = made
    yield made
    made.go.set()
    site.sink.answering = before


def test_from_sign_in_to_a_live_run(stranger: Page, site: Site, museum: Museum) -> None:
    page = stranger
    sign_in(page)
    import_document(page)
    point_app_at(page, site.sink.url)
    connect(page)
    run_and_watch(page, museum)
    look_at_the_run_and_replay(page)
    cancel_a_slow_run(page, museum)
    museum.go.set()
    key = make_key(page)
    run_over_rest(site, key)


def sign_in(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/account/login/"))
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("not correct")).to_be_visible()
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/w/main/$"))
    expect(page.locator("#live")).to_have_text("Live")


def import_document(page: Page) -> None:
    page.goto("/w/main/apps/")
    page.get_by_role("link", name="Import").first.click()
    page.locator("input[type=file]").set_input_files(DOCUMENT)
    page.get_by_label("App tag").fill("museum")
    page.get_by_role("button", name="Import").click()
    expect(page).to_have_url(re.compile("/w/main/imports/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("link", name="Open the app")).to_be_visible()  # by itself, over the socket
    expect(page.locator("#import")).to_contain_text("8 actions")
    page.get_by_role("link", name="Open the app").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Museum")


def point_app_at(page: Page, url: str) -> None:
    page.get_by_role("link", name="Environments").click()
    page.locator("main").get_by_role("link", name="Mock").first.click()
    page.get_by_label("Base URL").fill(url)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text(url)


def connect(page: Page) -> None:
    page.goto("/w/main/p/storefront/connections/")
    page.locator("main").get_by_role("link", name=re.compile("Connect")).first.click()
    page.get_by_role("link", name=re.compile("Museum")).first.click()
    page.get_by_label("Access tag").fill("museum")
    dev = page.locator("#mapping-dev")
    dev.get_by_label("App environment").select_option(index=1)
    with page.expect_response(lambda answer: "draft=dev" in answer.url) as drawn:  # the fields of that auth
        dev.get_by_label("Authenticate with").select_option(index=1)
    drawn.value.finished()
    expect(dev.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    dev.get_by_label(re.compile("user", re.I)).fill("curator")
    dev.get_by_label(re.compile("password", re.I)).fill("sphinx-of-black-quartz")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page).to_have_url(re.compile("/connections/museum/"))
    expect(page.locator("main")).not_to_contain_text("sphinx-of-black-quartz")


def run_and_watch(page: Page, museum: Museum) -> None:
    museum.go.clear()
    page.goto("/w/main/p/storefront/connections/museum/?env=dev")
    page.get_by_role("link", name=re.compile("List special events", re.I)).click()
    page.get_by_role("button", name="Send in dev").click()
    answer = page.locator("#result")
    expect(answer).to_contain_text("Running", ignore_case=True)
    museum.go.set()
    expect(answer).to_contain_text("Sasquatch Ballet")
    expect(answer).to_contain_text("Completed", ignore_case=True)
    expect(answer.locator(".log")).to_be_visible()
    expect(answer).to_contain_text("canaries <b>sing</b>")
    page.get_by_role("button", name="Save as sample").click()
    expect(page.locator("#toasts")).to_contain_text(re.compile("sample", re.I))
    page.get_by_role("link", name="Open the run").click()


def look_at_the_run_and_replay(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    first = page.url
    expect(page.locator("main")).to_contain_text("Completed", ignore_case=True)
    expect(page.locator("main")).not_to_contain_text("sphinx-of-black-quartz")
    page.get_by_role("button", name="Replay").click()
    expect(page).not_to_have_url(first)
    page.get_by_role("tab", name="Input and output").click()
    expect(page.locator("#io")).to_contain_text("Sasquatch Ballet")
    expect(page.get_by_role("link", name="earlier run")).to_be_visible()


def cancel_a_slow_run(page: Page, museum: Museum) -> None:
    museum.go.clear()
    first = page.url
    page.get_by_role("button", name="Replay").click()
    expect(page).not_to_have_url(first)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.locator("main .state").first).to_contain_text("Cancelled", ignore_case=True)


def make_key(page: Page) -> str:
    page.goto("/w/main/keys/")
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Name").fill("Robot of the journey")
    for verb in ("read", "run"):
        page.get_by_role("checkbox", name=re.compile(verb, re.I)).check()
    page.get_by_role("button", name="Make the key").click()
    key = page.locator(".code-block code").first.inner_text().strip()
    assert key.startswith("duk_")
    page.get_by_role("link", name="I have copied it").click()
    expect(page.locator("#keys")).to_contain_text("Robot of the journey")
    assert key not in page.content()
    return key


def run_over_rest(site: Site, key: str) -> None:
    body = b'{"product":"storefront","environment":"dev","app":"museum","action":"list-special-events","wait":20}'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = site.ask("POST", "/api/v1/workspaces/main/processor/action/run", body=body, headers=headers)
    assert answer.status == 201, answer.text
    assert answer.json["output"] == EVENTS
    with Ductape(site.address, key, product="storefront", environment="dev") as client:
        run = client.processor.action.run(app="museum", action="list-special-events", check=True)
        assert run.output == EVENTS
        assert [line.seq for line in client.runs.log(run.id)]
