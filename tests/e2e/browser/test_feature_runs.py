"""A feature is run from its form, watched, approved, and run again otherwise: all by clicking, nothing reloaded."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
FEATURES = "/w/main/p/storefront/features"
RUN = re.compile(r"/runs/[0-9a-f-]{36}/$")


def card(page: Page, step: str) -> str:
    return f'#graph [data-step="{step}"] .graph-state'


def test_a_run_lights_up_waits_for_an_approval_and_ends(window: Page) -> None:
    page = window
    page.goto(f"{FEATURES}/large-order/run/?env=dev")
    page.get_by_role("button", name="Run in dev").click()
    expect(page.locator("[data-field='in:email'] .field-error")).to_contain_text("required")
    page.get_by_label("email").fill("ada@shop.example")
    page.get_by_role("button", name="Run in dev").click()
    expect(page).to_have_url(RUN)
    expect(page.locator(card(page, "decide/consent"))).to_contain_text("Waiting")
    expect(page.locator(card(page, "fulfil/order"))).to_contain_text("Pending")
    run = page.url
    page.goto("/w/main/")
    page.get_by_role("link", name="large-order").first.click()
    expect(page).to_have_url(run)
    page.get_by_label("Comment").fill("Known customer.")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(card(page, "fulfil/order"))).to_contain_text("Completed")  # by itself, over the socket
    expect(page.locator(card(page, "refuse/sorry"))).to_contain_text("Skipped")
    expect(page.locator("#run-head")).to_contain_text("Completed")
    expect(page.locator("#run-asks .ask")).to_have_count(0)
    page.locator('#graph [data-step="decide/consent"]').click()
    expect(page.locator("#step")).to_contain_text("Known customer.")
    page.locator('#graph [data-step="fulfil/order"]').click()
    page.locator("#step").get_by_role("link", name="fulfil-order").click()
    expect(page.locator("#run-head")).to_contain_text("Started by")


def test_what_fails_is_taken_back_in_sight_and_run_again_with_other_input(window: Page) -> None:
    page = window
    page.goto(f"{FEATURES}/collect-payment/run/?env=dev")
    page.get_by_label("amount", exact=True).fill("2000")
    page.get_by_role("button", name="Run in dev").click()
    expect(page).to_have_url(RUN)
    expect(page.locator("#run-head")).to_contain_text("Rolled back")
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator("#timeline .bar-undo").first).to_be_visible()
    page.get_by_role("tab", name=re.compile("^Steps")).click()
    page.locator("#steps").get_by_role("link").filter(has_text=re.compile("^payment")).click()
    expect(page.locator("#step")).to_contain_text("Attempt 1")
    expect(page).to_have_url(re.compile(r"\?step="))
    page.get_by_text("Run again").click()
    page.get_by_role("link", name="Restart with edited input").click()
    page.locator("[data-editor-of=input]").get_by_text("2000").dblclick()
    page.keyboard.type("24.5")
    page.get_by_role("button", name="Restart in dev").click()
    expect(page).to_have_url(RUN)
    expect(page.locator("#run-head")).to_contain_text("Completed")
    page.get_by_role("tab", name="Related").click()
    page.get_by_role("link", name="Compare").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Two runs of collect-payment")
    expect(page.locator(".pair-changed").first).to_contain_text("24.5")
