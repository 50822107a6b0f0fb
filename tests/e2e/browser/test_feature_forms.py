"""The form of a run in step with its JSON, and a graph that stays as its reader unfolded it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.site import Person

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
PRODUCT = "/w/main/p/storefront/"
JSON_TEXT = "() => document.querySelector('[name=json]').value"
PUT = """text => {
  const area = document.querySelector("[name=json]");
  area.value = text;
  area.dispatchEvent(new CustomEvent("editor:set"));
}"""


def test_fields_and_json_of_the_run_form_are_in_step_and_nothing_typed_is_lost(window: Page) -> None:
    window.goto(f"{PRODUCT}features/fulfil-order/run/?env=dev")
    email, country = window.locator("[name='in:email']"), window.locator("[name='in:country']")
    email.fill("ada@example.com")
    window.get_by_role("tab", name="JSON").click()
    expect(window.locator("#json .cm-content")).to_contain_text("ada@example.com")
    changed = {**json.loads(window.evaluate(JSON_TEXT)), "email": "grace@example.com", "extra": 1}
    window.evaluate(PUT, json.dumps(changed))
    window.get_by_role("tab", name="Fields").click()
    expect(email).to_have_value("grace@example.com")
    country.fill("")
    window.get_by_role("tab", name="JSON").click()
    window.wait_for_function("() => !document.querySelector('[name=json]').value.includes('country')")
    assert json.loads(window.evaluate(JSON_TEXT))["extra"] == 1
    window.evaluate(PUT, "{broken")
    window.get_by_role("tab", name="Fields").click()
    expect(window.get_by_role("status").filter(has_text="cannot be read")).to_be_visible()
    expect(email).to_have_value("grace@example.com")
    window.get_by_role("tab", name="JSON").click()
    expect(window.locator("#json .cm-content")).to_have_text("{broken")


def test_what_was_unfolded_in_a_graph_stays_so_when_the_run_goes_on(window: Page, owner: Person) -> None:
    waits = [{"tag": "go", "type": "wait_signal", "event": "go"}]
    points = [{"tag": f"point-{number}", "type": "checkpoint"} for number in range(30)]
    definition = {"sequences": [{"tag": "long", "events": [points[0], *waits, *points[1:]]}]}
    owner.made("/workspaces/main/products/storefront/features/", {"name": "Long way", "definition": definition})
    body = {"product": "storefront", "environment": "dev", "feature": "long-way"}
    run = owner.made("/workspaces/main/processor/feature/run", body)
    window.goto(f"{PRODUCT}runs/{run['id']}/")
    cards = window.locator("#graph .graph-card")
    expect(window.locator("#graph .graph-wait")).to_be_visible()
    expect(cards).to_have_count(11)  # the input, the beginning, the fold and the end
    window.locator("#graph .graph-fold").click()
    expect(cards).to_have_count(32)
    owner.made(f"/workspaces/main/runs/{run['id']}/signals/", {"name": "go"})
    expect(window.locator("#graph .graph-ok")).to_have_count(31)
    expect(cards).to_have_count(32)


def test_what_was_confirmed_is_done_though_the_page_was_drawn_anew_meanwhile(window: Page, owner: Person) -> None:
    body = {"product": "storefront", "environment": "dev", "feature": "sign-up", "wait": 5}
    run = owner.made("/workspaces/main/processor/feature/run", {**body, "input": {"email": "a@b.example", "name": "A"}})
    window.goto(f"{PRODUCT}runs/{run['id']}/")
    window.get_by_role("button", name="Cancel and undo").click()
    expect(window.get_by_role("dialog")).to_be_visible()
    window.evaluate("() => document.querySelector('#run-head').replaceChildren()")
    window.get_by_role("dialog").get_by_role("button", name="Cancel and undo").click()
    expect(window.locator("#run-head .state").first).to_contain_text("Cancelled")
