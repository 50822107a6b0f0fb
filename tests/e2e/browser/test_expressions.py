"""Expression fields in a browser: what may stand there is offered, and what it would give stands below."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.site import Person

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
FULFIL = "/w/main/p/storefront/features/fulfil-order/"
ITEMS = [{"product_id": "prd_001", "quantity": 2}, {"product_id": "prd_011", "quantity": 5}]
GIVEN = {"email": "ada@example.com", "items": ITEMS}


def condition_of(page: Page, event: str) -> None:
    page.locator(f'#bench-graph [data-step="{event}"]').click()
    expect(page.locator("#bench-panel h2")).to_have_text(event.partition("/")[2])
    page.locator("#bench-panel details", has_text="When and how often").evaluate("part => (part.open = true)")


def test_a_condition_is_written_with_the_keyboard_from_what_is_offered(window: Page) -> None:
    window.goto(FULFIL)
    condition_of(window, "tell/mail")
    field, options = window.locator("#p-condition"), window.locator("#expression-options [role=option]")
    field.fill("")
    field.press_sequentially("$Seq")
    expect(field).to_have_attribute("role", "combobox")
    expect(options).to_have_count(1)
    field.press("Enter")
    expect(options.first).to_contain_text("order")
    assert "tell" not in window.locator("#expression-options").inner_text().split()
    chosen = field.get_attribute("aria-activedescendant")
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") != chosen
    field.press("ArrowUp")
    field.press("Tab")
    expect(options.first).to_contain_text("place")
    field.press("Enter")
    expect(field).to_have_value("$Sequence{order}{place}")
    expect(field).to_be_focused()
    field.press_sequentially(" == $upp")
    expect(options.first).to_contain_text("$Uppercase(text)")
    field.press("Enter")
    field.press_sequentially("'a'")
    expect(field).to_have_value("$Sequence{order}{place} == $Uppercase('a')")
    field.press_sequentially("$")
    expect(options.first).to_be_visible()
    field.press("Escape")
    expect(options.first).not_to_be_visible()
    assert field.get_attribute("role") is None
    field.press("Tab")
    expect(field).not_to_be_focused()


def test_a_field_shows_what_it_would_give_and_the_keys_that_a_run_has_shown(window: Page, owner: Person) -> None:
    body = {"product": "storefront", "environment": "dev", "feature": "fulfil-order", "input": GIVEN, "wait": 30}
    run = owner.made("/workspaces/main/processor/feature/run", body)
    assert run["state"] == "completed", run
    window.goto(f"{FULFIL}?env=dev")
    condition_of(window, "tell/mail")
    expect(window.locator("#p-condition-value")).to_contain_text("= true")
    expect(window.locator("#p-input-value")).to_contain_text("ada@example.com")
    field = window.locator("#p-condition")
    field.fill("$Step{place}{totl} > 5")
    expect(window.locator("#p-condition-value")).to_contain_text("^^^^")
    field.fill("")
    field.press_sequentially("$Step{place}{tot")
    expect(window.locator("#expression-options [role=option]")).to_have_text(["totala number"])
    field.press("Enter")
    expect(field).to_have_value("$Step{place}{total}")
    window.get_by_label("Values as in").select_option("")
    expect(window.locator("#p-condition-value")).to_have_text("")


def test_J12_each_placeholder_of_a_database_action_has_a_field_that_says_what_it_cannot_be(window: Page) -> None:
    window.goto("/w/main/p/storefront/features/desk-order/?env=dev")
    window.locator('#bench-graph [data-step$="/stock"]').click()
    sku, quantity = window.locator("#p-input-sku"), window.locator("#p-input-quantity")
    expect(sku).to_have_value("$Input{sku}")
    expect(window.locator("#p-rollback-input-taken")).to_have_value("$Step{stock}{changed}")
    sku.fill("")
    sku.press_sequentially("$Input{sk")
    expect(window.locator("#expression-options [role=option]")).to_have_count(1)
    sku.press("Enter")
    expect(sku).to_have_value("$Input{sku}")
    quantity.fill("many")
    quantity.blur()
    wrong = window.locator("[data-field='input/quantity'] .field-error")
    expect(wrong).to_have_text("This must be a whole number, not text.")
    expect(window.locator("[data-field='input/sku'] .field-error")).to_have_count(0)
    quantity.fill("2")
    quantity.blur()
    expect(wrong).to_have_count(0)
